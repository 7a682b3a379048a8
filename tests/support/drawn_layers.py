"""Options and shapes of layers to draw at random."""

from hypothesis import strategies as st

ACTIVATION = st.sampled_from(
    [None, "relu", "tanh", "sigmoid", "gelu", "elu", "softplus", "hard_sigmoid"]
)
FLAG = st.booleans()
SMALL = st.integers(1, 3)

VECTORS = {
    "Dense": {"units": st.integers(1, 5), "activation": ACTIVATION, "use_bias": FLAG},
    "BatchNormalization": {"center": FLAG, "scale": FLAG, "epsilon": st.sampled_from([1e-3, 1e-2])},
    "LayerNormalization": {"center": FLAG, "scale": FLAG, "epsilon": st.sampled_from([1e-3, 1e-2])},
    "RMSNormalization": {"epsilon": st.sampled_from([1e-6, 1e-2])},
    "UnitNormalization": {"axis": st.just(-1)},
    "GroupNormalization": {"groups": st.sampled_from([1, 2, 4, -1]), "center": FLAG, "scale": FLAG},
    "ReLU": {
        "max_value": st.sampled_from([None, 1.0]),
        "negative_slope": st.sampled_from([0.0, 0.3]),
        "threshold": st.sampled_from([0.0, 0.4]),
    },
    "LeakyReLU": {"negative_slope": st.floats(0.0, 1.0, width=16)},
    "ELU": {"alpha": st.sampled_from([0.5, 1.0])},
    "PReLU": {},
    "Softmax": {"axis": st.just(-1)},
    "Activation": {"activation": ACTIVATION.filter(bool)},
    "RepeatVector": {"n": SMALL},
    "Rescaling": {"scale": st.sampled_from([0.5, 2.0]), "offset": st.sampled_from([0.0, -1.0])},
    "Discretization": {
        "bin_boundaries": st.just([-1.0, 0.0, 0.5]),
        "output_mode": st.sampled_from(["int", "one_hot", "count", "multi_hot"]),
    },
    "Reshape": {"target_shape": st.sampled_from([(2, 4), (4, -1), (2, 2, 2)])},
    "EinsumDense": {
        "equation": st.just("ab,bc->ac"),
        "output_shape": st.integers(1, 4),
        "bias_axes": st.sampled_from([None, "c"]),
    },
}
_CONV = {
    "kernel_size": SMALL,
    "padding": st.sampled_from(["valid", "same"]),
    "activation": ACTIVATION,
    "use_bias": FLAG,
}
_STRIDED = st.sampled_from([{"strides": 1}, {"strides": 2}, {"dilation_rate": 2}])
IMAGES = {
    "Conv2D": {
        **_CONV,
        "filters": st.sampled_from([2, 4]),
        "groups": st.sampled_from([1, 2]),
        "_more": _STRIDED,
    },
    "Conv2DTranspose": {
        **_CONV,
        "filters": SMALL,
        "_more": st.sampled_from(
            [{}, {"strides": 2}, {"strides": 3, "output_padding": 1}, {"strides": 3}]
        ),
    },
    "DepthwiseConv2D": {**_CONV, "depth_multiplier": SMALL, "_more": _STRIDED},
    "SeparableConv2D": {**_CONV, "filters": SMALL, "depth_multiplier": SMALL, "_more": _STRIDED},
    "MaxPooling2D": {
        "pool_size": SMALL,
        "strides": st.sampled_from([None, 1, 2]),
        "padding": st.sampled_from(["valid", "same"]),
    },
    "AveragePooling2D": {
        "pool_size": SMALL,
        "strides": st.sampled_from([None, 1, 2]),
        "padding": st.sampled_from(["valid", "same"]),
    },
    "GlobalAveragePooling2D": {"keepdims": FLAG},
    "GlobalMaxPooling2D": {"keepdims": FLAG},
    "AdaptiveAveragePooling2D": {"output_size": SMALL},
    "AdaptiveMaxPooling2D": {"output_size": st.sampled_from([2, (3, 2)])},
    "ZeroPadding2D": {"padding": st.sampled_from([1, (1, 2), ((1, 0), (2, 3))])},
    "Cropping2D": {"cropping": st.sampled_from([1, (1, 2), ((1, 0), (2, 1))])},
    "UpSampling2D": {
        "size": st.sampled_from([2, (2, 3)]),
        "interpolation": st.sampled_from(
            ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
        ),
    },
    "Resizing": {
        "height": st.integers(3, 12),
        "width": st.integers(3, 12),
        "interpolation": st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3"]),
        "crop_to_aspect_ratio": FLAG,
    },
    "CenterCrop": {"height": st.integers(3, 9), "width": st.integers(3, 9)},
    "Flatten": {"data_format": st.sampled_from(["channels_last", "channels_first"])},
    "Permute": {"dims": st.sampled_from([(2, 1, 3), (3, 1, 2)])},
    "LayerNormalization": {"axis": st.sampled_from([-1, 1, [1, 2]]), "center": FLAG, "scale": FLAG},
    "BatchNormalization": {"axis": st.sampled_from([-1, 1]), "center": FLAG, "scale": FLAG},
    "Normalization": {
        "mean": st.just(0.5),
        "variance": st.just(2.0),
        "axis": st.just(None),
        "invert": FLAG,
    },
    "SpatialDropout2D": {"rate": st.just(0.5)},
}
_RNN = {
    "units": SMALL,
    "use_bias": FLAG,
    "return_sequences": FLAG,
    "go_backwards": FLAG,
    "activation": st.sampled_from(["tanh", "relu", "gelu", "linear", "softsign"]),
}
_GATED = {**_RNN, "recurrent_activation": st.sampled_from(["sigmoid", "hard_sigmoid", "silu"])}
SEQUENCES = {
    "LSTM": _GATED,
    "GRU": {**_GATED, "reset_after": FLAG},
    "SimpleRNN": _RNN,
    "Conv1D": {
        **_CONV,
        "filters": st.sampled_from([2, 4]),
        "padding": st.sampled_from(["valid", "same", "causal"]),
        "_more": _STRIDED,
    },
    "Conv1DTranspose": {**_CONV, "filters": SMALL, "strides": SMALL},
    "SeparableConv1D": {**_CONV, "filters": SMALL, "_more": _STRIDED},
    "DepthwiseConv1D": {**_CONV, "depth_multiplier": SMALL, "_more": _STRIDED},
    "MaxPooling1D": {
        "pool_size": SMALL,
        "strides": st.sampled_from([None, 1, 2]),
        "padding": st.sampled_from(["valid", "same"]),
    },
    "AveragePooling1D": {"pool_size": SMALL, "padding": st.sampled_from(["valid", "same"])},
    "GlobalAveragePooling1D": {"keepdims": FLAG},
    "UpSampling1D": {"size": SMALL},
    "ZeroPadding1D": {"padding": st.sampled_from([1, (0, 2)])},
    "Cropping1D": {"cropping": st.sampled_from([1, (0, 2)])},
}
FIXED = {
    "EinsumDense": st.just((8,)),
    "Flatten": st.just((7, 6, 4)),
    "GroupNormalization": st.sampled_from([(8,), (3, 8)]),
    "Reshape": st.just((8,)),
    "RepeatVector": st.integers(1, 9).map(lambda size: (size,)),
}
"""Layers whose options allow some shapes only."""
SIDE = st.integers(6, 9)
EVERY = [
    *(
        (name, options, FIXED.get(name, st.sampled_from([(1,), (8,), (3, 5)])))
        for name, options in VECTORS.items()
    ),
    *(
        (name, options, FIXED.get(name, st.tuples(SIDE, SIDE, st.just(4))))
        for name, options in IMAGES.items()
    ),
    *(
        (name, options, st.tuples(SIDE, st.sampled_from([2, 4])))
        for name, options in SEQUENCES.items()
    ),
]
DRAWN = {name for name, _, _ in EVERY}
