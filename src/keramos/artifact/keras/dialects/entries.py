"""A serialised object (class_name and config) and the cleaning that every generation needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.modules import names_functions
from keramos.errors import CorruptModelError, UnsafeModelError, UnsupportedModelError
from keramos.frozen import Frozen
from keramos.keras_layers.index import LISTS
from keramos.types.attributes import items

if TYPE_CHECKING:
    from typing import TypeGuard

    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

Entry = dict[str, object]
"""A serialised layer or model: class_name, config and, in a Functional model, inbound_nodes."""


class Translated(Frozen, frozen=True):
    """A layer in current words: its kind, its config, and what it means otherwise. ``doubt`` is
    that of ``Layer``.
    """

    kind: str
    config: Config
    legacy: Legacy
    doubt: str = ""


_TRAINING_KEYS = frozenset(
    {"build_config", "build_input_shape", "compile_config", "activity_regularizer"}
)
_LONGEST = 256  # letters of a class name
ACTIVATION_KEYS = ("activation", "recurrent_activation")
"""Config keys that hold a function by name, or a whole layer."""

INNER_KEYS = ("layer", "backward_layer", "cell")
"""Config keys that hold a layer, in the order of ``Layer.inner``."""


def is_foreign_function(value: object) -> bool:
    """Whether what stands under an activation's key is a function or layer of the author's own."""
    if isinstance(value, str):
        return ">" in value  # a package and the name registered in it
    name = value.get("class_name") if isinstance(value, dict) else ""
    return str(name).startswith(("custom.", "function"))


def class_of(entry: Entry) -> str:
    """The class name without its package.

    Raises:
        CorruptModelError: there is none, or it is longer than any name.
    """
    name = entry.get("class_name")
    if not isinstance(name, str):
        raise CorruptModelError(
            "the config has an object without class_name",
            received=f"keys {sorted(entry)[:8]}",
        )
    if len(name) > _LONGEST:
        raise CorruptModelError(
            f"the config has a class_name of {len(name):,} letters",
            received=f"{name[:40]!r}...",
        )
    return name.rpartition(">")[2]


def config_of(entry: Entry) -> Config:
    """The config object.

    Raises:
        CorruptModelError: there is none.
    """
    config = entry.get("config")
    if not isinstance(config, dict):
        raise CorruptModelError(
            "the config of the layer is not an object",
            layer_kind=str(entry.get("class_name")),
        )
    return config


def is_entry(value: object) -> TypeGuard[Entry]:
    """Whether a config value is a serialised object."""
    return isinstance(value, dict) and "class_name" in value


def clean(config: Config) -> Config:
    """The config without what only training reads in any class; dtype policies and serialised
    functions by name.

    Raises:
        UnsafeModelError: a vocabulary is a path or an address instead of words.
        UnsupportedModelError: a dtype policy has no name.
    """
    if isinstance(config.get("vocabulary"), str):
        raise UnsafeModelError(
            "the vocabulary is a path; only words stored in the file itself are read",
            layer=str(config.get("name")),
            received=repr(str(config["vocabulary"])),
            remedy="Give the layer a list of words and save the model again",
        )
    kept: Config = {}
    for key, value in config.items():
        if key in _TRAINING_KEYS or key in {*INNER_KEYS, *LISTS.values(), "name"}:
            continue
        kept[key] = _policy(config.get("name"), value) if key == "dtype" else _function(value)
    if kept.get("dtype") in ("float32", None):
        kept.pop("dtype", None)
    if kept.get("trainable") is True:
        del kept["trainable"]
    return kept


def _policy(layer: object, value: object) -> object:
    """A dtype policy by the name that Keras gives it: ``mixed_float16``, ``int8_from_float32``.

    Raises:
        UnsupportedModelError: it is an object without such a name.
    """
    if not is_entry(value):
        return value
    config = value.get("config")
    facts = config if isinstance(config, dict) else {}
    name, mode = facts.get("name"), facts.get("mode")
    if isinstance(name, str):
        return name
    if isinstance(mode, str):
        return f"{mode}_from_{facts.get('source_name')}"
    raise UnsupportedModelError(
        "the dtype names no type; float32, mixed_float16 and the like are needed",
        layer=str(layer),
        received=repr(str(value["class_name"])),
    )


def _function(value: object) -> object:
    """A built-in function is written by name or as {class_name: function, config: name}; one of
    another module keeps that module before its name.
    """
    if (
        isinstance(value, dict)
        and value.get("class_name") == "function"
        and isinstance(value.get("config"), str)
    ):
        name, module = value["config"], value.get("module")
        return name if names_functions(module) else f"{module}>{name}"
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        return items(value.get("items", []), "items")
    return value
