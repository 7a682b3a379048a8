"""Names of all classes that ever were layers of Keras. Looked up as text; nothing is imported by
name.
"""

from __future__ import annotations

_BY_RANK = """
    AdaptiveAveragePooling AdaptiveMaxPooling AtrousConvolution AveragePooling Conv ConvTranspose
    ConvLSTM Convolution Cropping DepthwiseConv GlobalAveragePooling GlobalMaxPooling
    LocallyConnected MaxPooling SeparableConv SeparableConvolution SpatialDropout UpSampling
    ZeroPadding
"""

_PLAIN = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix
    AutoContrast Average BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization CuDNNGRU CuDNNLSTM CutMix Deconvolution2D
    Deconvolution3D Dense DenseFeatures Discretization Dot Dropout ELU EinsumDense Embedding
    Equalization Flatten FlaxLayer GRU GRUCell GaussianDropout GaussianNoise GroupNormalization
    GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing Highway Identity InputLayer
    IntegerLookup InputSpec JaxLayer LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking
    MaxNumBoundingBoxes Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp MultiHeadAttention
    Multiply Normalization PReLU ParametricSoftplus Permute Pipeline RMSNormalization RNN
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures RandomGaussianBlur
    RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth
    RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding SReLU
    STFTSpectrogram SimpleRNN SimpleRNNCell Softmax Solarization SpectralNormalization
    StackedRNNCells StringLookup Subtract SyncBatchNormalization TFSMLayer TextVectorization
    ThresholdedReLU TimeDistributed TimeDistributedDense TorchModuleWrapper UnitNormalization
    Wrapper
"""

_APPLICATIONS = "CustomScaleLayer LayerScale StochasticDepth"  # of models in keras.applications


def _ranked(name: str, rank: int) -> str:
    return f"Conv{rank}DTranspose" if name == "ConvTranspose" else f"{name}{rank}D"


KNOWN = (
    frozenset(_PLAIN.split())
    | frozenset(_APPLICATIONS.split())
    | {_ranked(name, rank) for name in _BY_RANK.split() for rank in (1, 2, 3)}
)
"""Every class name of keras.layers, from Keras 1.0 to Keras 3."""
