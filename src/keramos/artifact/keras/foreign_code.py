"""Code and classes of others, found anywhere in a model's JSON: in layers, their options, calls,
training.

Nothing here would run or import any of it; a file that asks for it is refused all the same, so that
it is not passed on to a program that would. Layers that are code or custom classes are left to the
compiler, which names all of them at once and lets ``replace=`` say what they compute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.classes import CALLS, KNOWN
from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, INNER_KEYS
from keramos.artifact.keras.dialects.identity import MODELS
from keramos.artifact.keras.modules import FUNCTIONS, is_keras, names_functions
from keramos.errors import CorruptModelError, ForeignCodeError, LimitExceededError
from keramos.keras_layers.index import LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.artifact.limits import Limits

_OTHERS = """
    applications dtype_policies engine feature_column layers legacy legacy_tf_layers mixed_precision
    models premade_models quantizers random
"""
_CLASSES = FUNCTIONS | frozenset(_OTHERS.split())
"""Modules of Keras whose classes may be named."""

_UNUSED = frozenset({"loss", "metrics", "weighted_metrics"})
"""Keys of a training configuration that only training reads."""
_SHOWN = 160

_ACTIVATIONS = frozenset(f".{key}" for key in ACTIVATION_KEYS)
_LAYER_KEYS = frozenset({*INNER_KEYS, *LISTS.values(), "layers"})

_Link = tuple["_Link | None", str]
"""A place in the JSON: the place around it and the last step."""
_Item = tuple[object, _Link, bool]
"""A value, its place, and whether a layer is expected there."""


def refuse_foreign(value: object, root: str, *, model: bool, limits: Limits) -> tuple[str, ...]:
    """Refuse JSON that names code, or classes and functions that are not Keras'.

    ``model``: the value is a model, else a training configuration. Losses and metrics, which a
    model that predicts never runs, may be of others; notes say which are.

    Raises:
        ForeignCodeError: it does; says where.
        CorruptModelError: a class name is not text.
        LimitExceededError: there are more layers than the limits allow.
    """
    layers, training, notes = 0, limits.foreign_training, list[str]()
    waiting: list[_Item] = [(value, (None, root), model)]
    while waiting:
        item, link, is_layer = waiting.pop()
        if isinstance(item, dict):
            layers += is_layer and "class_name" in item
            if layers > limits.layers:
                raise LimitExceededError(
                    f"the model has more than {limits.layers:,} layers, the limit (layers)",
                    path=root,
                )
            opaque = "class_name" in item and _checked(
                item, link, is_layer=is_layer, training=training
            )
            unused = _UNUSED if _is_training(link, model=model) else frozenset()
            notes += [
                note
                for key in sorted(unused & item.keys())
                for note in _notes(item[key], link, key)
            ]
            waiting += [
                (part, (link, f".{key}"), is_layer if key == "config" else key in _LAYER_KEYS)
                for key, part in item.items()
                if isinstance(part, dict | list)
                and not (opaque and key == "config")
                and key not in unused
            ]
        elif isinstance(item, list):
            waiting += [
                (part, (link, f"[{place}]"), is_layer)
                for place, part in enumerate(item)
                if isinstance(part, dict | list)
            ]
    return tuple(notes)


def _is_training(link: _Link, *, model: bool) -> bool:
    """Whether a place is a training configuration: the root of one, or that of a model."""
    before, step = link
    return step == ".compile_config" if model else before is None


def _notes(value: object, link: _Link, key: str) -> Iterator[str]:
    """What is foreign in losses or metrics."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if (what := _foreign_name(item)) is not None:
                yield f"{_path((link, f'.{key}'))} names {what}, which only training runs"
                continue
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _foreign_name(entry: dict[str, object]) -> str | None:
    name, module = entry.get("class_name"), entry.get("module")
    if not isinstance(name, str):
        return None
    if name == "__lambda__":
        return "stored Python code"
    if name == "function" and not names_functions(module):
        return f"the function {entry.get('config')} of the module {module}"[:_SHOWN]
    if name != "function" and not is_keras(module, _CLASSES):
        return f"the class {name} of the module {module}"[:_SHOWN]
    return None


def _checked(entry: dict[str, object], link: _Link, *, is_layer: bool, training: bool) -> bool:
    """Look at one serialised object; whether its config is nobody's business but its owner's."""
    name, module = entry["class_name"], entry.get("module")
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise CorruptModelError(
            "class_name and module are not text",
            path=_path(link),
            received=f"{name!r} and {module!r}",
        )
    code = name in ("__lambda__", "__typespec__") or (name == "Lambda" and not is_layer)
    if code and (is_layer or not training):
        raise _code(link, f"holds stored Python code ({name})")
    if code:
        return True
    if name == "function":
        return _function(entry, link, is_layer=is_layer, training=training)
    foreign = not is_keras(module, _CLASSES)
    if is_layer:
        return name == "Lambda" or foreign or not (module or name in KNOWN | MODELS | CALLS)
    if foreign and not training:
        raise _code(link, f"names the class {name} of the module {module}")
    return foreign


def _function(entry: dict[str, object], link: _Link, *, is_layer: bool, training: bool) -> bool:
    """A function by its name: a built-in one, one of the author's that only training calls, or an
    activation, which the compiler names beside other code.
    """
    name, module = entry.get("config"), entry.get("module")
    known = names_functions(module) or link[1] in _ACTIVATIONS
    if is_layer or not isinstance(name, str) or not (known or training):
        raise _code(link, f"names the function {name} of the module {module}")
    return True


def _code(link: _Link, what: str) -> ForeignCodeError:
    return ForeignCodeError(
        f"{what}. Nothing was run or imported",
        path=_path(link),
        remedy="Replace it by something built into Keras, or leave out what only training needs "
        "(compile=False, include_optimizer=False), and save the model again; "
        "Limits(foreign_training=True) accepts it where only training would use it",
    )


def _path(link: _Link | None) -> str:
    return "".join(reversed(list(_steps(link))))


def _steps(link: _Link | None) -> Iterator[str]:
    while link is not None:
        link, step = link
        yield step
