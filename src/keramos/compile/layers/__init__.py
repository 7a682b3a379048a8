"""Keras layers as ONNX: one small function a class, in a file for each family of Keras.

A family is imported when a model first uses one of its classes: most models use two or three. What
a class is stands in ``keramos.keras_layers`` under the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Lowering
from keramos.keras_layers import registry
from keramos.types.network import quantization_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.lowering.record import Build, Operation
    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Layer


def _activations() -> Mapping[str, Build]:
    from keramos.compile.layers.activations import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _attention() -> Mapping[str, Build]:
    from keramos.compile.layers.attention import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _audio() -> Mapping[str, Build]:
    from keramos.compile.layers.audio import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _conv_lstm() -> Mapping[str, Build]:
    from keramos.compile.layers.conv_lstm import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _convolutional() -> Mapping[str, Build]:
    from keramos.compile.layers.convolutional import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _core() -> Mapping[str, Build]:
    from keramos.compile.layers.core import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _image() -> Mapping[str, Build]:
    from keramos.compile.layers.image import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _legacy() -> Mapping[str, Build]:
    from keramos.compile.layers.legacy import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _locally_connected() -> Mapping[str, Build]:
    from keramos.compile.layers.locally_connected import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _lookups() -> Mapping[str, Build]:
    from keramos.compile.layers.lookups import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _merging() -> Mapping[str, Build]:
    from keramos.compile.layers.merging import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _normalization() -> Mapping[str, Build]:
    from keramos.compile.layers.normalization import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _pooling() -> Mapping[str, Build]:
    from keramos.compile.layers.pooling import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _preprocessing() -> Mapping[str, Build]:
    from keramos.compile.layers.preprocessing import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _regularization() -> Mapping[str, Build]:
    from keramos.compile.layers.regularization import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _reshaping() -> Mapping[str, Build]:
    from keramos.compile.layers.reshaping import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


def _rnn() -> Mapping[str, Build]:
    from keramos.compile.layers.rnn import LAYERS  # noqa: PLC0415 (families load when used)

    return LAYERS


FAMILIES: dict[str, Callable[[], Mapping[str, Build]]] = {
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
"""Family -> its lowerings by class name."""

_EXTENSIONS: dict[str, Build] = {}


def register(kind: str, spec: LayerSpec, build: Build) -> None:
    """Let models with a layer run that Keras does not have: ``custom.`` and its class name.

    Raises:
        UsageError: there is a class of that name.
    """
    registry.register(kind, spec)
    _EXTENSIONS[kind] = build


def row_of(layer: Layer) -> Lowering | Operation | None:
    """Record and lowering of a layer's class, in its quantised form where it has one."""
    spec = registry.spec_of(layer.kind)
    if spec is None:
        return _operation(layer.kind)
    mode = quantization_mode(layer.config)
    build = _quantized(layer.kind, mode) if mode and spec.quantized else lowering_of(layer.kind)
    return None if build is None else Lowering(spec, build)


def lowering_of(kind: str) -> Build | None:
    """The lowering of a class."""
    family = registry.FAMILY_OF.get(kind)
    return FAMILIES[family]().get(kind) if family else _EXTENSIONS.get(kind)


def _quantized(kind: str, mode: str) -> Build | None:
    """The lowering of a class whose weights a quantised file holds in another form."""
    from keramos.compile.layers.packed import PACKED  # noqa: PLC0415 (few models are quantised)
    from keramos.compile.layers.quantized import WHOLE_BYTES  # noqa: PLC0415 (few are)

    return WHOLE_BYTES.get((kind, mode)) or PACKED.get((kind, mode))


def _operation(kind: str) -> Lowering | Operation | None:
    if kind.startswith("replaced."):
        from keramos.compile.layers.replaced import LAYERS  # noqa: PLC0415 (few models need it)

        return LAYERS.get(kind)
    if kind == "tf.graph":
        from keramos.compile.tensorflow_graph.walk import OPERATION  # noqa: PLC0415 (few models)

        return OPERATION
    # The functions are a third of this package; a model of layers alone starts without them.
    from keramos.compile.operations.table import OPERATIONS  # noqa: PLC0415

    return OPERATIONS.get(kind)
