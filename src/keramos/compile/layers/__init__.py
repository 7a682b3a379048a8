"""Keras layers as ONNX: Keras' own family names as files, one small function a layer.

Each family file ends with its table, class name -> ``Lowering``; this one table joins them.
"""

import importlib
from typing import cast

from keramos.compile.layers import (
    activations,
    attention,
    audio,
    clahe,
    conv_lstm,
    convolutional,
    core,
    image,
    legacy,
    locally_connected,
    lookups,
    merging,
    normalization,
    pooling,
    preprocessing,
    replaced,
    reshaping,
    rnn,
)
from keramos.compile.layers.packed import PACKED
from keramos.compile.layers.quantized import KINDS, WHOLE_BYTES
from keramos.compile.lowering.record import Lowering, Operation
from keramos.types.network import Layer, quantization_mode

LAYERS: dict[str, Lowering] = {
    **activations.LAYERS,
    **attention.LAYERS,
    **clahe.LAYERS,
    **conv_lstm.LAYERS,
    **convolutional.LAYERS,
    **core.LAYERS,
    **audio.LAYERS,
    **image.LAYERS,
    **legacy.LAYERS,
    **locally_connected.LAYERS,
    **lookups.LAYERS,
    **merging.LAYERS,
    **normalization.LAYERS,
    **pooling.LAYERS,
    **preprocessing.LAYERS,
    **replaced.LAYERS,
    **reshaping.LAYERS,
    **rnn.LAYERS,
}

QUANTIZED = {**WHOLE_BYTES, **PACKED}
"""Class and mode of quantisation -> lowering; other classes keep their weights as they are."""


def row_of(layer: Layer) -> Lowering | Operation | None:
    """The row of a layer's class, or of its quantised form."""
    mode = quantization_mode(layer.config)
    if mode and layer.kind in KINDS:
        return QUANTIZED.get((layer.kind, mode))
    return LAYERS.get(layer.kind) or _operation(layer.kind)


def _operation(kind: str) -> Operation | None:
    # The functions are a third of this room; a model of layers alone starts without them.
    table = importlib.import_module("keramos.compile.operations.table")
    return cast("dict[str, Operation]", table.OPERATIONS).get(kind)
