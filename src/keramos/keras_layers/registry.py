"""All records by class name, and the door for classes from outside the package.

A family is imported when a record of it is first read: most files use two or three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.keras_layers.index import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.keras_layers.spec import LayerSpec

    Records = Mapping[str, LayerSpec]


def _activations() -> Records:
    from keramos.keras_layers.activations import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _attention() -> Records:
    from keramos.keras_layers.attention import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _audio() -> Records:
    from keramos.keras_layers.audio import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _conv_lstm() -> Records:
    from keramos.keras_layers.conv_lstm import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _convolutional() -> Records:
    from keramos.keras_layers.convolutional import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _core() -> Records:
    from keramos.keras_layers.core import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _image() -> Records:
    from keramos.keras_layers.image import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _legacy() -> Records:
    from keramos.keras_layers.legacy import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _locally_connected() -> Records:
    from keramos.keras_layers.locally_connected import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _lookups() -> Records:
    from keramos.keras_layers.lookups import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _merging() -> Records:
    from keramos.keras_layers.merging import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _normalization() -> Records:
    from keramos.keras_layers.normalization import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _pooling() -> Records:
    from keramos.keras_layers.pooling import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _preprocessing() -> Records:
    from keramos.keras_layers.preprocessing import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _regularization() -> Records:
    from keramos.keras_layers.regularization import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _reshaping() -> Records:
    from keramos.keras_layers.reshaping import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _rnn() -> Records:
    from keramos.keras_layers.rnn import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


FAMILIES: Mapping[str, Callable[[], Records]] = {
    "activations": _activations,
    "attention": _attention,
    "audio": _audio,
    "conv_lstm": _conv_lstm,
    "convolutional": _convolutional,
    "core": _core,
    "image": _image,
    "legacy": _legacy,
    "locally_connected": _locally_connected,
    "lookups": _lookups,
    "merging": _merging,
    "normalization": _normalization,
    "pooling": _pooling,
    "preprocessing": _preprocessing,
    "regularization": _regularization,
    "reshaping": _reshaping,
    "rnn": _rnn,
}
"""Family -> its records; ``compile/layers`` has a file of the same name for each."""

FAMILY_OF: Mapping[str, str] = {kind: family for family, kinds in CLASSES.items() for kind in kinds}
_EXTENSIONS: dict[str, LayerSpec] = {}


class _Records(Mapping[str, "LayerSpec"]):
    """The records of Keras' own classes."""

    def __getitem__(self, kind: str) -> LayerSpec:
        return FAMILIES[FAMILY_OF[kind]]()[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in FAMILY_OF

    def __iter__(self) -> Iterator[str]:
        return iter(FAMILY_OF)

    def __len__(self) -> int:
        return len(FAMILY_OF)


LAYERS: Mapping[str, LayerSpec] = _Records()


def spec_of(kind: str) -> LayerSpec | None:
    """The record of a class, or None where it is not known."""
    return LAYERS[kind] if kind in FAMILY_OF else _EXTENSIONS.get(kind)


def register(kind: str, spec: LayerSpec) -> None:
    """Make a class known that Keras does not have: ``custom.`` and its name.

    Raises:
        UsageError: there is a class of that name.
    """
    if spec_of(kind) is not None:
        raise UsageError(f"a layer of class {kind} is registered already")
    _EXTENSIONS[kind] = spec
