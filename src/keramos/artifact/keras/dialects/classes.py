"""Names of all classes that ever were layers of Keras: text to compare with, never imported."""

from __future__ import annotations

from keramos.keras_layers.code import CODE, OUTSIDE
from keramos.keras_layers.registry import LAYERS

_BASES = ("InputLayer", "InputSpec", "Layer", "Wrapper")

KNOWN = frozenset(
    {
        *(*LAYERS, *CODE, *OUTSIDE, *_BASES),
        *(name for spec in LAYERS.values() for name in (*spec.former, spec.class_name) if name),
    }
)
"""Every class name of keras.layers, from Keras 1.0 to Keras 3."""

STANDALONE = frozenset({"Highway", "MaxoutDense", "Merge"})
"""Classes of Keras 1 that standalone Keras 2 kept and TensorFlow never had."""

_TENSORFLOW = """
    AdditiveAttention Attention CategoryEncoding CenterCrop Conv1DTranspose ConvLSTM1D ConvLSTM3D
    DepthwiseConv1D Discretization EinsumDense GroupNormalization HashedCrossing Hashing Identity
    IntegerLookup LayerNormalization MultiHeadAttention Normalization RandomBrightness
    RandomContrast RandomCrop RandomFlip RandomFourierFeatures RandomHeight RandomRotation
    RandomTranslation RandomWidth RandomZoom Rescaling Resizing SpectralNormalization StringLookup
    TextVectorization UnitNormalization
"""
TENSORFLOW = frozenset(_TENSORFLOW.split())
"""Classes of Keras 2 that only the Keras inside TensorFlow has."""

ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
"""Class names of single TensorFlow releases."""
