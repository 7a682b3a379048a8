"""Layers of keras.layers.rnn as ONNX' own recurrent operators.

Gates: Keras' LSTM keeps input, forget, cell, output, ONNX input, output, forget, cell; GRU is update, reset, hidden
in both, and ``reset_after`` is ONNX' ``linear_before_reset``. ONNX activations may carry alpha and beta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.compile.graph import Value
    from keramos.compile.site import Site

_ACTIVATIONS: dict[str, tuple[str, list[float], list[float]]] = {
    "elu": ("Elu", [1.0], []),
    "hard_sigmoid": ("HardSigmoid", [1 / 6], [0.5]),
    "hard_sigmoid_keras2": ("HardSigmoid", [0.2], [0.5]),
    "linear": ("Affine", [1.0], [0.0]),
    "relu": ("Relu", [], []),
    "sigmoid": ("Sigmoid", [], []),
    "softplus": ("Softplus", [], []),
    "softsign": ("Softsign", [], []),
    "tanh": ("Tanh", [], []),
}
"""Keras name -> ONNX function, alpha, beta. ONNX hands the numbers to those functions that take one, in order."""

_LSTM_GATES = (0, 3, 1, 2)
_GRU_GATES = (0, 1, 2)


def _functions(s: Site, names: list[object]) -> dict[str, Any]:  # splatted into ONNX attributes of several types
    """ONNX attributes for the activations of a cell."""
    rows = []
    for name in names:
        if name not in _ACTIVATIONS:
            raise s.unsupported("activation", name, f"inside a recurrent layer {', '.join(_ACTIVATIONS)} are")
        rows.append(_ACTIVATIONS[str(name)])
    alphas, betas = ([number for row in rows for number in row[i]] for i in (1, 2))
    found: dict[str, Any] = {"activations": [row[0] for row in rows]}
    return found | {"activation_alpha": alphas or None, "activation_beta": betas or None}


def _gates(kernel: NDArray[np.generic], units: int, order: tuple[int, ...]) -> NDArray[np.generic]:
    """(in, gates * units) -> (1, gates * units, in) in ONNX' order."""
    return np.concatenate([kernel[:, i * units : (i + 1) * units] for i in order], axis=1).T[None]


def _run(
    s: Site,
    kind: str,
    units: int,
    weights: list[NDArray[np.generic]],
    flags: dict[str, bool],
    **attributes: Any,  # noqa: ANN401 (ONNX attributes of several types)
) -> tuple[Value, ...]:
    """Run over time and give what Keras gives: the sequence or the last output, then the states if wanted."""
    if s.mask is not None or len(s.inputs) > 1:
        raise s.unsupported("mask or initial state", "given", "recurrent layers run without them so far")
    g, backwards = s.g, flags["go_backwards"]
    x = g.op("Transpose", s.x, perm=[1, 0, 2])
    if backwards:
        x = g.op("Slice", x, [-1], [-(2**62)], [0], [-1])
    outputs = 3 if kind == "LSTM" else 2
    y, *states = g.ops(kind, x, *weights, outputs=outputs, hidden_size=units, **attributes)
    last = g.op("Squeeze", states[0], [0])
    result = g.op("Transpose", g.op("Squeeze", y, [1]), perm=[1, 0, 2]) if flags["return_sequences"] else last
    if not flags["return_state"]:
        return (result,)
    return (result, last, *(g.op("Squeeze", state, [0]) for state in states[1:]))


def _weights(s: Site, units: int, order: tuple[int, ...], bias: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    """Kernel, recurrent kernel and both biases as ONNX keeps them; ``bias`` is (2, gates * units)."""
    wide = len(order) * units
    kernel = s.float_weight("kernel", (s.x.shape[2], wide))
    recurrent = s.float_weight("recurrent kernel", (units, wide))
    both = np.concatenate([_gates(row[None], units, order)[0, :, 0] for row in bias])[None]
    return [_gates(kernel, units, order), _gates(recurrent, units, order), both.astype(kernel.dtype)]


def _bias(s: Site, wide: int, *, use_bias: bool, rows: int = 1) -> NDArray[np.generic]:
    """The bias as (2, wide): input row, recurrent row. It is the layer's third weight."""
    if not use_bias:
        return np.zeros((2, wide), "float32")
    stored = np.asarray(s.layer.weights[2], "float32").reshape(rows, wide)
    return np.concatenate([stored, np.zeros((2 - rows, wide), "float32")])


def _flags(
    *, return_sequences: bool, return_state: bool, go_backwards: bool, stateful: bool, time_major: bool, site: Site
) -> dict[str, bool]:
    if time_major:
        raise site.unsupported("time_major", time_major, "rows come first")
    if stateful:
        raise site.unsupported("stateful", stateful, "a file holds no state between calls")
    return {"return_sequences": return_sequences, "return_state": return_state, "go_backwards": go_backwards}


def lstm(
    s: Site,
    *,
    units: int,
    activation: object = "tanh",
    recurrent_activation: object = "sigmoid",
    use_bias: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,
    time_major: bool = False,
) -> tuple[Value, ...]:
    """Long short-term memory."""
    flags = _flags(
        return_sequences=return_sequences,
        return_state=return_state,
        go_backwards=go_backwards,
        stateful=stateful,
        time_major=time_major,
        site=s,
    )
    weights = _weights(s, units, _LSTM_GATES, _bias(s, 4 * units, use_bias=use_bias))
    if use_bias:
        s.weight("bias", (4 * units,))
    return _run(s, "LSTM", units, weights, flags, **_functions(s, [recurrent_activation, activation, activation]))


def gru(
    s: Site,
    *,
    units: int,
    activation: object = "tanh",
    recurrent_activation: object = "sigmoid",
    use_bias: bool = True,
    reset_after: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,
    time_major: bool = False,
) -> tuple[Value, ...]:
    """Gated recurrent unit."""
    flags = _flags(
        return_sequences=return_sequences,
        return_state=return_state,
        go_backwards=go_backwards,
        stateful=stateful,
        time_major=time_major,
        site=s,
    )
    rows = 2 if reset_after else 1
    weights = _weights(s, units, _GRU_GATES, _bias(s, 3 * units, use_bias=use_bias, rows=rows))
    if use_bias:
        s.weight("bias", (2, 3 * units) if reset_after else (3 * units,))
    functions = _functions(s, [recurrent_activation, activation])
    return _run(s, "GRU", units, weights, flags, linear_before_reset=int(reset_after), **functions)


def simple_rnn(
    s: Site,
    *,
    units: int,
    activation: object = "tanh",
    use_bias: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,
    time_major: bool = False,
) -> tuple[Value, ...]:
    """The plain recurrent layer."""
    flags = _flags(
        return_sequences=return_sequences,
        return_state=return_state,
        go_backwards=go_backwards,
        stateful=stateful,
        time_major=time_major,
        site=s,
    )
    weights = _weights(s, units, (0,), _bias(s, units, use_bias=use_bias))
    if use_bias:
        s.weight("bias", (units,))
    return _run(s, "RNN", units, weights, flags, **_functions(s, [activation]))


_SILENT = ("zero_output_for_mask", "input_length")  # without a mask there is nothing to zero

LAYERS = {
    "GRU": Lowering(gru, ignored=_SILENT, floats=True),
    "LSTM": Lowering(lstm, ignored=_SILENT, floats=True),
    "SimpleRNN": Lowering(simple_rnn, ignored=_SILENT, floats=True),
}
