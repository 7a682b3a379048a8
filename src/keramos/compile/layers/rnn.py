"""Layers of keras.layers.rnn: a cell run over the steps of a sequence, and wrappers of such
layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from keramos.compile.layers.cells import CELLS
from keramos.compile.lowering import recurrent
from keramos.compile.onnx.graph import Value
from keramos.keras_layers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.compile.layers.cells import CellOf
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.recurrent import Cell
    from keramos.types.network import Layer


def given_states(s: LayerCall) -> list[Value]:
    """States to begin with, in order: further inputs, or the call's ``initial_state``."""
    return [*s.inputs[1:], *_flat(s.kwargs.get("initial_state"))]


def _flat(item: object) -> Iterator[Value]:
    if isinstance(item, Value):
        yield item
    elif isinstance(item, list | tuple):
        for part in item:
            yield from _flat(part)


def _mask(s: LayerCall, initial: Sequence[Value]) -> Value | None:
    """The mask of the steps. Keras 3 forgets that of a sequence which comes with initial states,
    unless the call names it.
    """
    kept = "mask" in s.kwargs or s.layer.legacy.states_keep_mask
    return None if initial and not kept else s.mask


def over_time(
    s: LayerCall,
    cells: Sequence[Cell],
    x: Value,
    *,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    unroll: bool = False,
    states_reversed: bool = False,
) -> tuple[Value, ...]:
    """Run cells over (rows, steps, ...): all outputs or the last one, then the states if wanted.

    A stateful layer begins with zeros in every call, as after ``reset_states``: a file holds no
    state.
    """
    g, initial = s.g, given_states(s)
    mask = _mask(s, initial)
    if initial and len(initial) != sum(len(cell.states) for cell in cells):
        raise s.unsupported(
            "initial_state", f"{len(initial)} tensors", "one for each state of the cells is needed"
        )
    given = mask
    if go_backwards:
        x, mask = recurrent.backwards(g, x), None if mask is None else recurrent.backwards(g, mask)
    # An unrolled layer that runs backwards compares its outputs with the mask as it was given.
    zeros = (given if unroll else mask) if zero_output_for_mask else None
    order = slice(None, None, -1) if states_reversed else slice(None)
    start = _reordered(initial, cells) if states_reversed else initial
    outputs, states = recurrent.run(g, cells, x, mask, start, zeros=zeros)
    last = states[-1][0]
    if zero_output_for_mask and mask is not None:
        end = g.op("Squeeze", g.op("Slice", mask, [-1], [2**62], [1]), [1])
        last = g.op("Where", g.op("Unsqueeze", end, list(range(1, last.rank))), last, 0.0)
    s.out_mask = s.mask if return_sequences else None
    ends = [state for group in states[order] for state in group] if return_state else []
    return (outputs if return_sequences else last, *ends)


def _reordered(initial: Sequence[Value], cells: Sequence[Cell]) -> list[Value]:
    """States that are listed from the last cell to the first, from the first to the last."""
    given = iter(initial)
    groups = [[next(given) for _ in cell.states] for cell in reversed(cells)] if initial else []
    return [state for group in reversed(groups) for state in group]


def _layer_of(cell_of: CellOf) -> Build:
    """A layer with one cell whose options are its own."""

    def build(
        s: LayerCall,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        zero_output_for_mask: bool = False,
        unroll: bool = False,
        **options: object,
    ) -> tuple[Value, ...]:
        return over_time(
            s,
            [cell_of(s, s.x.shape[-1], **options)],
            s.x,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            zero_output_for_mask=zero_output_for_mask,
            unroll=unroll,
        )

    return build


def rnn(
    s: LayerCall,
    *,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    unroll: bool = False,
) -> tuple[Value, ...]:
    """A layer around a cell or a stack of cells that are layers themselves."""
    return over_time(
        s,
        list(_cells(s, s.wrapped, s.x.shape[-1])),
        s.x,
        return_sequences=return_sequences,
        return_state=return_state,
        go_backwards=go_backwards,
        zero_output_for_mask=zero_output_for_mask,
        unroll=unroll,
        states_reversed=any(inner.legacy.states_reversed for inner in s.layer.inner),
    )


def _cells(s: LayerCall, layers: Sequence[Layer], features: int | None) -> Iterator[Cell]:
    for layer in layers:
        if layer.kind == "StackedRNNCells":
            for cell in _cells(s, layer.inner, features):
                yield cell
                features = cell.states[0][0]
            continue
        cell = cell_at(s.for_part(layer), features)
        yield cell
        features = cell.states[0][0]


def cell_at(s: LayerCall, features: int | None) -> Cell:
    """The cell that a layer of its own describes."""
    if s.layer.kind not in CELLS:
        raise s.unsupported("cell", s.layer.kind, f"cells are {', '.join(CELLS)}")
    cell_of = CELLS[s.layer.kind]
    cell = cell_of(s, features, **registry.LAYERS[s.layer.kind].stated(s.layer.config))
    s.assert_all_weights_used()
    return cell


def _one_step(cell_of: CellOf) -> Build:
    """A cell called as a layer: inputs and states -> output and new states."""

    def build(s: LayerCall, **options: object) -> tuple[Value, ...]:
        cell = cell_of(s, s.x.shape[-1], **options)
        states = cell.step(
            s.g, cell.project(s.g, s.x), (*s.inputs[1:], *_flat(s.kwargs.get("states")))
        )
        return (states[0], *states)

    return build


def stacked(s: LayerCall) -> tuple[Value, ...]:
    """Cells on top of each other, which only an RNN layer can call."""
    raise s.unsupported("call", s.layer.kind, "put the cells into an RNN layer")


def bidirectional(
    s: LayerCall,
    *,
    merge_mode: str | None = "concat",
    weights: object = None,
) -> tuple[Value, ...]:
    """One layer forwards, one backwards over the same steps; both results merged.

    Both give zeros at masked steps since TensorFlow 1.14; before, they repeat the last output.
    """
    if weights is not None:
        raise s.unsupported("weights", weights, "they are read from the file's weights")
    initial = given_states(s)
    half = len(initial) // 2
    sequences = bool(s.wrapped[0].config.get("return_sequences"))
    zeros = sequences and not s.layer.legacy.masked_steps_repeat
    forward, backward = (_with(layer, zero_output_for_mask=zeros) for layer in s.layer.inner)
    mask = _mask(s, initial)
    first, *ahead = _directed(s, forward, mask, initial[:half])
    second, *behind = _directed(s, backward, mask, initial[half:])
    y, z = first[0], second[0]
    if forward.config.get("return_sequences"):
        z = recurrent.backwards(s.g, z)
    merged = _merged(s, merge_mode, y, z)
    s.out_mask = (s.mask if forward.config.get("return_sequences") else None,) * len(merged)
    return (*merged, *(state for state, _ in (*ahead, *behind)))


def _directed(
    s: LayerCall, layer: Layer, mask: Value | None, initial: Sequence[Value]
) -> list[tuple[Value, Value | None]]:
    """One direction; like Keras, the wrapper names the mask in the call."""
    return s.run(s.g, layer, (s.x,), (mask,), mask=mask, initial_state=initial)


def _with(layer: Layer, **options: object) -> Layer:
    return replace(layer, config={**layer.config, **options})


def _merged(s: LayerCall, merge_mode: str | None, y: Value, z: Value) -> tuple[Value, ...]:
    g = s.g
    match merge_mode:
        case "concat":
            return (g.op("Concat", y, z, axis=-1),)
        case "sum":
            return (g.op("Add", y, z),)
        case "ave":
            return (g.op("Mul", g.op("Add", y, z), 0.5),)
        case "mul":
            return (g.op("Mul", y, z),)
        case None:
            return y, z
    raise s.unsupported("merge_mode", merge_mode, "concat, sum, ave, mul and None are")


def time_distributed(s: LayerCall) -> tuple[Value, ...]:
    """A layer or model applied to every step of (rows, steps, ...) by itself.

    Before Keras 3 a mask that the inner layer makes is a mask of the result.
    """
    flat, back = zip(*(recurrent.each_step(s.g, x) for x in s.inputs), strict=True)
    deep = s.mask is not None and s.mask.rank > 2
    inside = recurrent.each_step(s.g, cast("Value", s.mask))[0] if deep else None
    results = s.apply(s.wrapped[0], *flat, mask=inside)
    made = results[0][1]
    if s.mask is not None:
        s.out_mask = s.mask
    elif made is not None and s.layer.legacy.inner_mask_passes:
        s.out_mask = back[0](made)
    return tuple(back[0](value) for value, _ in results)


LAYERS: dict[str, Build] = {
    "Bidirectional": bidirectional,
    "RNN": rnn,
    "StackedRNNCells": stacked,
    "TimeDistributed": time_distributed,
    **{name.removesuffix("Cell"): _layer_of(cell) for name, cell in CELLS.items()},
    **{name: _one_step(cell) for name, cell in CELLS.items()},
}
