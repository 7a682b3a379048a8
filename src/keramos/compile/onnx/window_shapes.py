"""Shape rules of operators that move a window over space: convolutions, pools, resize.

Rules follow the operator specifications of ONNX opset 20.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.onnx.tensor_types import const_ints, ints, whole
from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.compile.onnx.tensor_types import Kind, Shape, Tensor


def _window(size: int | None, window: int, stride: int, pads: int, *, up: bool) -> int | None:
    if size is None:
        return None
    free = size + pads - window
    if free < 0:
        raise MismatchError(f"a window of {window} does not fit into {size + pads} positions")
    return (-(-free // stride) if up else free // stride) + 1


def _spatial(x: Tensor, window: Sequence[int], attributes: Mapping[str, object]) -> Shape:
    axes = len(window)
    strides = ints(attributes.get("strides", [1] * axes))
    dilations = ints(attributes.get("dilations", [1] * axes))
    sizes = x.shape[2:]
    if attributes.get("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        return tuple(None if n is None else -(-n // s) for n, s in zip(sizes, strides, strict=True))
    pads = ints(attributes.get("pads", [0] * 2 * axes))
    up = bool(attributes.get("ceil_mode", 0))
    return tuple(
        _window(
            sizes[i],
            (window[i] - 1) * dilations[i] + 1,
            strides[i],
            pads[i] + pads[i + axes],
            up=up,
        )
        for i in range(axes)
    )


def conv(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    """Conv."""
    kernel = ints(ins[1].shape)
    group = whole(attributes.get("group", 1))
    if ins[0].shape[1] not in (None, kernel[1] * group):
        raise MismatchError(f"a kernel for {kernel[1] * group} channels meets {ins[0].shape[1]}")
    return [(ins[0].dtype, (ins[0].shape[0], kernel[0], *_spatial(ins[0], kernel[2:], attributes)))]


def conv_transpose(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    """ConvTranspose."""
    kernel = ints(ins[1].shape)
    axes = len(kernel) - 2
    strides = ints(attributes.get("strides", [1] * axes))
    dilations = ints(attributes.get("dilations", [1] * axes))
    pads = ints(attributes.get("pads", [0] * 2 * axes))
    extra = ints(attributes.get("output_padding", [0] * axes))
    sizes = tuple(
        None
        if n is None
        else (n - 1) * strides[i]
        + extra[i]
        + (kernel[2 + i] - 1) * dilations[i]
        + 1
        - pads[i]
        - pads[i + axes]
        for i, n in enumerate(ins[0].shape[2:])
    )
    return [
        (
            ins[0].dtype,
            (ins[0].shape[0], kernel[1] * whole(attributes.get("group", 1)), *sizes),
        )
    ]


def pool(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    """MaxPool and AveragePool."""
    return [
        (
            ins[0].dtype,
            (*ins[0].shape[:2], *_spatial(ins[0], ints(attributes["kernel_shape"]), attributes)),
        )
    ]


def global_pool(ins: Sequence[Tensor], _: Mapping[str, object]) -> list[Kind]:
    """GlobalMaxPool and GlobalAveragePool."""
    return [(ins[0].dtype, (*ins[0].shape[:2], *(1 for _ in ins[0].shape[2:])))]


def resize(ins: Sequence[Tensor], attributes: Mapping[str, object]) -> list[Kind]:
    """Resize, by sizes or by scales."""
    shape: list[int | None] = list(ins[0].shape)
    axes = ints(attributes.get("axes", range(len(shape))))
    sizes = const_ints(ins[3]) if len(ins) > 3 else None
    scales = ins[2].const if len(ins) > 2 and ins[2] is not None else None
    for i, axis in enumerate(axes):
        size = shape[axis]
        if sizes is not None:
            shape[axis] = sizes[i]
        elif scales is not None and size is not None:
            shape[axis] = int(size * float(scales.ravel()[i]))
    return [(ins[0].dtype, tuple(shape))]
