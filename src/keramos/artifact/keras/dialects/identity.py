"""Whose class a serialised object is: Keras' own, or another that has the name of one.

Current Keras writes the module of each class beside its name and finds it there or nowhere
(``_retrieve_class_or_fn`` in keras.src.saving.serialization_lib). Legacy files hold the name alone,
so their configs tell: a built-in class writes all of its options and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.classes import KNOWN, had
from keramos.artifact.keras.dialects.entries import class_of
from keramos.artifact.keras.dialects.legacy import MERGING
from keramos.artifact.keras.modules import inside_keras
from keramos.keras_layers.index import EXPORTED, RELEASED_AS
from keramos.keras_layers.registry import LAYERS

if TYPE_CHECKING:
    from keramos.artifact.keras.dialects.entries import Entry

MODELS = frozenset({"Functional", "Model", "Sequential", "Container", "Network"})
"""Classes of models that describe themselves completely."""

_MODEL_FOLDERS = frozenset({"models", "engine", "training"})
_FOLDERS = frozenset({("layers",), ("engine",), ("feature_column",)})
"""Folders of Keras 2 that held layers."""
_TWINS = (frozenset(MERGING) - {"Concatenate"}) | {"Dot"}
"""Layers that share their name with an operation."""


Identity = tuple[str, str]
"""The kind of an object: a class of Keras, ``ops.`` and an operation of it, or ``custom.`` and a
name; and the doubt: why a class with a name of Keras is not taken as Keras', or "".
"""


def identify(entry: Entry, generation: str) -> Identity:
    """Whose class an entry of a file names."""
    name = class_of(entry)
    # A dot is for prefixes that readers give; no class of Keras has one in its name.
    doubt = "its name has a dot" if "." in name else _registered(entry, name)
    if not doubt and "module" in entry:
        return _by_module(name, entry["module"], generation)
    if not doubt and generation == "keras3":
        if _is_bare_operation(entry, name):
            return f"ops.{name}", ""
        if name in _TWINS and isinstance(_first_argument(entry), dict):
            doubt = "it is called on one tensor; Keras' own takes a list"
    return _custom(name, doubt) if doubt else _by_name(name, generation)


def is_model(entry: Entry) -> bool:
    """Whether an entry names one of Keras' own classes of models."""
    name = class_of(entry)
    if name not in MODELS or _registered(entry, name):
        return False
    if "module" not in entry:
        return True
    rest = inside_keras(entry["module"])
    return rest is not None and (not rest or rest[0] in _MODEL_FOLDERS)


def _registered(entry: Entry, name: str) -> str:
    """Keras refuses its own classes under any registered name but their own."""
    full, registered = str(entry["class_name"]), entry.get("registered_name")
    if ">" in full:
        return f"it is registered as {full}"
    return f"it is registered as {registered}" if registered not in (None, "", name) else ""


def _custom(name: str, doubt: str) -> Identity:
    known = name in KNOWN or name in MODELS or _names_operation(name)
    return f"custom.{name}", doubt if known else ""


def _by_module(name: str, module: object, generation: str) -> Identity:
    rest = inside_keras(module)
    if rest is not None and _is_home(name, rest, generation):
        return _by_name(name, generation)
    if rest is not None and generation == "keras3" and _is_operation(name, rest):
        return f"ops.{name}", ""
    return _custom(name, f"its module is {'null' if module is None else module}")


def _is_bare_operation(entry: Entry, name: str) -> bool:
    """Whether an entry without a module, as Keras 3 writes them in ``.h5``, is one of keras.ops.

    Every layer writes whether it is trainable, no operation does. Where a layer has the same name,
    the call tells too: a layer merges one list, an operation takes its operands.
    """
    config = entry.get("config")
    if not isinstance(config, dict) or "trainable" in config or not _names_operation(name):
        return False
    if name in _TWINS:
        return not isinstance(_first_argument(entry), list)
    return name not in KNOWN or "newshape" in config


def _first_argument(entry: Entry) -> object:
    """What the first call hands over by place, or None."""
    nodes = entry.get("inbound_nodes")
    first = nodes[0] if isinstance(nodes, list) and nodes else None
    args = first.get("args") if isinstance(first, dict) else None
    return args[0] if isinstance(args, list) and args else None


def _is_operation(name: str, rest: tuple[str, ...]) -> bool:
    if rest[:1] != ("ops",):
        return False
    from keramos.artifact.keras.operation_modules import MODULES  # noqa: PLC0415 (start-up time)

    return rest[-1] in MODULES and _names_operation(name)


def _names_operation(name: str) -> bool:
    from keramos.artifact.keras.operation_modules import OPERATIONS  # noqa: PLC0415 (start-up time)

    return name in OPERATIONS


def _is_home(name: str, rest: tuple[str, ...], generation: str) -> bool:
    """Whether Keras finds a class in a module: where it exports it, or in the file of its code."""
    spec = LAYERS.get(EXPORTED.get(name, name))
    home = inside_keras(spec.module) if spec is not None else ("layers",)
    if generation != "keras3":
        return rest == home or rest[:1] in _FOLDERS
    file = rest[-1].replace("_", "") if len(rest) > 1 else ""
    inside = rest[:1] == ("layers",) and file != ""
    return rest == home or (inside and name.lower().startswith(file))


def _by_name(name: str, generation: str) -> Identity:
    kind = EXPORTED.get(name, name)
    kind = RELEASED_AS.get(kind, kind) if generation in {"keras2", "tf_keras"} else kind
    if kind not in KNOWN:
        return _custom(name, "no layer of Keras has this name")
    if not had(generation, kind):
        return _custom(name, "the Keras that wrote the file has no such class")
    return kind, ""
