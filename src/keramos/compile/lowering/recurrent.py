"""Run a recurrent cell over the steps of a sequence, with masks and states as Keras has them.

A masked step leaves the states as they are and repeats the output before it. ONNX' operators only
know sequences that end early, so steps that count are moved to the front, the operator runs over
each row's own number of them, and outputs return to their places. That is exact, because a step
that does not count changes nothing. Cells without an operator run in a Scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keramos.compile.onnx.sizes import expand, reshape, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Graph, Value

    States = tuple[Value, ...]


class Operator(NamedTuple):
    """A cell as one of ONNX' recurrent operators: weights W, R and B as it wants them, and its
    attributes.
    """

    kind: str
    weights: tuple[NDArray[np.generic], ...]
    attributes: Mapping[str, Any]  # ONNX attributes of several types


@dataclass(frozen=True, slots=True)
class Cell:
    """One recurrent cell. Its output is its first state.

    ``states`` are the sizes of its states without the rows. ``project`` does what needs no state,
    for all steps at
    once: (rows, steps, ...) -> (rows, steps, ...); ``step`` takes one such step and the states and
    gives the new ones.
    """

    states: tuple[tuple[int, ...], ...]
    project: Callable[[Graph, Value], Value]
    step: Callable[[Graph, Value, States], States]
    operator: Operator | None = None


class Result(NamedTuple):
    """Outputs of all steps (rows, steps, ...), and the states at the end, cell by cell."""

    outputs: Value
    states: tuple[States, ...]


def run(
    g: Graph,
    cells: Sequence[Cell],
    x: Value,
    mask: Value | None,
    initial: Sequence[Value],
    *,
    zeros: Value | None = None,
) -> Result:
    """Run cells one on top of the other over (rows, steps, ...).

    ``initial`` holds every cell's states in order, or nothing. ``zeros``: a mask; outputs at the
    steps that it leaves out are 0.
    """
    given = iter(initial)
    starts = [tuple(next(given) for _ in cell.states) if initial else () for cell in cells]
    whole = g.composite_operators and all(cell.operator for cell in cells)
    ways = _by_operators if whole else _by_scan
    outputs, states = ways(g, cells, x, mask, starts)
    return Result(outputs if mask is None else _masked(g, outputs, mask, zeros), states)


def backwards(g: Graph, x: Value) -> Value:
    """The steps (second axis) in reverse."""
    return g.op("Slice", x, [-1], [-(2**62)], [1], [-1])


def _seen(g: Graph, mask: Value) -> Value:
    """How many steps have counted so far, this one included: (rows, steps) int64."""
    return g.op("CumSum", g.cast(mask, "int64"), np.int64(1))


def _masked(g: Graph, outputs: Value, mask: Value, zeros: Value | None) -> Value:
    """Zeros before the first step that counts, and at the steps that ``zeros`` leaves out."""
    shown = g.op("Greater", _seen(g, mask), 0)
    if zeros is not None:
        shown = g.op("And", shown, zeros)
    axes = list(range(2, outputs.rank))
    return g.op("Where", g.op("Unsqueeze", shown, axes), outputs, 0.0)


def _by_operators(
    g: Graph, cells: Sequence[Cell], x: Value, mask: Value | None, starts: Sequence[States]
) -> tuple[Value, tuple[States, ...]]:
    lengths = None
    if mask is not None:
        x, lengths = _packed(g, x, mask)
    y = g.op("Transpose", x, perm=[1, 0, 2])
    ends = []
    for cell, start in zip(cells, starts, strict=True):
        y, states = _operator(g, cell, y, lengths, start)
        ends.append(states)
    outputs = g.op("Transpose", y, perm=[1, 0, 2])
    return (outputs if mask is None else _unpacked(g, outputs, mask)), tuple(ends)


def _operator(
    g: Graph, cell: Cell, x: Value, lengths: Value | None, start: States
) -> tuple[Value, States]:
    """One operator over (steps, rows, features)."""
    if cell.operator is None:
        raise TypeError("a cell without operator runs in a Scan")
    kind, weights, attributes = cell.operator
    first = [g.op("Unsqueeze", state, [0]) for state in start]
    units = cell.states[0][0]
    y, *ends = g.ops(
        kind,
        x,
        *weights,
        lengths,
        *first,
        outputs=1 + len(cell.states),
        hidden_size=units,
        **attributes,
    )
    states = tuple(g.op("Squeeze", end, [0]) for end in ends)
    if lengths is not None and start:
        # The operator gives zeros for a row without any step; such a row keeps its states.
        none = g.op("Unsqueeze", g.op("Equal", lengths, 0), [1])
        states = tuple(
            g.op("Where", none, old, new) for old, new in zip(start, states, strict=True)
        )
    return g.op("Squeeze", y, [1]), states


def _packed(g: Graph, x: Value, mask: Value) -> tuple[Value, Value]:
    """The steps that count first, in order, and how many they are a row (int32)."""
    steps = g.op("Shape", mask, start=1, end=2)
    last = g.op("Squeeze", steps, [0])
    places = g.ops(
        "Range", np.int64(0), last, np.int64(1), outputs=1, like=[("int64", (x.shape[1],))]
    )[0]
    keys = g.op("Where", mask, g.op("Sub", last, places), g.op("Neg", places))
    _, order = g.ops(
        "TopK", keys, steps, outputs=2, axis=1, like=[("int64", mask.shape), ("int64", mask.shape)]
    )
    return _picked(g, x, order), g.op("ReduceSum", g.cast(mask, "int32"), [1], keepdims=0)


def _unpacked(g: Graph, outputs: Value, mask: Value) -> Value:
    """Outputs of packed steps at their places; a step that does not count repeats the one
    before.
    """
    return _picked(g, outputs, g.op("Max", g.op("Sub", _seen(g, mask), 1), 0))


def _picked(g: Graph, x: Value, steps: Value) -> Value:
    index = g.op("Unsqueeze", steps, [2])
    return g.ops("GatherND", x, index, outputs=1, batch_dims=1, like=[(x.dtype, x.shape)])[0]


def _by_scan(
    g: Graph, cells: Sequence[Cell], x: Value, mask: Value | None, starts: Sequence[States]
) -> tuple[Value, tuple[States, ...]]:
    ends = []
    for cell, start in zip(cells, starts, strict=True):
        x, states = _scan(g, cell, x, mask, start)
        ends.append(states)
    return x, tuple(ends)


def _scan(
    g: Graph, cell: Cell, x: Value, mask: Value | None, start: States
) -> tuple[Value, States]:
    rows = size(x, 0)
    for one in cell.states:
        g.reserve_constants("a state", *one)
    states = start or tuple(
        expand(g, g.const(np.zeros((1, *one), "float32")), rows, *one) for one in cell.states
    )
    steps = [cell.project(g, x), *([] if mask is None else [mask])]
    body = g.inner()
    old = tuple(body.input(body.fresh(), state.dtype, state.shape) for state in states)
    step, *counts = (body.input(body.fresh(), v.dtype, (v.shape[0], *v.shape[2:])) for v in steps)
    new = cell.step(body, step, old)
    if counts:
        new = tuple(
            _held(body, counts[0], after, before) for after, before in zip(new, old, strict=True)
        )
    output = body.op("Identity", new[0])
    kinds = [(state.dtype, state.shape) for state in states]
    outputs = (states[0].dtype, (states[0].shape[0], x.shape[1], *states[0].shape[1:]))
    *ends, y = g.ops(
        "Scan",
        *states,
        *steps,
        outputs=len(states) + 1,
        like=[*kinds, outputs],
        body=body.body([*(body.op("Identity", state) for state in new), output]),
        num_scan_inputs=len(steps),
        scan_input_axes=[1] * len(steps),
        scan_output_axes=[1],
    )
    return y, tuple(ends)


def _held(g: Graph, counts: Value, after: Value, before: Value) -> Value:
    return g.op("Where", g.op("Unsqueeze", counts, list(range(1, after.rank))), after, before)


def each_step(g: Graph, x: Value) -> tuple[Value, Callable[[Value], Value]]:
    """(rows, steps, ...) as rows * steps rows, and what undoes that for any result."""
    rows, steps = size(x, 0), size(x, 1)
    flat = reshape(g, x, -1, *(size(x, axis) for axis in range(2, x.rank)))

    def back(y: Value) -> Value:
        return reshape(g, y, rows, steps, *(size(y, axis) for axis in range(1, y.rank)))

    return flat, back
