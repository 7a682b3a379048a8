"""How weights of earlier generations lie, and how they lie today. Applied once a layer has its
config and its weights.

Sources: ``preprocess_weights_for_loading`` of Keras 2.2 (saving of Keras 1 and CuDNN layers), and
the ``build`` methods of Keras 1.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from keramos.errors import MismatchError
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.network import Config, Layer

    Array = NDArray[np.generic]
    Arrays = tuple[Array, ...]
    Step = Callable[[Config, Arrays, Origin], Arrays]

_MIRRORED = frozenset({"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose"})
_RESET_AFTER_AXES = 2


def settle(layer: Layer, origin: Origin) -> Layer:
    """The layer with its weights as current Keras keeps them, and with what only the weights could
    tell.

    Raises:
        MismatchError: a weight does not have the axes that its layer needs.
    """
    config, weights = layer.config, layer.weights
    layout = layer.legacy.weight_layout or ("keras1" if origin.generation == "keras1" else "")
    if _has_cudnn_bias(layer):
        layout = "cudnn"
    try:
        for step in STEPS.get((layer.kind, layout), ()):
            weights = step(config, weights, origin)
        if origin.backend == "theano":
            weights = _flipped(layer.kind, weights)
    except (ValueError, IndexError) as error:
        shapes = ", ".join(str(array.shape) for array in layer.weights)
        raise MismatchError(
            f"the weights do not fit the layer: {error}",
            received=f"shapes {shapes}",
            layer=layer.name,
            layer_kind=layer.kind,
        ) from None
    return replace(
        layer,
        config=_reset_after(layer.kind, config, weights),
        weights=weights,
        legacy=replace(layer.legacy, weight_layout=""),
    )


def _has_cudnn_bias(layer: Layer) -> bool:
    """Two biases in one row: weights that came from a CuDNN layer, whatever the config calls it."""
    spec = spec_of(layer.kind)
    if (layer.kind, "cudnn") not in STEPS or spec is None or len(layer.weights) != 3:  # noqa: PLR2004 (kernel, recurrent kernel, bias)
        return False
    return layer.weights[2].shape == (2 * spec.gates * layer.weights[1].shape[0],)


def _reset_after(kind: str, config: Config, weights: Arrays) -> Config:
    """A GRU that applies the reset gate after the product has a second bias; old configs do not say
    it.
    """
    spec = spec_of(kind)
    if spec is None or "reset_after" not in spec.options:
        return config
    bias = weights[2].ndim == _RESET_AFTER_AXES if len(weights) > _RESET_AFTER_AXES else None
    return {
        **config,
        "reset_after": bool(config.get("reset_after", False)) if bias is None else bias,
    }


def _flipped(kind: str, weights: Arrays) -> Arrays:
    """Theano convolves where the others correlate, so its kernels lie mirrored along the spatial
    axes.

    Depthwise convolutions are the exception: Keras asked Theano to correlate there.
    """
    if kind == "ConvLSTM2D":
        return (*(array[::-1, ::-1] for array in weights[:2]), *weights[2:])
    if kind not in _MIRRORED or not weights:
        return weights
    spatial = weights[0].ndim - 2
    return (weights[0][(slice(None, None, -1),) * spatial], *weights[1:])


def _joined(order: Sequence[int]) -> Step:
    """Arrays W, U, b of each gate -> one kernel, one recurrent kernel, one bias, gates in today's
    order.
    """

    def join(_config: Config, weights: Arrays, _origin: Origin) -> Arrays:
        return tuple(
            np.concatenate([weights[3 * gate + part] for gate in order], axis=-1)
            for part in range(3)
        )

    return join


def _each(*axes: int) -> Step:
    """Transpose every kernel of channels_first layers."""

    def transpose(config: Config, weights: Arrays, _origin: Origin) -> Arrays:
        if config.get("data_format") != "channels_first":
            return weights
        return tuple(
            array.transpose(axes) if array.ndim == len(axes) else array for array in weights
        )

    return transpose


def _conv_1d(config: Config, weights: Arrays, _origin: Origin) -> Arrays:
    """(length, 1, in, out) in Keras 1.2, (out, in, length, 1) before."""
    kernel, size, filters = weights[0], config.get("kernel_size"), config.get("filters")
    if kernel.shape[:2] != (size, 1) or kernel.shape[3] != filters:
        kernel = kernel.transpose(2, 3, 1, 0)
    return (kernel[:, 0], *weights[1:])


def _deconvolution(config: Config, weights: Arrays, _origin: Origin) -> Arrays:
    axes = (2, 3, 0, 1) if config.get("data_format") == "channels_first" else (0, 1, 3, 2)
    return (weights[0].transpose(axes), *weights[1:])


def _local_bias(config: Config, weights: Arrays, _origin: Origin) -> Arrays:
    """Channels_first layers add their bias (places..., filters) reshaped, not transposed, to
    (filters, places...).
    """
    if config.get("data_format") != "channels_first" or len(weights) == 1:
        return weights
    bias = weights[1]
    return (weights[0], np.moveaxis(bias.reshape(bias.shape[-1], *bias.shape[:-1]), 0, -1))


def _highway(_config: Config, weights: Arrays, _origin: Origin) -> Arrays:
    """Before Keras 1.2 each kernel was followed by its bias."""
    if len(weights) == 4 and weights[1].ndim == 1:  # noqa: PLR2004 (two kernels, two biases)
        return tuple(weights[i] for i in (0, 2, 1, 3))
    return weights


def _cudnn(gates: int, *, sum_biases: bool) -> Step:
    """CuDNN keeps each gate's input kernel in transposed order and its recurrent kernel transposed;
    two biases.
    """

    def convert(_config: Config, weights: Arrays, _origin: Origin) -> Arrays:
        kernel, recurrent, bias = weights
        parts = [part.T.reshape(part.shape, order="F") for part in np.split(kernel, gates, axis=1)]
        turned = [part.T for part in np.split(recurrent, gates, axis=1)]
        halves = bias.reshape(2, -1)
        new_bias = halves.sum(axis=0, dtype=bias.dtype) if sum_biases else halves
        return np.hstack(parts), np.hstack(turned), new_bias

    return convert


STEPS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("Conv1D", "keras1"): (_conv_1d,),
    ("Conv2D", "keras1"): (_each(2, 3, 1, 0),),
    ("Conv2DTranspose", "keras1"): (_deconvolution,),
    ("Conv3D", "keras1"): (_each(2, 3, 4, 1, 0),),
    ("ConvLSTM2D", "split"): (_each(2, 3, 1, 0), _joined((0, 2, 1, 3))),
    ("GRU", "cudnn"): (_cudnn(3, sum_biases=False),),
    ("GRU", "split"): (_joined((0, 1, 2)),),
    ("Highway", "keras1"): (_highway,),
    ("LSTM", "cudnn"): (_cudnn(4, sum_biases=True),),
    ("LSTM", "split"): (_joined((0, 2, 1, 3)),),
    ("LocallyConnected1D", ""): (_local_bias,),
    ("LocallyConnected2D", ""): (_local_bias,),
    ("LocallyConnected2D", "keras1"): (_local_bias,),
    ("SeparableConv2D", "keras1"): (_each(2, 3, 1, 0),),
}
"""Class and layout -> what turns its stored arrays into today's. Keras 1 kept LSTM gates in the
order i, c, f, o.
"""
