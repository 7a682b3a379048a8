"""Steps that the dialects before Keras 3 share: rename options and drop those without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keramos.types.network import Config

HARMLESS: dict[str, tuple[object, ...]] = {
    "adjustment": (None,),
    "encoding": ("utf-8",),
    "num_constants": (None, 0),
    "ragged": (False,),
    "time_major": (False,),
    "virtual_batch_size": (None,),
}
"""Keys that change nothing at these values and that Keras 3 does not have; at others the compiler
refuses them.
"""


def renamed(config: Config, names: Mapping[str, str]) -> Config:
    """The config with some keys under their current names.

    Raises:
        CorruptModelError: two keys are one option today, so one of them would be lost.
    """
    found: Config = {}
    for key, value in config.items():
        current = names.get(key, key)
        if current in found or (current != key and current in config):
            raise CorruptModelError(f"its config has {key}, and {current} under another name")
        found[current] = value
    return found


def without_later(config: Config, later: Collection[str], writer: str) -> Config:
    """The config, which has no option that came after its writer.

    Raises:
        CorruptModelError: it has one; renaming older options would hide that.
    """
    for key in sorted(config.keys() & later):
        raise CorruptModelError(f"its config has {key}, which {writer} does not write")
    return config


def without(config: Config, keys: Collection[str]) -> Config:
    """The config without keys that answers do not depend on."""
    return {
        key: value
        for key, value in config.items()
        if key not in keys and not (key in HARMLESS and value in HARMLESS[key])
    }


def single_axis(config: Config) -> Config:
    """An axis that was written as a list of one."""
    axis = config.get("axis")
    return {**config, "axis": axis[0]} if isinstance(axis, list) and len(axis) == 1 else config
