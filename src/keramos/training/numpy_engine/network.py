"""A stack of Dense layers with dropout and batch normalisation: forward and backward passes.

All trainable parameters lie in one flat float32 vector, so that an optimizer's step is a handful of
NumPy calls whatever the number of layers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keramos.frozen import Frozen
from keramos.training.numpy_engine.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]


_BITS_AT_ONCE = 1 << 13


class Dense(Frozen, frozen=True):
    """activation(x · kernel + bias)."""

    units: int
    activation: str = "linear"


class Dropout(Frozen, frozen=True):
    """Switches off a share of units while training, and scales up the others."""

    rate: float


class BatchNormalization(Frozen, frozen=True):
    """Normalises each unit over the batch while training, by moving averages afterwards."""

    momentum: float = 0.99
    epsilon: float = 1e-3


LayerPlan = Dense | Dropout | BatchNormalization


class _Layer(Protocol):
    """One layer; ``forward`` keeps what ``backward`` needs."""

    def forward(self, x: Array, *, training: bool) -> Array: ...

    def backward(self, gradient: Array) -> Array: ...


class _Parameters:
    """Trainable arrays as views of one vector, and their gradients as views of another."""

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        sizes = [int(np.prod(shape)) for shape in shapes]
        self.values = np.zeros(sum(sizes), "float32")
        self.gradients = np.zeros(sum(sizes), "float32")
        ends = np.cumsum(sizes)
        spans = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.arrays = [
            self.values[s].reshape(shape) for s, shape in zip(spans, shapes, strict=True)
        ]
        self.slopes = [
            self.gradients[s].reshape(shape) for s, shape in zip(spans, shapes, strict=True)
        ]


class _Room:
    """Arrays that training steps use again and again: new ones of this size cost more than the
    product they hold.
    """

    def __init__(self) -> None:
        self._rows = -1
        self._arrays: dict[tuple[str, int], Array] = {}

    def array(self, name: str, rows: int, units: int) -> Array:
        """An array (rows, units) with whatever it held before."""
        if rows != self._rows:
            self._rows = rows
            self._arrays.clear()
        found = self._arrays.get((name, units))
        if found is None:
            found = self._arrays[name, units] = np.empty((rows, units), "float32")
        return found


class _DenseLayer:
    def __init__(self, plan: Dense, arrays: Sequence[Array], slopes: Sequence[Array]) -> None:
        self._kernel, self._bias = arrays
        self._kernel_slope, self._bias_slope = slopes
        self._name, self._activation = plan.activation, ACTIVATIONS[plan.activation]
        self._room = _Room()
        self.is_first = False

    def forward(self, x: Array, *, training: bool) -> Array:
        if not training:
            return self._activation.apply(x @ self._kernel + self._bias)
        self._x = x
        before = self._room.array("before", len(x), len(self._bias))
        np.matmul(x, self._kernel, out=before)
        before += self._bias
        self._before = before
        if self._name == "relu":
            self._after = np.maximum(before, 0, out=before)
        else:
            self._after = self._activation.apply(before)
        return self._after

    def backward(self, gradient: Array) -> Array:
        if self._name == "relu":
            gradient *= self._after > 0
        elif self._name != "linear":
            gradient = gradient * self._activation.slope(self._before, self._after)
        np.matmul(self._x.T, gradient, out=self._kernel_slope)
        np.matmul(_ones(len(gradient)), gradient, out=self._bias_slope)
        if self.is_first:  # nobody asks for the gradient of the rows
            return gradient
        below = self._room.array("below", len(gradient), len(self._kernel))
        multiply = np.multiply if len(self._bias) == 1 else np.matmul
        return multiply(gradient, self._kernel.T, out=below)


@lru_cache(maxsize=4)
def _ones(rows: int) -> Array:
    """A sum over rows as a product: many times faster than that of NumPy for few columns."""
    return np.ones(rows, "float32")


class _Bits:
    """The numbers of 32 bits that a generator makes, drawn many at once, in its order."""

    def __init__(self, draw: np.random.Generator) -> None:
        self._draw = draw
        self._left = np.empty(0, "uint32")

    def take(self, count: int) -> NDArray[np.uint32]:
        """The next ``count``."""
        if count > len(self._left):
            wanted = max((count - len(self._left) + 1) // 2, _BITS_AT_ONCE)
            raw = self._draw.bit_generator.random_raw(wanted)
            more = raw.astype("<u8", copy=False).view("<u4")  # the lower half comes first
            self._left = np.concatenate([self._left, more]) if len(self._left) else more
        taken, self._left = self._left[:count], self._left[count:]
        return taken


class _DropoutLayer:
    """Drops what ``Generator.random`` of float32 numbers would: its upper 24 bits decide."""

    def __init__(self, rate: float, bits: _Bits) -> None:
        keep = np.float32(1 - rate)
        self._scale = 1 / keep
        self._below = min(int(np.ceil(float(keep) * 2**24)) << 8, 2**32 - 1)
        self._bits = bits
        self._room = _Room()
        self._mask: Array | None = None

    def forward(self, x: Array, *, training: bool) -> Array:
        if not training:
            return x
        kept = self._bits.take(x.size).reshape(x.shape) < np.uint32(self._below)
        self._mask = self._room.array("mask", *x.shape)
        np.multiply(kept, self._scale, out=self._mask)
        return np.multiply(x, self._mask, out=self._room.array("after", *x.shape))

    def backward(self, gradient: Array) -> Array:
        if self._mask is not None:
            gradient *= self._mask
        return gradient


class _BatchNormalizationLayer:
    def __init__(
        self, plan: BatchNormalization, arrays: Sequence[Array], slopes: Sequence[Array]
    ) -> None:
        self._gamma, self._beta = arrays
        self._gamma_slope, self._beta_slope = slopes
        self._plan = plan
        self.mean = np.zeros_like(self._beta)
        self.variance = np.ones_like(self._beta)

    def forward(self, x: Array, *, training: bool) -> Array:
        mean, variance = self.mean, self.variance
        if training:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            momentum = np.float32(self._plan.momentum)
            self.mean += (1 - momentum) * (mean - self.mean)
            self.variance += (1 - momentum) * (variance - self.variance)
        self._scale = 1 / np.sqrt(variance + np.float32(self._plan.epsilon))
        self._normal = (x - mean) * self._scale
        return np.asarray(self._gamma * self._normal + self._beta, "float32")

    def backward(self, gradient: Array) -> Array:
        np.sum(gradient * self._normal, axis=0, out=self._gamma_slope)
        np.sum(gradient, axis=0, out=self._beta_slope)
        rows = np.float32(len(gradient))
        inner = gradient - (self._beta_slope + self._normal * self._gamma_slope) / rows
        return np.asarray(self._gamma * self._scale * inner, "float32")


class DenseNetwork:
    """The layers of ``plan`` over ``features`` inputs; the last Dense gives logits.

    ``weights`` lists arrays in the order of Keras' ``get_weights`` (kernel, bias; gamma, beta,
    moving mean, moving variance).
    """

    def __init__(self, features: int, plan: Sequence[LayerPlan], seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        bits = _Bits(draw)
        self._parameters = _Parameters(list(_shapes(features, plan)))
        arrays, slopes = iter(self._parameters.arrays), iter(self._parameters.slopes)
        self._layers: list[_Layer] = []
        for one in plan:
            if isinstance(one, Dropout):
                self._layers.append(_DropoutLayer(one.rate, bits))
            elif isinstance(one, Dense):
                kernel, bias = next(arrays), next(arrays)
                limit = (6 / sum(kernel.shape)) ** 0.5  # Glorot's, as keras.layers.Dense begins
                kernel[:] = draw.uniform(-limit, limit, kernel.shape)
                self._layers.append(_DenseLayer(one, (kernel, bias), (next(slopes), next(slopes))))
            else:
                gamma, beta = next(arrays), next(arrays)
                gamma[:] = 1
                pair = (next(slopes), next(slopes))
                self._layers.append(_BatchNormalizationLayer(one, (gamma, beta), pair))
        if isinstance(first := self._layers[0], _DenseLayer):
            first.is_first = True

    @property
    def parameters(self) -> Array:
        """All trainable parameters, one vector; changing it changes the network."""
        return self._parameters.values

    @property
    def gradient(self) -> Array:
        """The gradient of the last ``backward``, in the order of ``parameters``."""
        return self._parameters.gradients

    def kernels(self) -> Array:
        """1 for each parameter of a kernel, 0 for the others: what weight decay applies to."""
        marks = [np.full(a.size, float(a.ndim > 1), "float32") for a in self._parameters.arrays]
        return np.concatenate(marks)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Logits (n, units) of rows (n, features)."""
        for layer in self._layers:
            x = layer.forward(x, training=training)
        return x

    def backward(self, gradient: Array) -> None:
        """Fill ``gradient`` from the loss' gradient at the logits of the last training pass, whose
        array is used up.
        """
        for layer in reversed(self._layers):
            gradient = layer.backward(gradient)

    def weights(self) -> list[Array]:
        """The arrays themselves, not copies, in Keras' order."""
        found, arrays = [], iter(self._parameters.arrays)
        for layer in self._layers:
            if not isinstance(layer, _DropoutLayer):
                found += [next(arrays), next(arrays)]
            if isinstance(layer, _BatchNormalizationLayer):
                found += [layer.mean, layer.variance]
        return found


def _shapes(features: int, plan: Sequence[LayerPlan]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for one in plan:
        if isinstance(one, Dense):
            found += [(features, one.units), (one.units,)]
            features = one.units
        elif isinstance(one, BatchNormalization):
            found += [(features,), (features,)]
    return found
