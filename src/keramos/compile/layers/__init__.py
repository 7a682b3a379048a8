"""Keras layers as ONNX: Keras' own family names as files, one small function a layer.

Each family file ends with its table, class name -> ``Lowering``; this one table joins them.
"""

from keramos.compile.layers import (
    activations,
    convolutional,
    core,
    merging,
    normalization,
    operations,
    pooling,
    preprocessing,
    reshaping,
    rnn,
)
from keramos.compile.lowering import Lowering

LAYERS: dict[str, Lowering] = {
    **activations.LAYERS,
    **convolutional.LAYERS,
    **core.LAYERS,
    **merging.LAYERS,
    **normalization.LAYERS,
    **operations.LAYERS,
    **pooling.LAYERS,
    **preprocessing.LAYERS,
    **reshaping.LAYERS,
    **rnn.LAYERS,
}
