"""Functions of keras.ops that convert dtypes, bound values and choose between tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.record import Operation
from keramos.compile.onnx.element_types import NUMBER_TYPES
from keramos.compile.operations.values import cast_to, is_float, tensor, together, widely

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand


def clip(s: LayerCall, x: Operand, x_min: Operand, x_max: Operand) -> Value:
    """X, limited to two bounds."""
    g = s.g
    return widely(
        g,
        lambda v, low, high: g.op("Min", g.op("Max", v, low), high),
        *together(s, x, x_min, x_max),
    )


def where(
    s: LayerCall, condition: Operand, x1: Operand | None = None, x2: Operand | None = None
) -> Value:
    """x1 where the condition is true, else x2."""
    if x1 is None or x2 is None:
        raise s.unsupported("x1", x1, "both branches are needed")
    holds = cast_to(s.g, tensor(s, condition), "bool")
    return widely(s.g, lambda a, b: s.g.op("Where", holds, a, b), *together(s, x1, x2))


def cast(s: LayerCall, x: Operand, dtype: str = "float32") -> Value:
    """X in another dtype."""
    return cast_to(s.g, tensor(s, x), dtype)


def saturate_cast(s: LayerCall, x: Operand, dtype: str) -> Value:
    """X in another dtype, limited to the range of that dtype."""
    value = tensor(s, x)
    if not dtype.startswith(("int", "uint")) or dtype not in NUMBER_TYPES:
        return cast_to(s.g, value, dtype)
    bounds, wide = np.iinfo(dtype), cast_to(s.g, value, "float64")
    low, high = (
        float(bounds.min),
        float(np.nextafter(float(bounds.max) + 1, 0)) if bounds.bits > 53 else float(bounds.max),
    )
    return cast_to(s.g, s.g.op("Min", s.g.op("Max", wide, low), high), dtype)


def select(
    s: LayerCall, condlist: list[Operand], choicelist: list[Operand], default: Operand = 0
) -> Value:
    """The choice of the first condition that is true, else a default."""
    y, *choices = together(s, default, *choicelist)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        y = s.g.op("Where", cast_to(s.g, tensor(s, condition), "bool"), choice, y)
    return y


def convert(s: LayerCall, x: Operand, *, dtype: str | None = None) -> Value:
    """X, in another dtype if one is named."""
    return tensor(s, x) if dtype is None else cast_to(s.g, tensor(s, x), dtype)


def nan_to_num(
    s: LayerCall,
    x: Operand,
    *,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Value:
    """Replace NaN and infinities by numbers."""
    g, value, most = s.g, tensor(s, x), 3.4028234663852886e38
    if not is_float(value):
        return value
    y = g.op("Where", g.op("IsNaN", value), float(nan), value)
    y = g.op("Where", g.op("Equal", y, float("inf")), most if posinf is None else float(posinf), y)
    return g.op(
        "Where", g.op("Equal", y, -float("inf")), -most if neginf is None else float(neginf), y
    )


def same(s: LayerCall, x: Operand) -> Value:
    """X, unchanged."""
    return tensor(s, x)


OPERATIONS = {
    "Cast": Operation(cast),
    "Clip": Operation(clip),
    "ConvertToTensor": Operation(convert, ignored=("sparse", "ragged")),
    "Array": Operation(convert),
    "Copy": Operation(same),
    "NanToNum": Operation(nan_to_num),
    "SaturateCast": Operation(saturate_cast),
    "Select": Operation(select),
    "StopGradient": Operation(same, ignored=("variable",)),
    "Where": Operation(where),
}
