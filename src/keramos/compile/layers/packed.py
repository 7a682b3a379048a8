"""Layers with weights in 4 bits, two numbers a byte (``model.quantize`` of Keras 3): int4, GPTQ and
AWQ.

Formulas and layouts: ``_int4_build``, ``_gptq_build`` and ``_awq_build`` of the layers in
keras.layers.core, and ``unpack_int4`` and ``dequantize_with_sz_map`` of keras.quantizers. Until
Keras 3.12 int4 kernels were packed along the axis that a product sums over, and inputs were rounded
too; since then they are packed along the other axes.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.layers.core import capped, looked_up
from keramos.compile.layers.quantized import ABS_MAX, finish, rounding, scaled_einsum, scaled_matmul
from keramos.compile.operations.linalg import explicit
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.spatial import OpenSizes
    from keramos.compile.onnx.graph import Value

    Array = NDArray[np.float32]
    Stored = NDArray[np.generic]
    Groups = NDArray[np.int64]


def unpacked(packed: Stored, axis: int, length: int, *, signed: bool = True) -> Array:
    """Two numbers of each byte along an axis, the lower half first: -8 to 7, or 0 to 15;
    float32.
    """
    parts = np.moveaxis(packed.view("uint8"), axis, 0)
    halves = np.stack([parts & 15, parts >> 4], axis=1).reshape(-1, *parts.shape[1:])[:length]
    whole = (halves.astype("int8") ^ 8) - 8 if signed else halves
    return np.moveaxis(whole, 0, axis).astype("float32")


def _restored(s: LayerCall, whole: Array, scale: Array, axis: int) -> Array:
    """Numbers as they were before quantisation in groups along an axis: (whole - zero of its group)
    * scale of it.
    """
    zero = s.weight("kernel_zero", scale.shape).astype("float32")
    return _grouped(s, whole, scale, zero, axis)


def _grouped(s: LayerCall, whole: Array, scale: Array, zero: Array, axis: int) -> Array:
    groups = _groups(s, whole.shape[axis], scale.shape[axis])
    return (whole - np.take(zero, groups, axis)) * np.take(scale, groups, axis)


def _groups(s: LayerCall, length: int, count: int) -> Groups:
    """For each place along an axis, the group whose scale it has."""
    groups = s.weight("g_idx", (length,)).astype("int64")
    if groups.min(initial=0) < 0 or groups.max(initial=0) >= count:
        raise MismatchError("a group has no scale")
    return groups


def _misfit(s: LayerCall, role: str, array: Stored, rows: int, columns: int) -> MismatchError:
    return MismatchError(
        f"{role} does not hold {rows} x {columns} numbers of 4 bits",
        received=f"shape {array.shape}",
    )


def _matrix(s: LayerCall, rows: int, columns: int) -> tuple[Array, bool]:
    """The kernel's whole numbers (rows, columns), and whether Keras 3.12 or older packed them,
    along the rows.
    """
    packed = s.weight("kernel")
    if packed.shape == (rows, (columns + 1) // 2):
        return unpacked(packed, 1, columns), False
    if packed.shape == ((rows + 1) // 2, columns):
        return unpacked(packed, 0, rows), True
    raise _misfit(s, "kernel", packed, rows, columns)


def int4_dense(
    s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True
) -> Value:
    """A dense layer on whole numbers of 4 bits, scaled back by unit, or by unit and group of
    inputs.
    """
    whole, old = _matrix(s, s.x.shape[-1] or 0, units)
    bias = s.float_weight("bias") if use_bias else None
    scale = s.weight("kernel_scale").astype("float32")
    if scale.ndim == 1:
        y = scaled_matmul(s, whole, s.g.const(scale), rounding(s, ABS_MAX if old else None))
    else:
        y = s.g.op("MatMul", s.x, _restored(s, whole, scale, 0))
    return finish(s, y, bias, activation)


def _kernel_shape(
    s: LayerCall, equation: str, output_shape: OpenSizes
) -> tuple[str, tuple[int, ...]]:
    """The explicit equation and the kernel's shape, from the sizes of input and output."""
    term = equation.replace(" ", "").partition("->")[0].split(",")[-1]
    full = explicit(equation, [s.x.rank, len(term)])
    left, _, out = full.partition("->")
    wanted = [output_shape] if isinstance(output_shape, int) else list(output_shape)
    sizes = dict(zip(out[-len(wanted) :], wanted, strict=False))
    sizes.update(
        (letter, size) for letter, size in zip(left.split(",")[0], s.x.shape, strict=True) if size
    )
    shape = tuple(sizes.get(letter) or 0 for letter in term)
    if 0 in shape:
        raise s.unsupported(
            "output_shape", output_shape, f"it leaves the kernel's shape open in {equation}"
        )
    return full, shape


def _packed_axis(full: str) -> int:
    """The first axis of the kernel that the sum runs over; Keras 3.12 and older packed along it."""
    term, out = full.partition("->")[0].split(",")[1], full.partition("->")[2]
    return next((i for i, letter in enumerate(term) if letter not in out), 0)


def int4_einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: OpenSizes,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """Einstein's sum on whole numbers of 4 bits, scaled back."""
    full, shape = _kernel_shape(s, equation, output_shape)
    packed = s.weight("kernel")
    bias = s.float_weight("bias") if bias_axes else None
    scale = s.weight("kernel_scale").astype("float32")
    axis = _packed_axis(full)
    if packed.shape == (*shape[:axis], (shape[axis] + 1) // 2, *shape[axis + 1 :]):
        kernel, factor = unpacked(packed, axis, shape[axis]), s.g.const(scale)
        return finish(
            s, scaled_einsum(s, full, kernel, factor, rounding(s, ABS_MAX)), bias, activation
        )
    kernel = _flat(s, packed, scale, full, shape).reshape(shape)
    how = rounding(s) if scale.ndim == 1 else None
    return finish(s, scaled_einsum(s, full, kernel, None, how), bias, activation)


def _flat(s: LayerCall, packed: Stored, scale: Array, full: str, shape: tuple[int, ...]) -> Array:
    """The kernel as numbers: rows are the axes summed over, columns the others."""
    rows, columns = _sides(full, shape)
    if packed.shape != (rows, (columns + 1) // 2):
        raise _misfit(s, "kernel", packed, rows, columns)
    whole = unpacked(packed, 1, columns)
    return _restored(s, whole, scale, 0) if scale.ndim > 1 else whole / scale


def _sides(full: str, shape: tuple[int, ...]) -> tuple[int, int]:
    term, out = full.partition("->")[0].split(",")[1], full.partition("->")[2]
    rows = prod(size for letter, size in zip(term, shape, strict=True) if letter not in out)
    return rows, prod(shape) // rows


def _calibrated(s: LayerCall, rows: int, columns: int, *, awq: bool) -> Array:
    """A kernel (rows, columns) that GPTQ or AWQ made: stored (columns, rows), in 4 or in 8 bits."""
    stored = s.weight("quantized_kernel")
    if stored.shape == ((columns + 1) // 2, rows):
        whole = unpacked(stored, 0, columns, signed=False)
    elif stored.shape == (columns, rows):
        whole = stored.astype("float32")
    else:
        raise _misfit(s, "quantized_kernel", stored, columns, rows)
    scale = s.weight("kernel_scale").astype("float32")
    zero = s.weight("kernel_zero", scale.shape).astype("float32")
    factors = s.weight("awq_scales", (rows,)).astype("float32") if awq else np.ones(rows, "float32")
    return _grouped(s, whole, scale, zero, 1).T / factors[:, None]  # type: ignore[no-any-return] # numpy


def _calibrated_dense(
    s: LayerCall, units: int, activation: object, *, use_bias: bool, awq: bool
) -> Value:
    bias = s.float_weight("bias") if use_bias else None
    kernel = _calibrated(s, s.x.shape[-1] or 0, units, awq=awq)
    return finish(s, s.g.op("MatMul", s.x, kernel), bias, activation)


def gptq_dense(
    s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True
) -> Value:
    """A dense layer with a kernel by GPTQ (Frantar and others 2022)."""
    return _calibrated_dense(s, units, activation, use_bias=use_bias, awq=False)


def awq_dense(
    s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True
) -> Value:
    """A dense layer with a kernel by AWQ (Lin and others 2023)."""
    return _calibrated_dense(s, units, activation, use_bias=use_bias, awq=True)


def _calibrated_einsum(
    s: LayerCall, equation: str, output_shape: OpenSizes, bias_axes: str | None, *, awq: bool
) -> tuple[Value, Stored | None]:
    bias = s.float_weight("bias") if bias_axes else None
    full, shape = _kernel_shape(s, equation, output_shape)
    kernel = _calibrated(s, *_split_at_largest(shape), awq=awq).reshape(shape)
    return scaled_einsum(s, full, kernel, None, None), bias


def _split_at_largest(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns as Keras lays out heads: the largest axis is the model's width and stands
    alone.
    """
    rows = shape[0] if len(shape) == 2 or shape.index(max(shape)) == 0 else prod(shape[:-1])
    return rows, prod(shape) // rows


def gptq_einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: OpenSizes,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """Einstein's sum with a kernel by GPTQ."""
    return finish(
        s, *_calibrated_einsum(s, equation, output_shape, bias_axes, awq=False), activation
    )


def awq_einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: OpenSizes,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """Einstein's sum with a kernel by AWQ."""
    return finish(
        s, *_calibrated_einsum(s, equation, output_shape, bias_axes, awq=True), activation
    )


def _table(s: LayerCall, rows: int, columns: int) -> tuple[Array, Array, Groups | None]:
    """An embedding as whole numbers and as numbers, and where it is in groups, the group of each
    column.
    """
    packed = s.weight("embeddings", (rows, (columns + 1) // 2))
    whole = unpacked(packed, 1, columns)
    scale = s.weight("embeddings_scale").astype("float32")
    if scale.ndim == 1:
        return whole, scale, None
    zero = s.weight("embeddings_zero", scale.shape).astype("float32")
    groups = _groups(s, columns, scale.shape[1])
    return whole, (whole - zero[:, groups]) * scale[:, groups], groups


def int4_embedding(
    s: LayerCall, *, input_dim: int, output_dim: int, mask_zero: bool = False
) -> Value:
    """Rows of whole numbers of 4 bits, scaled back."""
    whole, numbers, groups = _table(s, input_dim, output_dim)
    return looked_up(
        s, whole / numbers[:, None] if groups is None else numbers, mask_zero=mask_zero
    )


def int4_reversible(
    s: LayerCall,
    *,
    input_dim: int,
    output_dim: int,
    tie_weights: bool = True,
    mask_zero: bool = False,
    logit_soft_cap: float | None = None,
) -> Value:
    """An embedding of 4 bits that also runs backwards, inputs rounded."""
    whole, numbers, groups = _table(s, input_dim, output_dim)
    forward = whole / numbers[:, None] if groups is None else numbers
    back = forward.T if tie_weights else _backwards(s, output_dim, input_dim, groups)
    if not s.kwargs.get("reverse"):
        return looked_up(s, forward, mask_zero=mask_zero)
    one = s.g.const(np.ones((), "float32"))
    return capped(s.g, scaled_matmul(s, back, one, rounding(s, ABS_MAX)), logit_soft_cap)


def _backwards(s: LayerCall, rows: int, columns: int, groups: Groups | None) -> Array:
    whole = unpacked(s.weight("reverse_embeddings", ((rows + 1) // 2, columns)), 0, rows)
    scale = s.weight("reverse_embeddings_scale").astype("float32")
    if groups is None:
        return whole / scale  # type: ignore[no-any-return] # numpy
    if scale.ndim != 2 or groups.max(initial=0) >= len(scale):
        raise MismatchError("a group has no scale")
    zero = s.weight("reverse_embeddings_zero", scale.shape).astype("float32")
    return (whole - zero[groups]) * scale[groups]  # type: ignore[no-any-return] # numpy


PACKED: dict[tuple[str, str], Build] = {
    ("Dense", "awq"): awq_dense,
    ("Dense", "gptq"): gptq_dense,
    ("Dense", "int4"): int4_dense,
    ("EinsumDense", "awq"): awq_einsum_dense,
    ("EinsumDense", "gptq"): gptq_einsum_dense,
    ("EinsumDense", "int4"): int4_einsum_dense,
    ("Embedding", "int4"): int4_embedding,
    ("ReversibleEmbedding", "int4"): int4_reversible,
}
"""Class and mode of quantisation -> lowering."""
