"""LocallyConnected1D and 2D of Keras 1 and 2: convolutions with a kernel of its own at every
place.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.activation import activate
from keramos.compile.lowering.spatial import each, known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Value

    Places = NDArray[np.int64]


def _windows(
    s: LayerCall, kernel: list[int], strides: list[int], padding: str, *, first: bool
) -> tuple[list[int], Places]:
    """Sizes of the output, and for each of its places the input values it sees, counted through a
    flat row.

    Values of a window come in the order of the row; a place beyond the edge counts one past the
    last value.
    """
    shape = [known(size, "places") for size in s.x.shape[1:]]
    space = shape[1:] if first else shape[:-1]
    channels = shape[0] if first else shape[-1]
    s.g.reserve_constants("places", *shape)
    numbers = np.arange(prod(shape)).reshape(shape)
    ends = [_ends(*axis, padding) for axis in zip(space, kernel, strides, strict=True)]
    sizes, edges = [size for size, *_ in ends], [tuple(edge) for _, *edge in ends]
    wide = np.pad(
        numbers, [(0, 0), *edges] if first else [*edges, (0, 0)], constant_values=numbers.size
    )
    s.g.reserve_constants("windows", *sizes, *kernel, channels)
    found = []
    for place in product(*(range(size) for size in sizes)):
        cut = tuple(slice(p * t, p * t + k) for p, t, k in zip(place, strides, kernel, strict=True))
        found.append(wide[(slice(None), *cut) if first else (*cut, slice(None))].ravel())
    return sizes, np.array(found).reshape(len(found), prod(kernel) * channels)


def _ends(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int, int]:
    """The size of the output along one axis, and the places before and after the input."""
    if padding == "valid":
        return (size - kernel) // stride + 1, 0, 0
    # A window begins kernel // 2 before its centre, whatever the stride: not 'same' of Conv.
    places, before = -(-size // stride), kernel // 2
    return places, before, max((places - 1) * stride - before + kernel - size, 0)


def _kernel(
    s: LayerCall, windows: Places, filters: int, implementation: int, *, first: bool
) -> NDArray[np.generic]:
    """The kernel as (places, window, filters), whichever of Keras' three ways it is stored in."""
    places, window = windows.shape
    if implementation == 1:
        return s.float_weight("kernel", (places, window, filters))
    values = prod([size or 1 for size in s.x.shape[1:]])
    inside = windows < values
    full = np.zeros((places, window, filters), "float32")
    if implementation == 2:
        dense = s.float_weight("kernel").reshape(
            values, *((filters, places) if first else (places, filters))
        )
        dense = dense.transpose(0, 2, 1) if first else dense
        at, which = np.nonzero(inside)
        full[at, which] = dense[windows[at, which], at]
        return full
    flat, used = s.float_weight("kernel").ravel(), 0
    outputs = (
        product(range(filters), range(places))
        if first
        else ((f, p) for p in range(places) for f in range(filters))
    )
    for of, place in outputs:
        count = int(inside[place].sum())
        full[place, inside[place], of] = flat[used : used + count]
        used += count
    return full


def locally_connected(
    s: LayerCall,
    *,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    activation: object = None,
    use_bias: bool = True,
    implementation: int = 1,
) -> Value:
    """Every output place is a sum over its window with a kernel of that place."""
    g, first, axes = s.g, data_format == "channels_first", s.x.rank - 2
    if implementation not in (1, 2, 3):
        raise s.unsupported("implementation", implementation, "1, 2 and 3 are")
    if padding != "valid" and implementation == 1:
        raise s.unsupported("padding", padding, "implementation 1 knows valid alone")
    sizes, windows = _windows(s, each(kernel_size, axes), each(strides, axes), padding, first=first)
    kernel = _kernel(s, windows, filters, implementation, first=first)
    flat = g.op("Flatten", s.x, axis=1)
    if windows.max(initial=0) >= known(flat.shape[1], "values"):
        flat = g.op("Pad", flat, [0, 0, 0, 1])
    seen = g.op("Transpose", g.op("Gather", flat, windows, axis=1), perm=[1, 0, 2])
    y = g.op("Transpose", g.op("MatMul", seen, kernel), perm=[1, 0, 2])
    if use_bias:
        y = g.op("Add", y, s.float_weight("bias", places=sizes).reshape(len(windows), filters))
    y = g.op(
        "Reshape",
        g.op("Transpose", y, perm=[0, 2, 1]) if first else y,
        [-1, *([filters, *sizes] if first else [*sizes, filters])],
    )
    return activate(g, y, activation, s.layer.legacy)


LAYERS: dict[str, Build] = {f"LocallyConnected{n}D": locally_connected for n in (1, 2)}
