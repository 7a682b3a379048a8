"""Names of modules that are Keras', as text: nothing here imports them."""

from __future__ import annotations

_ROOTS = (
    "tensorflow.python.keras",
    "tensorflow.keras",
    "tensorflow._api.v2.keras",
    "tf_keras",
    "keras_core",
    "keras",
)
"""Packages that are Keras, longest first."""
_SHELVES = frozenset({"api", "src", "_v2", "_tf_keras", "_legacy", "v2"})
"""Folders where Keras keeps its own modules."""


def inside_keras(module: object) -> tuple[str, ...] | None:
    """``keras.src.layers.core.dense`` -> ``("layers", "core", "dense")``; None outside of Keras."""
    if not isinstance(module, str):
        return None
    root = next((root for root in _ROOTS if module == root or module.startswith(f"{root}.")), None)
    if root is None:
        return None
    return tuple(part for part in module[len(root) :].split(".") if part and part not in _SHELVES)


_CALLABLE = (
    "activations backend constraints initializers losses metrics ops optimizers regularizers"
)
FUNCTIONS = frozenset(_CALLABLE.split())
"""Modules of Keras whose functions may be named; get_file, load_model and their like live
elsewhere.
"""


def is_keras(module: object, parts: frozenset[str]) -> bool:
    """Whether a module is one of those of Keras; none at all is what older versions wrote."""
    if not isinstance(module, str):
        return module is None
    rest = inside_keras(module)
    return rest is not None and (not rest or rest[0] in parts)


def names_functions(module: object) -> bool:
    """Whether a function of a module is one of Keras by its name."""
    return module == "builtins" or is_keras(module, FUNCTIONS)
