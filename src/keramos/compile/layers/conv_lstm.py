"""ConvLSTM1D to 3D: a long short-term memory whose matrix products are convolutions.

Everything inside runs channels first, as ONNX wants it: (rows, steps, channels, space...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.compile.layers.cells import lstm_states
from keramos.compile.layers.convolutional import convolve
from keramos.compile.layers.rnn import given_states, over_time
from keramos.compile.lowering.recurrent import Cell, each_step
from keramos.compile.lowering.spatial import each, known
from keramos.compile.onnx.graph import Graph

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.recurrent import States
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Value


def conv_lstm_cell(
    s: LayerCall,
    x: Value,
    *,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    dilation_rate: Sizes = 1,
    activation: object = "tanh",
    recurrent_activation: object = "sigmoid",
    use_bias: bool = True,
) -> Cell:
    """One step; x is (rows, steps, channels, space...). Convolutions of the states keep their
    size.
    """
    axes, gates, legacy = x.rank - 3, 4 * filters, s.layer.legacy
    theano = legacy.theano_padding
    ones = [1] * axes
    order = (axes + 1, axes, *range(axes))
    kernel = s.float_weight("kernel", channels=known(x.shape[2], "channels")).transpose(order)
    recurrent = s.float_weight("recurrent_kernel").transpose(order)
    bias = s.float_weight("bias").reshape(gates, *ones) if use_bias else None

    def inputs(g: Graph, flat: Value) -> Value:
        steps, gaps = each(strides, axes), each(dilation_rate, axes)
        y = convolve(g, flat, kernel, steps, padding, gaps, 1, theano=theano)
        return y if bias is None else g.op("Add", y, bias)

    def project(g: Graph, x: Value) -> Value:
        flat, back = each_step(g, x)
        return back(inputs(g, flat))

    def step(g: Graph, p: Value, states: States) -> States:
        h = convolve(g, states[0], recurrent, ones, "same", ones, 1, theano=theano)
        z = g.op("Add", p, h)
        i, f, c, o = g.ops("Split", z, [filters] * 4, outputs=4, axis=1)
        return lstm_states(g, (i, f, c, o), states[1], activation, recurrent_activation, legacy)

    probe = Graph(weights=kernel.size)
    space = inputs(probe, probe.input("x", x.dtype, (None, *x.shape[2:]))).shape[2:]
    state = (filters, *(known(size, "places") for size in space))
    return Cell((state, state), project, step)


def conv_lstm(
    s: LayerCall,
    *,
    data_format: str | None = "channels_last",
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    unroll: bool = False,
    **options: object,
) -> tuple[Value, ...]:
    """(rows, steps, space..., channels) -> the last output, or all, and the states if wanted."""
    last = data_format != "channels_first"
    x = _moved(s.g, s.x, -1, 2) if last else s.x
    axes = x.rank - 3
    states = [_moved(s.g, state, -1, 1) if last else state for state in given_states(s)]
    kwargs = {key: value for key, value in s.kwargs.items() if key != "initial_state"}
    inside = replace(s, inputs=(x, *states), kwargs=kwargs)
    results = over_time(
        inside,
        [conv_lstm_cell(s, x, **options)],  # type: ignore[arg-type] # values of a config; the cell states their types
        x,
        return_sequences=return_sequences,
        return_state=return_state,
        go_backwards=go_backwards,
        # Before Keras 3 these layers repeat their last output at masked steps, whatever is said.
        zero_output_for_mask=zero_output_for_mask and not s.layer.legacy.states_keep_mask,
        unroll=unroll,
    )
    s.out_mask = inside.out_mask
    return tuple(_moved(s.g, y, y.rank - axes - 1, -1) if last else y for y in results)


def _moved(g: Graph, x: Value, old: int, new: int) -> Value:
    """One axis moved to another place."""
    order = list(range(x.rank))
    axis = order.pop(old)
    order.insert(new % x.rank, axis)
    return g.op("Transpose", x, perm=order)


LAYERS: dict[str, Build] = {f"ConvLSTM{n}D": conv_lstm for n in (1, 2, 3)}
