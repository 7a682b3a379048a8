"""How many operations one row takes: an estimate from shapes, made before anything runs.

A multiplication with its addition counts as one, and every other operator as one for each value
that it reads or writes. Free sizes (open time steps, image sides) count as one: requests choose
them.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from keramos.compile.onnx.protobuf import Subgraph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Shape = tuple[int | None, ...]
    Inputs = Sequence[Shape | None]
    Outputs = Sequence[Shape]
    Count = Callable[[Inputs, Outputs, Mapping[str, object]], int]


def known_size(shape: Shape) -> int:
    """Values of a tensor, where free sizes are 1."""
    return prod(1 if size is None else size for size in shape)


def operations(
    kind: str, inputs: Inputs, outputs: Outputs, attributes: Mapping[str, object]
) -> int:
    """Operations of one node by the shapes of its operands and results, where free sizes are 1."""
    touched = sum(known_size(shape) for shape in (*inputs, *outputs) if shape is not None)
    count = _COUNTS.get(kind)
    return touched + (0 if count is None else count(inputs, outputs, attributes))


def _sizes(shape: Shape | None) -> list[int]:
    return [] if shape is None else [1 if size is None else size for size in shape]


def _matrices(inputs: Inputs, outputs: Outputs, _: Mapping[str, object]) -> int:
    return known_size(outputs[0]) * (_sizes(inputs[0]) or [1])[-1]


def _gemm(inputs: Inputs, outputs: Outputs, attributes: Mapping[str, object]) -> int:
    inner = _sizes(inputs[0])[0 if attributes.get("transA") else -1]
    return known_size(outputs[0]) * inner


def _convolution(inputs: Inputs, outputs: Outputs, _: Mapping[str, object]) -> int:
    return known_size(outputs[0]) * prod(_sizes(inputs[1])[1:])


def _transposed(inputs: Inputs, _: Outputs, __: Mapping[str, object]) -> int:
    return prod(_sizes(inputs[0])) * prod(_sizes(inputs[1])[1:])


def _pooling(_: Inputs, outputs: Outputs, attributes: Mapping[str, object]) -> int:
    window = attributes.get("kernel_shape")
    return known_size(outputs[0]) * (prod(window) if isinstance(window, (list, tuple)) else 1)


def _recurrent(inputs: Inputs, _: Outputs, __: Mapping[str, object]) -> int:
    steps = (_sizes(inputs[0]) or [1])[0]
    return steps * sum(prod(_sizes(weights)) for weights in inputs[1:3])


def _scan(_: Inputs, outputs: Outputs, attributes: Mapping[str, object]) -> int:
    body = attributes.get("body")
    steps = (*_sizes(outputs[-1]), 1, 1)[1]
    return steps * body.operations if isinstance(body, Subgraph) else 0


def _einsum(inputs: Inputs, _: Outputs, attributes: Mapping[str, object]) -> int:
    """The product of the sizes of all letters: a bound for any order of summing."""
    terms = str(attributes.get("equation", "")).partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, inputs, strict=False):
        letters = term.replace(" ", "").replace("...", "")
        for letter, size in zip(reversed(letters), reversed(_sizes(shape)), strict=False):
            sizes[letter] = max(size, sizes.get(letter, 1))
    return prod(sizes.values())


def _sorting(inputs: Inputs, _: Outputs, __: Mapping[str, object]) -> int:
    size = prod(_sizes(inputs[0]))
    return size * size.bit_length()


_COUNTS: Mapping[str, Count] = {
    "MatMul": _matrices,
    "MatMulInteger": _matrices,
    "Gemm": _gemm,
    "Conv": _convolution,
    "ConvInteger": _convolution,
    "ConvTranspose": _transposed,
    "AveragePool": _pooling,
    "MaxPool": _pooling,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Scan": _scan,
    "Einsum": _einsum,
    "NonMaxSuppression": _sorting,
    "TopK": _sorting,
    "Unique": _sorting,
    "DFT": _sorting,
}
"""Operators whose work is more than touching each value once."""
