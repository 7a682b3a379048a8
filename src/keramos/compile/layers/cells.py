"""Recurrent cells of keras.layers: each as a step and, where ONNX has one, as an operator.

Gates: Keras' LSTM keeps input, forget, cell, output, ONNX input, output, forget, cell; GRU is
update, reset, hidden in both, and ``reset_after`` is ONNX' ``linear_before_reset``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.activation import activate
from keramos.compile.lowering.recurrent import Cell, Operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.recurrent import States
    from keramos.compile.onnx.graph import Graph, Value
    from keramos.types.legacy import Legacy

    Array = NDArray[np.generic]
    CellOf = Callable[..., Cell]

_ACTIVATIONS: dict[str, tuple[str, list[float], list[float]]] = {
    "elu": ("Elu", [1.0], []),
    "hard_sigmoid": ("HardSigmoid", [1 / 6], [0.5]),
    "linear": ("Affine", [1.0], [0.0]),
    "relu": ("Relu", [], []),
    "sigmoid": ("Sigmoid", [], []),
    "softsign": ("Softsign", [], []),
    "tanh": ("Tanh", [], []),
}
"""Keras name -> ONNX function, alpha, beta. ONNX hands the numbers to those functions that take
one, in order.
"""

_LSTM_GATES = (0, 3, 1, 2)
_GRU_GATES = (0, 1, 2)


def _operator(
    kind: str,
    order: tuple[int, ...],
    weights: tuple[Array, Array, Array],
    names: list[object],
    legacy: Legacy,
    **more: object,
) -> Operator | None:
    """The operator, if it knows all activations. The bias is (2, gates * units): for inputs and for
    states.
    """
    if any(
        not isinstance(name, str | None) or (name or "linear") not in _ACTIVATIONS for name in names
    ):
        return None
    rows = [_operator_activation(str(name or "linear"), legacy) for name in names]
    alphas, betas = ([number for row in rows for number in row[i]] for i in (1, 2))
    kernel, recurrent, bias = weights
    both = np.concatenate([_gates(row[None], order)[0, :, 0] for row in bias])[None]
    functions = {"activations": [row[0] for row in rows]}
    numbers = {"activation_alpha": alphas or None, "activation_beta": betas or None}
    return Operator(
        kind,
        (_gates(kernel, order), _gates(recurrent, order), both),
        {**functions, **numbers, **more},
    )


def _operator_activation(name: str, legacy: Legacy) -> tuple[str, list[float], list[float]]:
    if name == "hard_sigmoid" and legacy.hard_sigmoid_keras2:
        return "HardSigmoid", [0.2], [0.5]
    return _ACTIVATIONS[name]


def _gates(kernel: Array, order: tuple[int, ...]) -> Array:
    """(in, gates * units) -> (1, gates * units, in) in ONNX' order."""
    units = kernel.shape[1] // len(order)
    return np.concatenate([kernel[:, i * units : (i + 1) * units] for i in order], axis=1).T[None]


def _weights(
    s: LayerCall, features: int | None, units: int, gates: int, *, rows: int, use_bias: bool
) -> tuple[Array, ...]:
    """Kernel, recurrent kernel, and the bias as (2, gates * units); ``rows`` of it are stored."""
    wide = gates * units
    kernel, recurrent = (
        s.float_weight("kernel", features=features),
        s.float_weight("recurrent_kernel"),
    )
    if not use_bias:
        return kernel, recurrent, np.zeros((2, wide), "float32")
    stored = s.float_weight("bias", (2, wide) if rows > 1 else (wide,)).reshape(rows, wide)
    return kernel, recurrent, np.concatenate([stored, np.zeros((2 - rows, wide), "float32")])


def _affine(weight: Array, bias: Array | None) -> Callable[[Graph, Value], Value]:
    def apply(g: Graph, x: Value) -> Value:
        y = g.op("MatMul", x, weight)
        return y if bias is None else g.op("Add", y, bias)

    return apply


def lstm_cell(
    s: LayerCall,
    features: int | None,
    *,
    units: int,
    activation: object = "tanh",
    recurrent_activation: object = "sigmoid",
    use_bias: bool = True,
) -> Cell:
    """Long short-term memory."""
    kernel, recurrent, bias = _weights(s, features, units, 4, rows=1, use_bias=use_bias)
    names, legacy = [recurrent_activation, activation, activation], s.layer.legacy

    def step(g: Graph, p: Value, states: States) -> States:
        z = g.op("Add", p, g.op("MatMul", states[0], recurrent))
        i, f, c, o = g.ops("Split", z, [units] * 4, outputs=4, axis=-1)
        return lstm_states(g, (i, f, c, o), states[1], activation, recurrent_activation, legacy)

    operator = _operator("LSTM", _LSTM_GATES, (kernel, recurrent, bias), names, legacy)
    return Cell(((units,), (units,)), _affine(kernel, bias[0]), step, operator)


def lstm_states(
    g: Graph,
    gates: tuple[Value, Value, Value, Value],
    carry: Value,
    activation: object,
    recurrent_activation: object,
    legacy: Legacy,
) -> States:
    """New output and carry of a long short-term memory from its gates before activation."""
    i, f, c, o = gates
    i, f, o = (activate(g, gate, recurrent_activation, legacy) for gate in (i, f, o))
    kept = g.op("Mul", f, carry)
    carry = g.op("Add", kept, g.op("Mul", i, activate(g, c, activation, legacy)))
    return g.op("Mul", o, activate(g, carry, activation, legacy)), carry


def gru_cell(
    s: LayerCall,
    features: int | None,
    *,
    units: int,
    activation: object = "tanh",
    recurrent_activation: object = "sigmoid",
    use_bias: bool = True,
    reset_after: bool = True,
) -> Cell:
    """Gated recurrent unit; ``reset_after`` says on which side of the matrix product the reset gate
    works.
    """
    rows, legacy = 2 if reset_after else 1, s.layer.legacy
    kernel, recurrent, bias = _weights(s, features, units, 3, rows=rows, use_bias=use_bias)

    def step(g: Graph, p: Value, states: States) -> States:
        h, both, one = states[0], [2 * units, units], [units, units]
        gates, hidden = g.ops("Split", p, both, outputs=2, axis=-1)
        if reset_after:
            inner = g.op("Add", g.op("MatMul", h, recurrent), bias[1])
            inner_gates, inner_hidden = g.ops("Split", inner, both, outputs=2, axis=-1)
        else:
            inner_gates = g.op("MatMul", h, recurrent[:, : 2 * units])
        z, r = g.ops("Split", g.op("Add", gates, inner_gates), one, outputs=2, axis=-1)
        z, r = (activate(g, gate, recurrent_activation, legacy) for gate in (z, r))
        if reset_after:
            proposed = g.op("Mul", r, inner_hidden)
        else:
            proposed = g.op("MatMul", g.op("Mul", r, h), recurrent[:, 2 * units :])
        new = activate(g, g.op("Add", hidden, proposed), activation, legacy)
        return (g.op("Add", g.op("Mul", z, g.op("Sub", h, new)), new),)

    operator = _operator(
        "GRU",
        _GRU_GATES,
        (kernel, recurrent, bias),
        [recurrent_activation, activation],
        legacy,
        linear_before_reset=int(reset_after),
    )
    return Cell(((units,),), _affine(kernel, bias[0]), step, operator)


def simple_rnn_cell(
    s: LayerCall,
    features: int | None,
    *,
    units: int,
    activation: object = "tanh",
    use_bias: bool = True,
) -> Cell:
    """activation(x · kernel + h · recurrent kernel + bias)."""
    kernel, recurrent, bias = _weights(s, features, units, 1, rows=1, use_bias=use_bias)

    def step(g: Graph, p: Value, states: States) -> States:
        z = g.op("Add", p, g.op("MatMul", states[0], recurrent))
        return (activate(g, z, activation, s.layer.legacy),)

    operator = _operator("RNN", (0,), (kernel, recurrent, bias), [activation], s.layer.legacy)
    return Cell(((units,),), _affine(kernel, bias[0]), step, operator)


CELLS: dict[str, CellOf] = {
    "GRUCell": gru_cell,
    "LSTMCell": lstm_cell,
    "SimpleRNNCell": simple_rnn_cell,
}
"""Class name -> function(call, features, **options)."""
