"""A model config of any Keras generation -> Network without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.keras.dialects.classes import is_standalone
from keramos.artifact.keras.dialects.entries import Translated, class_of, config_of
from keramos.artifact.keras.dialects.identity import identify
from keramos.artifact.keras.dialects.origin import version_numbers
from keramos.artifact.keras.dialects.own_options import unlike, without_training
from keramos.artifact.keras.dialects.structure import network as network_of
from keramos.artifact.keras.foreign_code import refuse_foreign
from keramos.artifact.strict_json import parse_json
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.artifact.limits import Limits
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config, Network

    Translate = Callable[[Entry, str, Config, Origin], tuple[str, Config, Legacy]]
    """A class of Keras and its config in the words of its time -> current words."""

_TENSORFLOW_JS = "tfjs-layers"


def parse_config(
    config: bytes, training: bytes | None, limits: Limits
) -> tuple[Entry, tuple[str, ...]]:
    """The config as data, once neither it nor the training config needs foreign code; with notes
    about foreign losses and metrics.

    Raises:
        ForeignCodeError: one of them does.
        ModelError: one is not readable JSON, or exceeds a limit.
    """
    entry = parse_json(config, "model config", limits)
    notes = refuse_foreign(entry, "model config", model=True, limits=limits)
    if training is not None:
        found = parse_json(training, "training config", limits)
        notes += refuse_foreign(found, "training config", model=False, limits=limits)
    return entry, notes


def read_config(entry: Entry, origin: Origin) -> Network:
    """The network that a config describes in the dialect of its origin.

    Raises:
        ModelError: something in it cannot be expressed in the words of current Keras.
    """
    translate = _DIALECTS[origin.generation]()

    def current(layer: Entry, config: Config) -> Translated:
        kind, doubt = identify(layer, origin.generation)
        if kind.startswith("custom."):
            return Translated(kind, config, CURRENT, doubt)
        # Standalone Keras 2 kept some classes of Keras 1 as they were.
        speaks = _keras1() if is_standalone(kind) else translate
        found = Translated(*speaks(layer, kind, config, origin))
        kept = without_training(found.kind, found.config, origin.generation)
        doubt = _doubt(layer, found.kind, kept, origin)
        if doubt:
            return Translated(f"custom.{class_of(layer)}", config, CURRENT, doubt)
        return replace(found, config=kept)

    return network_of(entry, current)


def _doubt(layer: Entry, kind: str, config: Config, origin: Origin) -> str:
    """Why a class that a file names without its module is not the built-in one."""
    if "module" in layer or _TENSORFLOW_JS in origin.version:  # which leaves out what is not set
        return ""
    stated = config_of(layer)
    if "autocast" in stated:  # Keras 3 adds it for classes without a get_config; its own have one
        return "its config has autocast"
    formats = origin.generation == "tf_keras" and version_numbers(origin.version) >= (2, 2)
    if formats and "data_format" not in stated:  # which the dialect adds for older versions
        config = {key: value for key, value in config.items() if key != "data_format"}
    return unlike(kind, config, origin.generation, by_keras="trainable" in stated)


# A file speaks one dialect; each is imported when the first file that speaks it is read.
def _keras1() -> Translate:
    from keramos.artifact.keras.dialects.keras1 import translate  # noqa: PLC0415 (start-up time)

    return translate


def _keras2() -> Translate:
    from keramos.artifact.keras.dialects.keras2 import translate  # noqa: PLC0415 (start-up time)

    return translate


def _keras3() -> Translate:
    from keramos.artifact.keras.dialects.keras3 import translate  # noqa: PLC0415 (start-up time)

    return translate


_DIALECTS: dict[str, Callable[[], Translate]] = {
    "keras1": _keras1,
    "keras2": _keras2,
    "tf_keras": _keras2,
    "keras3": _keras3,
}
"""Generation -> what imports its dialect."""
