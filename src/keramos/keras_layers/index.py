"""Names of Keras' classes, so that reading one record imports one family.

``make docs`` writes this file from the records.
"""

CLASSES = {
    "activations": (
        "Activation",
        "ELU",
        "LeakyReLU",
        "PReLU",
        "ReLU",
        "Softmax",
        "ThresholdedReLU",
    ),
    "attention": (
        "AdditiveAttention",
        "Attention",
        "GroupQueryAttention",
        "MultiHeadAttention",
    ),
    "audio": (
        "MelSpectrogram",
        "STFTSpectrogram",
    ),
    "conv_lstm": (
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
    ),
    "convolutional": (
        "Conv1D",
        "Conv1DTranspose",
        "Conv2D",
        "Conv2DTranspose",
        "Conv3D",
        "Conv3DTranspose",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    ),
    "core": (
        "CustomScaleLayer",
        "Dense",
        "EinsumDense",
        "Embedding",
        "Identity",
        "LayerScale",
        "Masking",
        "Pipeline",
        "ReversibleEmbedding",
        "SpectralNormalization",
        "StochasticDepth",
        "TFDIdentity",
    ),
    "image": (
        "AugMix",
        "AutoContrast",
        "CenterCrop",
        "ContrastLimitedAdaptiveHistogramEqualization",
        "CutMix",
        "Equalization",
        "MaxNumBoundingBoxes",
        "MixUp",
        "RandAugment",
        "RandomBrightness",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomCrop",
        "RandomElasticTransform",
        "RandomErasing",
        "RandomFlip",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHeight",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomRotation",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
        "RandomTranslation",
        "RandomWidth",
        "RandomZoom",
        "Resizing",
        "Solarization",
    ),
    "legacy": (
        "Highway",
        "MaxoutDense",
        "Merge",
        "ParametricSoftplus",
        "RandomFourierFeatures",
        "SReLU",
    ),
    "locally_connected": (
        "LocallyConnected1D",
        "LocallyConnected2D",
    ),
    "lookups": (
        "HashedCrossing",
        "Hashing",
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
    ),
    "merging": (
        "Add",
        "Average",
        "Concatenate",
        "Dot",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
        "TFDConcat",
    ),
    "normalization": (
        "BatchNormalization",
        "GroupNormalization",
        "LayerNormalization",
        "RMSNormalization",
        "UnitNormalization",
    ),
    "pooling": (
        "AdaptiveAveragePooling1D",
        "AdaptiveAveragePooling2D",
        "AdaptiveAveragePooling3D",
        "AdaptiveMaxPooling1D",
        "AdaptiveMaxPooling2D",
        "AdaptiveMaxPooling3D",
        "AveragePooling1D",
        "AveragePooling2D",
        "AveragePooling3D",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalAveragePooling3D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "GlobalMaxPooling3D",
        "MaxPooling1D",
        "MaxPooling2D",
        "MaxPooling3D",
    ),
    "preprocessing": (
        "CategoryEncoding",
        "Discretization",
        "Normalization",
        "Rescaling",
    ),
    "regularization": (
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
    ),
    "reshaping": (
        "Cropping1D",
        "Cropping2D",
        "Cropping3D",
        "Flatten",
        "Permute",
        "RepeatVector",
        "Reshape",
        "UpSampling1D",
        "UpSampling2D",
        "UpSampling3D",
        "ZeroPadding1D",
        "ZeroPadding2D",
        "ZeroPadding3D",
    ),
    "rnn": (
        "Bidirectional",
        "GRU",
        "GRUCell",
        "LSTM",
        "LSTMCell",
        "RNN",
        "SimpleRNN",
        "SimpleRNNCell",
        "StackedRNNCells",
        "TimeDistributed",
    ),
}
"""Family -> the classes that have records in it."""

FORMER = frozenset(
    {
        "AtrousConvolution1D",
        "AtrousConvolution2D",
        "AtrousConvolution3D",
        "Convolution1D",
        "Convolution2D",
        "Convolution3D",
        "CuDNNGRU",
        "CuDNNLSTM",
        "Deconvolution1D",
        "Deconvolution2D",
        "Deconvolution3D",
        "SeparableConvolution1D",
        "SeparableConvolution2D",
        "SyncBatchNormalization",
        "TimeDistributedDense",
    }
)
"""Names that classes had in older versions."""

EXPORTED = {
    "GroupedQueryAttention": "GroupQueryAttention",
}
"""Name of a class in Python -> the name under which Keras exports it."""

RELEASED_AS = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
"""Names of classes in single releases of TensorFlow -> the class."""

LISTS = {
    "Pipeline": "layers",
    "StackedRNNCells": "cells",
}
"""Class -> config key that holds a list of layers."""

RECURRENT = frozenset(
    {
        "Bidirectional",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
        "GRU",
        "LSTM",
        "RNN",
        "SimpleRNN",
    }
)
"""Classes whose calls may state the first state."""

TEXTUAL = frozenset(
    {
        "StringLookup",
        "TextVectorization",
    }
)
"""Classes that take text."""

WITH_VOCABULARY = frozenset(
    {
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
    }
)
"""Classes that learn the words of a vocabulary from data."""
