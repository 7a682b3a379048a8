"""Values of every option of every Keras class, and how a layer with them is called.

What stands here is drawn against real Keras: ``support.option_draws`` makes models of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.keras_layers.options import ACTIVATION, DATA_FORMAT, FLAG, SIZES
from keramos.keras_layers.registry import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Values = Mapping[str, Sequence[object]]


REACHED = Path(__file__).parents[1] / "compile" / "options_reached.txt"
"""The list of values that real Keras computes."""


NOTHING = MappingProxyType({})


class Made(NamedTuple):
    """A value that is a layer: made new by ``of`` for each layer that gets it."""

    name: str
    of: Callable[[object], object]


def numbers(rng, shape):
    """Rows of normal numbers, on which no option is without effect."""
    return rng.normal(size=(3, *shape)).astype("float32")


def positive(rng, shape):
    """Rows of numbers from 0 to 1."""
    return rng.uniform(size=(3, *shape)).astype("float32")


def pixels(rng, shape):
    """Rows of numbers from 0 to 255."""
    return rng.uniform(0, 255, size=(3, *shape)).astype("float32")


def codes(rng, shape):
    """Rows of whole numbers from 0 to 8."""
    return rng.integers(0, 9, size=(3, *shape)).astype("int64")


def texts(rng, shape):
    """Rows of words, a blank and an empty one among them."""
    return rng.choice(["a", "b", "Cc", "é", "", "never seen"], size=(3, *shape)).astype(object)


def sentences(rng, shape):
    """Rows of texts of several words."""
    words = ["a", "b", "Cc", "é!", "", "never-seen", "b"]
    found = [" ".join(rng.choice(words, size=5)) for _ in range(3 * int(np.prod(shape, dtype=int)))]
    return np.array(found, object).reshape(3, *shape)


class Draw(NamedTuple):
    """What a class is drawn with: ``base`` are options that it needs, ``values`` those of others.

    ``shapes``: one tuple a model, of one shape a tensor; ``feed`` makes the rows; ``call`` calls
    the layer with tensors; ``masked`` runs it behind a mask too; ``only`` names the Keras that has
    the class, where it is one; ``together`` are options that Keras takes together alone; ``silent``
    layers work while training only.
    """

    shapes: Sequence[tuple[tuple[int, ...], ...]]
    base: Mapping[str, object] = NOTHING
    values: Values = NOTHING
    feed: Callable[..., np.ndarray] = numbers
    call: Callable[..., object] = lambda layer, x, **more: layer(x, **more)
    masked: bool = False
    only: str = ""
    together: Sequence[Mapping[str, object]] = ()
    silent: bool = False


VECTOR, LINE, PLANE, SPACE = ((4,),), ((6, 4),), ((5, 6, 4),), ((4, 5, 3, 2),)
BY_SPACE = {1: LINE, 2: PLANE, 3: SPACE}
UNARY = [None, "relu", "tanh", "sigmoid", "gelu", "elu", "softplus", "hard_sigmoid", "exponential"]
LAYER = Made("LeakyReLU", lambda kl: kl.LeakyReLU())


def listed(layer, *tensors):
    """The call of a layer that merges tensors."""
    return layer(list(tensors))


def cell_in_rnn(layer, x):
    """A cell runs inside RNN."""
    kl = layers_of(layer)
    return kl.RNN(layer, return_sequences=True)(x)


def layers_of(layer):
    """The module keras.layers of the Keras that made a layer."""
    import keras

    if isinstance(layer, keras.layers.Layer):
        return keras.layers
    import tf_keras

    return tf_keras.layers


def sizes(space):
    """Windows along the axes of space."""
    return [1, 2, [2, 1, 2][:space], 3]


def automatic(kind):
    """Values of options that their kind tells."""
    spec, found = LAYERS[kind], {}
    for name, option in spec.options.items():
        if option.test is FLAG.test:
            found[name] = [True, False]
        elif option.test is ACTIVATION.test:
            # Exponentials of exponentials differ by more than rounding does elsewhere.
            steady = [one for one in UNARY if one != "exponential" or not spec.gates]
            found[name] = [*steady, LAYER]
        elif option.words:
            found[name] = [word for word in option.words if word != "default"]
            if option.words == DATA_FORMAT.words:
                found[name].append(None)
        elif option.test is SIZES.test and spec.space:
            found[name] = sizes(spec.space)
    return found


def windows(base, together=(), **more):
    """Convolutions and poolings for each number of axes of space."""
    return lambda space: Draw([BY_SPACE[space]], base, more, together=together)


_CONVOLUTION = windows(
    {"filters": 4, "kernel_size": 2},
    filters=[2, 4],
    groups=[1, 2],
    dilation_rate=[1, 2],
    depth_multiplier=[1, 2, 3],
    strides=[1, 2, 3],
)
_TRANSPOSED = windows(
    {"filters": 4, "kernel_size": 2},
    [
        {"strides": 2, "output_padding": 1},
        {"strides": 3, "output_padding": 1, "padding": "same"},
        {"strides": 1, "dilation_rate": 2},
    ],
    filters=[2, 4],
    dilation_rate=[1, 2],
    output_padding=[None, 0],
    strides=[1, 2, 3],
)
_DEPTHWISE = windows(
    {"kernel_size": 2}, dilation_rate=[1, 2], depth_multiplier=[1, 2, 3], strides=[1, 2, 3]
)
_POOLS = windows({"pool_size": 2}, strides=[None, 1, 2, 3])
_NEXT = {
    "seed": [3],
    "dropout": [0.0, 0.3],
    "recurrent_dropout": [0.0, 0.3],
    "unit_forget_bias": [True, False],
    "use_cudnn": [True, False, "auto"],
    "stateful": [True, False],
}
_CELL = Draw([LINE], {"units": 3}, {"units": [1, 3], **_NEXT}, call=cell_in_rnn)
_RECURRENT = Draw([LINE], {"units": 3}, {"units": [1, 3], **_NEXT}, masked=True)
_SILENT_IMAGE = Draw([((6, 5, 3),)], feed=positive, silent=True)
_MERGED = Draw(
    [((3, 4), (3, 4)), ((3, 4), (3, 4), (3, 4)), ((3, 4), (3, 1)), ((4,), (3, 4))], call=listed
)


def conv_lstm(space):
    """Sequences of lines, planes or spaces."""
    shape = (3, *BY_SPACE[space][0][:-1], 2)
    values = {
        **_NEXT,
        "filters": [1, 3],
        "dilation_rate": [1, 2],
        "kernel_size": [1, 2, 3],
        "strides": [1, 2],
    }
    return Draw([(shape,)], {"filters": 2, "kernel_size": 2}, values)


def attended(layer, query, value, key=None):
    """Query and value, with a key where there is one."""
    return layer([query, value] if key is None else [query, value, key])


def heads(layer, query, value, key=None):
    """Query, value and key as arguments."""
    return layer(query, value) if key is None else layer(query, value, key)


_ATTENTION = Draw(
    [((5, 4), (6, 4)), ((5, 4), (6, 4), (6, 4))],
    values={"score_mode": ["dot", "concat"], "dropout": [0.0, 0.3], "seed": [3]},
    call=attended,
    masked=True,
)
_INNER = [
    Made("LSTM", lambda kl: kl.LSTM(3)),
    Made("GRU sequences", lambda kl: kl.GRU(2, return_sequences=True)),
    Made("SimpleRNN backwards", lambda kl: kl.SimpleRNN(2, go_backwards=True)),
]
_CELLS = [
    Made("LSTMCell", lambda kl: kl.LSTMCell(3)),
    Made("GRUCell", lambda kl: kl.GRUCell(2, reset_after=False)),
    Made("SimpleRNNCell", lambda kl: kl.SimpleRNNCell(2, activation="relu")),
    Made("two cells", lambda kl: kl.StackedRNNCells([kl.LSTMCell(2), kl.GRUCell(3)])),
]
_LOOKUP = {
    "num_oov_indices": [0, 1, 3],
    "max_tokens": [None, 9],
    "output_mode": ["int", "one_hot", "multi_hot", "count", "tf_idf"],
    "pad_to_max_tokens": [True, False],
    "invert": [True, False],
    "sparse": [False],
}
_PADDED = [{"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True}]
_WORDS = ["a", "b", "Cc", "é"]
_TEXT_SHAPES = [((1,),), ((3,),)]
_FACTORS = {"factor": [0.0, 0.2], "seed": [3], "data_format": [None, "channels_last"]}
_FILLED = {
    "fill_mode": ["reflect", "wrap", "constant", "nearest"],
    "interpolation": ["bilinear", "nearest"],
    "fill_value": [0.0, 0.5],
}
_CALLED = {"value_range": [(0, 1), (0, 255)]}


def image(base=None, **values):
    """A layer that changes images while training."""
    return _SILENT_IMAGE._replace(
        base=base or {}, values={"seed": [3], "data_format": [None, "channels_last"], **values}
    )


def by_space(name, make, *spaces):
    """Rows of a class for its numbers of axes of space."""
    return {name.format(n): make(n) for n in spaces or (1, 2, 3)}


DRAWS: dict[str, Draw] = {
    # activations
    "Activation": Draw([VECTOR, LINE], {"activation": "tanh"}),
    "ELU": Draw([VECTOR, LINE], values={"alpha": [1.0, 0.3]}),
    "LeakyReLU": Draw([VECTOR, LINE], values={"negative_slope": [0.3, 0.1, 0.0, 1.5]}),
    "PReLU": Draw(
        [VECTOR, LINE, PLANE],
        values={"shared_axes": [None, [1], [1, 2], [2]], "alpha_initializer": ["ones"]},
    ),
    "ReLU": Draw(
        [VECTOR, LINE],
        values={
            "max_value": [None, 0.5, 1.0],
            "negative_slope": [0.0, 0.3],
            "threshold": [0.0, 0.4],
        },
    ),
    "Softmax": Draw([VECTOR, LINE, PLANE], values={"axis": [-1, 1, [1, 2], -2]}),
    "ThresholdedReLU": Draw([VECTOR], values={"theta": [1.0, 0.2]}, only="tf_keras"),
    # attention
    "AdditiveAttention": _ATTENTION,
    "Attention": _ATTENTION,
    "GroupQueryAttention": Draw(
        [((5, 8), (6, 8)), ((7, 8), (6, 8), (6, 8))],
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        {
            "head_dim": [2, 3],
            "num_key_value_heads": [1, 2, 4],
            "dropout": [0.0, 0.3],
            "sliding_window": [None, 1, 2],
            "seed": [3],
            "flash_attention": [False, None],
        },
        call=heads,
    ),
    "MultiHeadAttention": Draw(
        [((5, 4), (6, 4)), ((5, 4), (6, 3), (6, 2)), ((3, 2, 4), (3, 2, 4))],
        {"num_heads": 2, "key_dim": 3},
        {
            "num_heads": [1, 2],
            "key_dim": [2, 3],
            "value_dim": [None, 2],
            "dropout": [0.0, 0.3],
            "output_shape": [None, 3, [2, 3]],
            "attention_axes": [None, 1, [1]],
            "sliding_window": [None, 1, 2],
            "seed": [3],
            "flash_attention": [False, None],
        },
        call=heads,
        masked=True,
    ),
    # audio
    "MelSpectrogram": Draw(
        [((40,),)],
        {
            "fft_length": 16,
            "sequence_stride": 5,
            "num_mel_bins": 4,
            "sampling_rate": 100,
            "min_freq": 1.0,
        },
        {
            "fft_length": [16, 20],
            "sequence_stride": [5, 8],
            "sequence_length": [None, 8, 16],
            "window": ["hann", "hamming", None],
            "sampling_rate": [100, 60],
            "num_mel_bins": [4, 3],
            "min_freq": [1.0, 5.0],
            "max_freq": [None, 30.0],
            "top_db": [80.0, 5.0],
            "mag_exp": [2.0, 1.0],
            "min_power": [1e-10, 0.1],
            "ref_power": [1.0, 3.0],
        },
    ),
    "STFTSpectrogram": Draw(
        [((40, 1),), ((33, 2),), ((2, 40),)],
        {"frame_length": 8},
        {
            "mode": ["log", "magnitude", "psd", "real", "imag", "angle", "stft"],
            "frame_length": [8, 9],
            "frame_step": [None, 3],
            "fft_length": [None, 16],
            "window": ["hann", "hamming", None],
            "periodic": [True, False],
            "scaling": ["density", "spectrum"],
        },
    ),
    # convolutional
    **by_space("Conv{}D", _CONVOLUTION),
    **by_space("Conv{}DTranspose", _TRANSPOSED),
    **by_space("DepthwiseConv{}D", _DEPTHWISE, 1, 2),
    **by_space("SeparableConv{}D", _CONVOLUTION, 1, 2),
    **by_space(
        "LocallyConnected{}D",
        lambda n: Draw(
            [BY_SPACE[n]],
            {"filters": 3, "kernel_size": 2},
            {"filters": [1, 3], "implementation": [1, 2, 3], "strides": [1, 2]},
            only="tf_keras",
            together=[{"implementation": number, "padding": "same"} for number in (2, 3)],
        ),
        1,
        2,
    ),
    **by_space("ConvLSTM{}D", conv_lstm),
    # core
    "Dense": Draw([VECTOR, LINE, PLANE], {"units": 3}, {"units": [1, 3]}),
    "EinsumDense": Draw(
        [LINE],
        {"equation": "abc,cd->abd", "output_shape": [None, 3]},
        {"bias_axes": [None, "d", "bd"], "equation": ["abc,cd->abd", "...c,cd->...d"]},
    ),
    "Embedding": Draw(
        [((5,),)],
        {"input_dim": 9, "output_dim": 3},
        {"output_dim": [1, 3], "input_dim": [9, 12], "input_length": [5], "sparse": [False]},
        feed=codes,
    ),
    "Identity": Draw([VECTOR, LINE]),
    "Masking": Draw([LINE], values={"mask_value": [0.0, 0.5]}, masked=True),
    "ReversibleEmbedding": Draw(
        [((5,),)],
        {"input_dim": 9, "output_dim": 3},
        {
            "output_dim": [1, 3],
            "input_dim": [9, 12],
            "logit_soft_cap": [None, 0.5, 2.0],
            "reverse_dtype": [None, "float32"],
        },
        feed=codes,
        call=lambda layer, x: layer(layer(x), reverse=True),
    ),
    "SpectralNormalization": Draw(
        [LINE],
        {"layer": Made("Dense", lambda kl: kl.Dense(3))},
        {
            "power_iterations": [1, 2],
            "layer": [
                Made("Dense", lambda kl: kl.Dense(3)),
                Made("Conv1D", lambda kl: kl.Conv1D(3, 2)),
                Made("Dense without bias", lambda kl: kl.Dense(2, use_bias=False)),
            ],
        },
    ),
    "Pipeline": Draw(
        [((6, 5, 3),)],
        {"layers": Made("Rescaling", lambda kl: [kl.Rescaling(0.5), kl.RandomFlip()])},
        silent=True,
    ),
    # lookups
    "StringLookup": Draw(
        _TEXT_SHAPES,
        {"vocabulary": _WORDS},
        {
            **_LOOKUP,
            "vocabulary": [_WORDS, ["b", "a"]],
            "mask_token": [None, "", "a"],
            "oov_token": ["[UNK]", "?"],
            "encoding": ["utf-8"],
            "oov_method": ["floormod", "farmhash"],
            "salt": [None, 3],
        },
        feed=texts,
        together=[
            *_PADDED,
            {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3, 0.4]},
            {"oov_method": "farmhash", "salt": 3, "num_oov_indices": 3},
        ],
    ),
    "IntegerLookup": Draw(
        _TEXT_SHAPES,
        {"vocabulary": [3, 1, 7]},
        {
            **_LOOKUP,
            "vocabulary": [[3, 1, 7], [8, 2]],
            "mask_token": [None, 0, 3],
            "oov_token": [-1, -7],
            "oov_method": ["floormod", "farmhash"],
            "salt": [None, 3],
            "vocabulary_dtype": ["int64"],
        },
        feed=codes,
        together=[
            *_PADDED,
            {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3]},
            {"oov_method": "farmhash", "salt": 3, "num_oov_indices": 3},
        ],
    ),
    "Hashing": Draw(
        _TEXT_SHAPES,
        {"num_bins": 5},
        {
            "num_bins": [2, 5],
            "mask_value": [None, "", "a"],
            "salt": [None, 7, [3, 4]],
            "output_mode": ["int", "one_hot", "multi_hot", "count"],
            "sparse": [False],
        },
        feed=texts,
    ),
    "HashedCrossing": Draw(
        [((1,), (1,))],
        {"num_bins": 5},
        {"num_bins": [2, 5], "output_mode": ["int", "one_hot"], "sparse": [False]},
        feed=texts,
        call=lambda layer, *tensors: layer(tuple(tensors)),
    ),
    "TextVectorization": Draw(
        [((1,),)],
        {"vocabulary": ["a", "b", "cc", "é"]},
        {
            "max_tokens": [None, 9],
            "vocabulary": [["a", "b", "cc", "é"], ["b", "a b"]],
            "standardize": ["lower_and_strip_punctuation", "lower", "strip_punctuation", None],
            "split": ["whitespace", "character", None],
            "ngrams": [None, 2, (1, 3), (2,)],
            "output_mode": ["int", "multi_hot", "count", "tf_idf"],
            "output_sequence_length": [None, 3, 9],
            "pad_to_max_tokens": [True, False],
            "encoding": ["utf-8"],
            "sparse": [False],
            "ragged": [False],
        },
        feed=sentences,
        together=[*_PADDED, {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3, 0.4]}],
    ),
    # merging
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply"), _MERGED),
    "Subtract": _MERGED._replace(shapes=[((3, 4), (3, 4)), ((3, 4), (3, 1)), ((4,), (3, 4))]),
    "Concatenate": Draw(
        [((3, 4), (3, 4)), ((3, 4), (3, 2), (3, 1)), ((2, 4), (3, 4))],
        values={"axis": [-1, 1, 2, -2]},
        call=listed,
    ),
    "Dot": Draw(
        [((3, 4), (3, 4)), ((4,), (4,)), ((3, 4), (4, 3)), ((3, 4), (2, 4))],
        {"axes": 1},
        {"axes": [1, 2, -1, [1, 2], [2, 1], [1, 1]]},
        call=listed,
    ),
    # normalization
    "BatchNormalization": Draw(
        [VECTOR, LINE, PLANE],
        values={
            "axis": [-1, 1, 2],
            "epsilon": [1e-3, 0.1],
            "momentum": [0.5],
            "synchronized": [False, True],
            "renorm": [False, True],
            "fused": [None, False, True],
        },
    ),
    "GroupNormalization": Draw(
        [VECTOR, LINE, PLANE],
        {"groups": 2},
        {"groups": [1, 2, 4, -1], "axis": [-1, 1, 2], "epsilon": [1e-3, 0.1]},
    ),
    "LayerNormalization": Draw(
        [LINE, PLANE], values={"axis": [-1, 1, [1, 2], [2, 1], -2], "epsilon": [1e-3, 0.1]}
    ),
    "RMSNormalization": Draw(
        [LINE, PLANE], values={"axis": [-1, 1, [1, 2], -2], "epsilon": [1e-6, 0.1]}
    ),
    "UnitNormalization": Draw([LINE, PLANE], values={"axis": [-1, 1, [1, 2], -2]}),
    # pooling
    **{f"{kind}Pooling{n}D": _POOLS(n) for kind in ("Average", "Max") for n in (1, 2, 3)},
    **{
        f"Global{kind}Pooling{n}D": Draw([BY_SPACE[n]], masked=n == 1)
        for kind in ("Average", "Max")
        for n in (1, 2, 3)
    },
    **{
        f"Adaptive{kind}Pooling{n}D": Draw([BY_SPACE[n]], {"output_size": 2})
        for kind in ("Average", "Max")
        for n in (1, 2, 3)
    },
    # preprocessing
    "CategoryEncoding": Draw(
        [((1,),), ((3,),)],
        {"num_tokens": 9},
        {
            "num_tokens": [9, 12],
            "output_mode": ["multi_hot", "one_hot", "count"],
            "sparse": [False],
        },
        feed=codes,
    ),
    "Discretization": Draw(
        [((1,),), ((3,),)],
        {"bin_boundaries": [-0.5, 0.0, 0.7]},
        {
            "bin_boundaries": [[-0.5, 0.0, 0.7], [0.1]],
            "num_bins": [None],
            "output_mode": ["int", "one_hot", "multi_hot", "count"],
            "epsilon": [0.1],
            "sparse": [False],
        },
    ),
    "Normalization": Draw(
        [VECTOR, ((3, 4),)],
        {"mean": 0.5, "variance": 2.0},
        {
            "axis": [-1, None, 1],
            "mean": [0.5, [0.1, 0.2, 0.3, 0.4]],
            "variance": [2.0, 0.0, [0.1, 0.2, 0.3, 0.4]],
        },
    ),
    "Rescaling": Draw(
        [VECTOR, LINE], {"scale": 0.5}, {"scale": [0.5, [0.1, 0.2, 0.3, 0.4]], "offset": [0.0, 1.5]}
    ),
    # regularization
    "ActivityRegularization": Draw([VECTOR], values={"l1": [0.1], "l2": [0.1]}),
    **dict.fromkeys(
        ("AlphaDropout", "Dropout"),
        Draw(
            [LINE],
            {"rate": 0.3},
            {"rate": [0.0, 0.3], "noise_shape": [None, [None, 1, 4]], "seed": [None, 3]},
        ),
    ),
    "GaussianDropout": Draw([LINE], {"rate": 0.3}, {"rate": [0.0, 0.3], "seed": [None, 3]}),
    "GaussianNoise": Draw([LINE], {"stddev": 0.3}, {"stddev": [0.0, 0.3], "seed": [None, 3]}),
    **by_space(
        "SpatialDropout{}D",
        lambda n: Draw(
            [BY_SPACE[n]],
            {"rate": 0.3},
            {
                "rate": [0.0, 0.3],
                "seed": [None, 3],
                "data_format": [None, "channels_first", "channels_last"],
            },
        ),
    ),
    # reshaping
    "Cropping1D": Draw([LINE], values={"cropping": [1, [0, 2], [1, 2]]}),
    "Cropping2D": Draw([PLANE], values={"cropping": [1, [1, 0], [[1, 0], [2, 1]]]}),
    "Cropping3D": Draw(
        [((4, 5, 4, 4),)], values={"cropping": [1, [1, 0, 1], [[1, 0], [2, 1], [0, 1]]]}
    ),
    "ZeroPadding1D": Draw([LINE], values={"padding": [1, [0, 2], [1, 2]]}),
    "ZeroPadding2D": Draw([PLANE], values={"padding": [1, [1, 0], [[1, 0], [2, 1]]]}),
    "ZeroPadding3D": Draw([SPACE], values={"padding": [1, [1, 0, 1], [[1, 0], [2, 1], [0, 1]]]}),
    "Flatten": Draw([VECTOR, LINE, PLANE]),
    "Permute": Draw([LINE], {"dims": [2, 1]}, {"dims": [[2, 1], [1, 2]]}),
    "RepeatVector": Draw([VECTOR], {"n": 2}, {"n": [1, 2]}),
    "Reshape": Draw(
        [LINE], {"target_shape": [4, 6]}, {"target_shape": [[4, 6], [-1, 3], [24], [2, 3, -1]]}
    ),
    **by_space("UpSampling{}D", lambda n: Draw([BY_SPACE[n]]), 1, 2, 3),
    # rnn
    **dict.fromkeys(("GRUCell", "LSTMCell", "SimpleRNNCell"), _CELL),
    **dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), _RECURRENT),
    "Bidirectional": Draw(
        [LINE],
        {"layer": _INNER[0]},
        {
            "layer": _INNER,
            "merge_mode": ["concat", "sum", "mul", "ave", None],
            "backward_layer": [None, Made("GRU", lambda kl: kl.GRU(3, go_backwards=True))],
        },
        masked=True,
    ),
    "RNN": Draw(
        [LINE], {"cell": _CELLS[0]}, {"cell": _CELLS, "stateful": [True, False]}, masked=True
    ),
    "StackedRNNCells": Draw(
        [LINE],
        {"cells": Made("LSTM and GRU", lambda kl: [kl.LSTMCell(2), kl.GRUCell(3)])},
        call=cell_in_rnn,
    ),
    "TimeDistributed": Draw(
        [((3, 5, 4),)],
        {"layer": Made("Dense", lambda kl: kl.Dense(2))},
        {
            "layer": [
                Made("Dense", lambda kl: kl.Dense(2)),
                Made("Conv1D", lambda kl: kl.Conv1D(2, 2)),
                Made("LSTM", lambda kl: kl.LSTM(2)),
                Made("BatchNormalization", lambda kl: kl.BatchNormalization()),
                Made("Flatten", lambda kl: kl.Flatten()),
            ]
        },
    ),
    # image
    "AutoContrast": image({"value_range": (0, 1)}),
    "CenterCrop": Draw(
        [((6, 5, 3),)],
        {"height": 4, "width": 3},
        {"height": [2, 4, 9], "width": [3, 5, 8]},
        feed=positive,
    ),
    "ContrastLimitedAdaptiveHistogramEqualization": Draw(
        [((8, 9, 3),), ((3, 8, 9),)],
        {"value_range": (0, 1)},
        {
            "value_range": [(0, 1), (-1.0, 2.0)],
            "clip_limit": [0.0, 1.0, 4.0],
            "tile_grid_size": [[1, 1], [2, 3]],
        },
        feed=positive,
    ),
    "RandomCrop": Draw(
        [((6, 5, 3),)],
        {"height": 4, "width": 3},
        {"height": [2, 4, 9], "width": [3, 5, 8], "seed": [3]},
        feed=positive,
        silent=True,
    ),
    "Resizing": Draw(
        [((6, 5, 3),)],
        {"height": 4, "width": 3},
        {
            "height": [2, 4, 9],
            "width": [3, 5, 8],
            "fill_value": [0.0, 0.5],
            "fill_mode": ["constant"],
        },
        feed=positive,
    ),
    "AugMix": image(
        {"value_range": (0, 1)},
        num_chains=[2],
        chain_depth=[2],
        factor=[0.2],
        alpha=[0.5],
        all_ops=[True, False],
        interpolation=["bilinear", "nearest"],
    ),
    "CutMix": image(factor=[0.5]),
    "MaxNumBoundingBoxes": image({"max_number": 3}, fill_value=[-1]),
    "MixUp": image(alpha=[0.3]),
    "RandAugment": image(
        {"value_range": (0, 1)}, num_ops=[1], factor=[0.2], interpolation=["nearest"]
    ),
    "RandomBrightness": image({"factor": 0.2}, **_CALLED),
    "RandomColorDegeneration": image({"factor": 0.2}, **_CALLED),
    "RandomColorJitter": image(
        {"value_range": (0, 1)},
        brightness_factor=[0.1],
        contrast_factor=[0.1],
        saturation_factor=[0.1],
        hue_factor=[0.1],
    ),
    "RandomContrast": image({"factor": 0.2}, **_CALLED),
    "RandomElasticTransform": image(factor=[0.5], scale=[0.5], **_FILLED, **_CALLED),
    "RandomErasing": image(factor=[0.5], scale=[(0.1, 0.2)], fill_value=[0.5], **_CALLED),
    "RandomFlip": image(mode=["horizontal", "vertical", "horizontal_and_vertical"]),
    "RandomGaussianBlur": image(factor=[0.5], kernel_size=[3, 5], sigma=[0.5], **_CALLED),
    "RandomGrayscale": image(factor=[0.5]),
    "RandomHeight": Draw(
        [((6, 5, 3),)],
        {"factor": 0.2},
        {"interpolation": ["nearest"]},
        only="tf_keras",
        silent=True,
    ),
    "RandomWidth": Draw(
        [((6, 5, 3),)],
        {"factor": 0.2},
        {"interpolation": ["nearest"]},
        only="tf_keras",
        silent=True,
    ),
    "RandomHue": image({"factor": 0.2}, **_CALLED),
    "RandomInvert": image(factor=[0.5], **_CALLED),
    "RandomPerspective": image(
        factor=[0.5], scale=[0.5], fill_value=[0.5], interpolation=["nearest"]
    ),
    "RandomPosterization": image({"factor": 4}, **_CALLED),
    "RandomRotation": image({"factor": 0.2}, **_FILLED),
    "RandomSaturation": image({"factor": 0.2}, **_CALLED),
    "RandomSharpness": image({"factor": 0.2}, **_CALLED),
    "RandomShear": image({"x_factor": 0.2}, y_factor=[0.2], **_FILLED),
    "RandomTranslation": image({"height_factor": 0.2, "width_factor": 0.2}, **_FILLED),
    "RandomZoom": image({"height_factor": 0.2}, width_factor=[0.1], **_FILLED),
    "Solarization": image({"value_range": (0, 1)}, addition_factor=[0.3], threshold_factor=[0.3]),
}
"""Class -> what it is drawn with; options whose kind tells their values need no entry."""


def values_of(kind):
    """Option -> values of a class, those that its kind tells among them."""
    found = {**automatic(kind), **DRAWS[kind].values}
    spec = LAYERS[kind]
    return {name: found[name] for name in found if spec.knows(name) or name in spec.inner}


class Variant(NamedTuple):
    """One layer: the options that differ from ``base``, and all options."""

    own: dict
    options: dict


def variants(kind):
    """Each value of each option by itself."""
    base = dict(DRAWS[kind].base)
    alone = [{option: one} for option, values in values_of(kind).items() for one in values]
    return [Variant(own, {**base, **own}) for own in ({}, *alone, *DRAWS[kind].together)]


def shown(value):
    """A value as the list has it."""
    return value.name if isinstance(value, Made) else json.dumps(value, ensure_ascii=False)


def listed():
    """Class, option and value -> the Keras that computed it."""
    found = {}
    for line in REACHED.read_text().splitlines():
        place, _, names = line.rpartition(": ")
        kind, option, value = place.replace(" = ", " ", 1).split(" ", 2)
        found[kind, option, value] = names.split()
    return found
