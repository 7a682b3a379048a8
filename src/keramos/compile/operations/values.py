"""Operands of operations: tensors, numbers and stored arrays, brought to one dtype as Keras does.

Promotion: keras.backend.result_type. Whole numbers with floats give float32; a bare number takes
the kind of the tensor beside it, where that can hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.onnx.element_types import ELEMENT_TYPES, NUMBER_TYPES
from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.shapes import front_axis
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph

Operand = Value | bool | int | float | list[object] | dict[str, object]
"""What may stand as an argument: a tensor, a number, a list of numbers, or an array as Keras
serialises it.
"""

_WIDER = {**dict.fromkeys(("bool", "int8", "int16", "uint8", "uint16"), "int32"), "uint32": "int64"}
_ROUNDED = ("float16", "bfloat16")
_ARRAYS = ("__numpy__", "__tensor__")


def tensor(s: LayerCall, item: object) -> Value:
    """An argument as a tensor; whole numbers become int32 and others float32, as in Keras.

    Raises:
        UnsupportedModelError: it is neither a tensor nor made of numbers.
    """
    return item if isinstance(item, Value) else s.g.const(_array(s, item))


def _array(s: LayerCall, item: object) -> np.ndarray:
    if isinstance(item, dict) and item.get("class_name") in _ARRAYS:
        config = cast("dict[str, object]", item["config"])
        return np.asarray(config["value"], number_type(s, config.get("dtype") or "float32"))
    array = np.asarray(item)
    if array.dtype.kind not in "bif":
        raise s.unsupported("argument", item, "a tensor or numbers are needed")
    return array.astype({"b": "bool", "i": "int32", "f": "float32"}[array.dtype.kind])


def number_type(s: LayerCall, dtype: object) -> str:
    """The name of a type of numbers; NumPy would take others, such as texts of any length.

    Raises:
        UnsupportedModelError: it is not one.
    """
    if dtype not in (*NUMBER_TYPES, "float16"):
        raise s.unsupported("dtype", dtype, f"{', '.join(NUMBER_TYPES)} are")
    return str(dtype)


def cast_to(g: Graph, x: Value, dtype: str) -> Value:
    """X in another dtype; half precision only rounds, and the values go on as float32.

    Raises:
        UnsupportedModelError: ONNX has no such dtype.
    """
    if x.dtype == dtype:
        return x
    if dtype in _ROUNDED:
        number = ELEMENT_TYPES[dtype]
        rounded = g.ops("Cast", x, outputs=1, to=number, like=[("float16", x.shape)])[0]
        return g.cast(rounded, "float32")
    if dtype not in NUMBER_TYPES:
        raise UnsupportedModelError(
            f"the dtype is not supported; {', '.join(NUMBER_TYPES)} are",
            option="dtype",
            received=repr(dtype),
        )
    return g.cast(x, dtype)


def widely(g: Graph, compute: Callable[..., Value], *xs: Value) -> Value:
    """The result of ``compute``, by way of a wider dtype where ONNX Runtime has no kernels for
    short whole numbers.
    """
    narrow = xs[0].dtype
    if narrow not in _WIDER:
        return compute(*xs)
    return cast_to(g, compute(*(cast_to(g, x, _WIDER[narrow]) for x in xs)), narrow)


def is_float(x: Value) -> bool:
    """Whether a tensor is of floating point."""
    return x.dtype.startswith("float")


def as_float(s: LayerCall, item: object) -> Value:
    """An argument in floating point."""
    x = tensor(s, item)
    return x if is_float(x) else cast_to(s.g, x, "float32")


def together(s: LayerCall, *items: object) -> list[Value]:
    """Arguments as tensors of one dtype, promoted as in Keras."""
    dtype = _common([item.dtype if isinstance(item, Value) else _loose(s, item) for item in items])
    return [cast_to(s.g, tensor(s, item), dtype) for item in items]


def floats(s: LayerCall, *items: object) -> list[Value]:
    """Arguments as tensors of one floating dtype."""
    return [as_float(s, x) for x in together(s, *items)]


def _loose(s: LayerCall, item: object) -> str:
    """The dtype of an array, or only the kind of a bare number."""
    if isinstance(item, bool):
        return "bool"
    if isinstance(item, int | float):
        return "int" if isinstance(item, int) else "float"
    return str(_array(s, item).dtype)


def _common(dtypes: Sequence[str]) -> str:
    strong = [dtype for dtype in dtypes if dtype not in ("int", "float")]
    if "float64" in strong:
        return "float64"
    if "float32" in strong or "float" in dtypes:
        return "float32"
    whole = [dtype for dtype in strong if dtype != "bool"]
    if whole:
        found = np.result_type(*whole)
        return "float32" if found.kind == "f" else found.name
    return "int32" if "int" in dtypes else "bool"


def axes_of(axis: object, rank: int) -> list[int]:
    """Axes counted from the front; None means all."""
    if axis is None:
        return list(range(rank))
    listed = axis if isinstance(axis, list | tuple) else [axis]
    return [front_axis(item, rank) for item in listed]
