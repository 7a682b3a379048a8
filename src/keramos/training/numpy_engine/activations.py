"""Activations by their Keras names, each with its derivative.

Formulas: ``keras.activations`` of Keras 3. ``y`` is the activation of ``x``; derivatives take both,
since many are cheapest in terms of ``y``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_LEAK = 0.2
_ROOT_2, _ROOT_2_PI = 2.0**0.5, (2.0 * np.pi) ** 0.5


class Activation(NamedTuple):
    """``apply(x)`` and ``slope(x, y)``, the derivative at x where y = apply(x); elementwise."""

    apply: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small), x.dtype)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    return np.asarray(np.logaddexp(x, np.zeros((), x.dtype)), x.dtype)


def erf(x: Array) -> Array:
    """The error function to 1.2e-7 (Abramowitz and Stegun, formula 7.1.26 by its 7.1.28 form)."""
    a = np.abs(x.astype(float))
    series = 1 + a * (
        0.0705230784
        + a
        * (
            0.0422820123
            + a * (0.0092705272 + a * (0.0001520143 + a * (0.0002765672 + a * 0.0000430638)))
        )
    )
    return np.asarray(np.sign(x) * (1 - series**-16.0), x.dtype)


def _gelu_slope(x: Array, _: Array) -> Array:
    density = np.exp(-0.5 * x * x) / _ROOT_2_PI
    return np.asarray(0.5 * (1 + erf(x / np.float32(_ROOT_2))) + x * density, x.dtype)


def _silu_slope(x: Array, y: Array) -> Array:
    s = sigmoid(x)
    return s + y * (1 - s)


def _mish_slope(x: Array, _: Array) -> Array:
    t = np.tanh(softplus(x))
    return np.asarray(t + x * (1 - t * t) * sigmoid(x), x.dtype)


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _between(low: float, high: float, slope: float = 1.0) -> Callable[[Array, Array], Array]:
    return lambda x, _: np.where((x > low) & (x < high), np.float32(slope), np.float32(0))


ACTIVATIONS: dict[str, Activation] = {
    "celu": Activation(_elu, lambda x, y: np.where(x > 0, np.float32(1), y + 1)),
    "elu": Activation(_elu, lambda x, y: np.where(x > 0, np.float32(1), y + 1)),
    "exponential": Activation(np.exp, lambda _, y: y),
    "gelu": Activation(
        lambda x: np.float32(0.5) * x * (1 + erf(x / np.float32(_ROOT_2))), _gelu_slope
    ),
    "hard_sigmoid": Activation(
        lambda x: np.clip(x / np.float32(6) + np.float32(0.5), 0, 1), _between(-3, 3, 1 / 6)
    ),
    "leaky_relu": Activation(
        lambda x: np.maximum(x, np.float32(_LEAK) * x),
        lambda x, _: np.where(x > 0, np.float32(1), np.float32(_LEAK)),
    ),
    "linear": Activation(lambda x: x, lambda x, _: np.ones_like(x)),
    "mish": Activation(lambda x: x * np.tanh(softplus(x)), _mish_slope),
    "relu": Activation(lambda x: np.maximum(x, 0), lambda _, y: (y > 0).astype("float32")),
    "relu6": Activation(lambda x: np.clip(x, 0, 6), _between(0, 6)),
    "selu": Activation(
        lambda x: (
            np.float32(_SELU_SCALE)
            * np.where(x > 0, x, np.float32(_SELU_ALPHA) * np.expm1(np.minimum(x, 0)))
        ),
        lambda x, y: np.where(
            x > 0, np.float32(_SELU_SCALE), y + np.float32(_SELU_SCALE * _SELU_ALPHA)
        ),
    ),
    "sigmoid": Activation(sigmoid, lambda _, y: y * (1 - y)),
    "silu": Activation(lambda x: x * sigmoid(x), _silu_slope),
    "softplus": Activation(softplus, lambda x, _: sigmoid(x)),
    "softsign": Activation(
        lambda x: x / (1 + np.abs(x)), lambda _, y: (1 - np.abs(y)) ** np.float32(2)
    ),
    "swish": Activation(lambda x: x * sigmoid(x), _silu_slope),
    "tanh": Activation(np.tanh, lambda _, y: 1 - y * y),
}
"""Keras name -> activation. The output layer's sigmoid and softmax belong to the loss."""
