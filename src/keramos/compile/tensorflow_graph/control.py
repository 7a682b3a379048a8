"""Branches and loops as If and Loop of ONNX.

A loop runs while a counter is below a bound, so that its length is known when it begins; others are
refused. What a loop does not change stays outside of it. A list that a loop fills place by place
becomes an output of all its steps.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from keramos.compile.onnx.graph import Graph
from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.counting import bound_of, filled_places, lifted, unchanged
from keramos.compile.tensorflow_graph.lists import as_stacked
from keramos.compile.tensorflow_graph.operands import Known, TensorList, as_value
from keramos.errors import LimitExceededError, UnsupportedModelError
from keramos.types.operation_graph import OperationGraph, pruned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.compile.onnx.graph import Value
    from keramos.compile.onnx.tensor_types import Kind
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_STEP = 1 << 16
"""Multiplications that take as long as an empty step of a loop takes ONNX Runtime."""

_PASSES = 4
"""How often a body is compiled until the shapes that it hands on no longer change."""


def _graph(n: NodeCall, name: str) -> OperationGraph:
    found = n.attributes.get(name)
    if not isinstance(found, OperationGraph):
        raise UnsupportedModelError("the graph does not hold this branch", option=name)
    return found


def _if(n: NodeCall) -> tuple[Operand, ...]:
    branches = [_graph(n, name) for name in ("then_branch", "else_branch")]
    arguments = n.operands[1:]
    known = n.maybe_known(0)
    if known is not None:
        return tuple(n.run(n.g, branches[0 if known.any() else 1], arguments))
    ways = [partial(_run, n, branch) for branch in branches]
    return _chosen(n.g, cast_to(n.g, n.value(0), "bool"), ways)


def _run(n: NodeCall, branch: OperationGraph, g: Graph) -> list[Operand]:
    return n.run(g, branch, n.operands[1:])


def _case(n: NodeCall) -> tuple[Operand, ...]:
    found = n.attributes.get("branches")
    if not isinstance(found, tuple) or not found:
        raise UnsupportedModelError("the graph does not hold its branches", option="branches")
    branches: tuple[OperationGraph, ...] = found
    known, given = n.maybe_known(0), n.operands[1:]
    if known is None:
        return _by_number(n, cast_to(n.g, n.value(0), "int64"), branches)
    index = int(known.item())
    return tuple(n.run(n.g, branches[index if 0 <= index < len(branches) else -1], given))


def _by_number(
    n: NodeCall, index: Value, branches: tuple[OperationGraph, ...]
) -> tuple[Operand, ...]:
    """One branch behind another; a number outside means the last one."""

    def made(g: Graph, number: int) -> list[Operand]:
        if number == len(branches) - 1:
            return _run(n, branches[number], g)
        here = g.op("Equal", index, number)
        ways = partial(_run, n, branches[number]), lambda body: made(body, number + 1)
        return list(_chosen(g, here, ways))

    return tuple(made(n.g, 0))


def _chosen(
    outer: Graph, condition: Value, ways: Sequence[Callable[[Graph], list[Operand]]]
) -> tuple[Operand, ...]:
    graphs = [Graph(outer) for _ in ways]
    ends = [way(g) for g, way in zip(graphs, ways, strict=True)]
    lists = [any(isinstance(one, TensorList) for one in pair) for pair in zip(*ends, strict=True)]
    bodies, kinds = [], []
    for g, given, others in zip(graphs, ends, ends[::-1], strict=True):
        stated = [_stated_like(*pair) for pair in zip(given, others, strict=True)]
        made = [g.op("Identity", _leaving(g, one)) for one in stated]
        kinds.append([(one.dtype, one.shape) for one in made])
        bodies.append(g.body(made))
    like = [_merged(*pair) for pair in zip(*kinds, strict=True)]
    found = outer.ops(
        "If",
        condition,
        outputs=len(like),
        like=like,
        then_branch=bodies[0],
        else_branch=bodies[1],
    )
    return tuple(
        TensorList(one.dtype, one) if is_list else one
        for one, is_list in zip(found, lists, strict=True)
    )


def _stated_like(item: Operand, other: Operand) -> Operand:
    """A list without a stated shape of its tensors, with that of another."""
    if not isinstance(item, TensorList) or not isinstance(other, TensorList):
        return item
    if item.stacked is not None or item.element is not None:
        return item
    shape = other.element if other.stacked is None else other.stacked.shape[1:]
    return TensorList(item.dtype, None, item.count, shape)


def _merged(one: Kind, other: Kind) -> Kind:
    """The kind of a value that has one of two kinds."""
    if one[0] != other[0] or len(one[1]) != len(other[1]):
        raise UnsupportedModelError(
            "two ways give tensors of different dtypes or numbers of axes",
            received=f"{one} and {other}",
        )
    shape = tuple(a if a == b else None for a, b in zip(one[1], other[1], strict=True))
    return one[0], shape


class _Loop(NamedTuple):
    """A loop whose parts are known. ``kept`` are the arguments that stay outside, ``filled`` those
    that are lists of the outputs of all steps, and ``carried`` all others.
    """

    condition: OperationGraph
    body: OperationGraph
    arguments: list[Operand]
    carried: list[int]
    filled: list[int]


def _while(n: NodeCall) -> tuple[Operand, ...]:
    condition, body = _graph(n, "cond"), _graph(n, "body")
    arguments = [lifted(n.g, one) for one in n.operands]
    kept = unchanged(body)
    bound = bound_of(condition, body, kept, arguments, partial(n.run, n.g))
    if bound is None:
        raise UnsupportedModelError("the loop does not count up to a bound that is known at first")
    filled = filled_places(body, kept, arguments, bound)
    carried = [i for i in range(len(arguments)) if i not in kept and i not in filled]
    outputs = list(body.outputs)
    for place, edge in filled.items():
        outputs[place] = edge
    body = pruned(body.nodes, outputs)
    loop = _Loop(condition, body, arguments, carried, list(filled))
    _state_lists(n, loop)
    return _looped(n, loop, bound.trips(n.g))


def _state_lists(n: NodeCall, loop: _Loop) -> None:
    """Give lists whose tensors have no stated shape that of what the first step puts into them."""
    free = [i for i in loop.carried if _is_free(loop.arguments[i])]
    if not free:
        return
    trial, given = Graph(n.g), list(loop.arguments)
    for place in loop.carried:
        if place not in free:
            start = _begin(n, given[place])
            entered = trial.input(trial.fresh(), start.dtype, start.shape)
            is_list = isinstance(given[place], TensorList)
            given[place] = TensorList(start.dtype, entered) if is_list else entered
    new = n.run(trial, loop.body, given)
    for place in free:
        loop.arguments[place] = _stated_like(given[place], new[place])


def _is_free(item: Operand) -> bool:
    return isinstance(item, TensorList) and item.stacked is None and item.element is None


def _looped(n: NodeCall, loop: _Loop, trips: Known | Value) -> tuple[Operand, ...]:
    g, arguments = n.g, loop.arguments
    values = [_begin(n, arguments[i]) for i in loop.carried]
    begins = as_value(g, n.run(g, loop.condition, arguments)[0])
    kinds: list[Kind] = [(one.dtype, one.shape) for one in values]
    for _ in range(_PASSES):
        body, made, steps = _body(n, loop, kinds)
        found = [(one.dtype, one.shape) for one in made[1:]]
        merged = [_merged(*pair) for pair in zip(kinds, found, strict=True)]
        if merged == kinds:
            break
        kinds = merged
    count = int(trips.array) if isinstance(trips, Known) else None
    subgraph = body.body([*made, *steps])
    if count is not None and count * (subgraph.operations + _STEP) > g.limits.row_operations:
        raise LimitExceededError(
            f"the loop takes more than {g.limits.row_operations:,} operations, the limit "
            "(row_operations)",
            received=f"{count:,} steps",
        )
    like = [*kinds, *((one.dtype, (count, *one.shape)) for one in steps)]
    ends = g.ops(
        "Loop",
        as_value(g, trips),
        begins,
        *values,
        outputs=len(like),
        like=like,
        body=subgraph,
    )
    results = list(arguments)
    for place, end in zip((*loop.carried, *loop.filled), ends, strict=True):
        is_list = isinstance(arguments[place], TensorList)
        results[place] = TensorList(end.dtype, end) if is_list else end
    return tuple(results)


def _begin(n: NodeCall, item: Operand) -> Value:
    """A value as it enters a loop; a list enters as one tensor."""
    return as_stacked(n.g, item) if isinstance(item, TensorList) else as_value(n.g, item)


def _body(
    n: NodeCall, loop: _Loop, kinds: Sequence[Kind]
) -> tuple[Graph, list[Value], list[Value]]:
    """The body for values of some kinds: whether it goes on and the new values, and the outputs of
    the step.
    """
    body = Graph(n.g)
    body.input(body.fresh(), "int64", ())
    body.input(body.fresh(), "bool", ())
    given = list(loop.arguments)
    for place, (dtype, shape) in zip(loop.carried, kinds, strict=True):
        entered = body.input(body.fresh(), dtype, shape)
        is_list = isinstance(given[place], TensorList)
        given[place] = TensorList(dtype, entered) if is_list else entered
    new = n.run(body, loop.body, given)
    handed = list(given)
    for place in loop.carried:
        handed[place] = new[place]
    goes_on = as_value(body, n.run(body, loop.condition, handed)[0])
    made = [goes_on, *(_leaving(body, new[place]) for place in loop.carried)]
    steps = [as_value(body, new[place]) for place in loop.filled]
    return (
        body,
        [body.op("Identity", one) for one in made],
        [body.op("Identity", one) for one in steps],
    )


def _leaving(body: Graph, item: Operand) -> Value:
    return as_stacked(body, item) if isinstance(item, TensorList) else as_value(body, item)


ROWS: Mapping[str, Row] = {
    "Case": _case,
    "If": _if,
    "StatelessCase": _case,
    "StatelessIf": _if,
    "StatelessWhile": _while,
    "While": _while,
}
"""Operation -> what compiles it."""
