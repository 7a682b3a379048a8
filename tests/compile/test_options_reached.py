"""Every option of every class, and every word that it may be, is computed by real Keras too.

``options_reached.txt`` lists what was reached. A new option needs a value in
``tests/support/option_values.py``, or a reason in ``UNREACHED``; ``python -m support.option_draws``
(in ``tests``) writes the list again.
"""

from keramos.keras_layers.options import DATA_FORMAT, FLAG
from keramos.keras_layers.registry import LAYERS
from support.option_values import DRAWS, listed, shown

KERAS_1 = "Keras 1 and standalone Keras 2 alone had it: the museum has files"
APPLICATION = "keras.applications makes it: test_applications.py"
UNREACHED = {
    "CustomScaleLayer": APPLICATION,
    "Equalization": "Keras cannot put it into a functional model: test_signals.py",
    "Highway": KERAS_1,
    "LayerScale": APPLICATION,
    "MaxoutDense": KERAS_1,
    "Merge": KERAS_1,
    "ParametricSoftplus": KERAS_1,
    "RandomFourierFeatures": "tf_keras.layers.experimental alone has it: the museum has files",
    "SReLU": KERAS_1,
    "StochasticDepth": APPLICATION,
    "TFDConcat": "Keras writes it inside of FeatureSpace alone: test_tables.py",
    "TFDIdentity": "Keras writes it inside of FeatureSpace alone: test_tables.py",
}
"""Class -> why nothing here draws it."""
_SPARSE = "CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup StringLookup"
REASONS = {
    "Keras refuses it": {
        (kind, "padding", '"causal"') for kind in ("Conv2D", "Conv3D", "SeparableConv2D")
    },
    "the result is sparse or ragged, which is refused": {
        ("TextVectorization", "ragged", "true"),
        *((kind, "sparse", "true") for kind in (*_SPARSE.split(), "TextVectorization")),
    },
    "no Keras has the option; the class shares its record with others": {
        ("SpatialDropout1D", "data_format", None),
    },
    "TensorFlow has no such kernel for processors": {
        (f"Conv{n}DTranspose", "data_format", '"channels_first"') for n in (1, 3)
    },
    "it is refused by name": {("AutoContrast", "data_format", '"channels_first"')},
    "its input are whole numbers then: test_tables.py": {("StringLookup", "invert", "true")},
    "Keras writes it by itself": {
        ("Bidirectional", "weights", None),
        ("IntegerLookup", "encoding", None),
        ("IntegerLookup", "vocabulary_size", None),
        ("StringLookup", "vocabulary_dtype", None),
        ("StringLookup", "vocabulary_size", None),
        ("TextVectorization", "vocabulary_size", None),
        *((f"SpatialDropout{n}D", "noise_shape", None) for n in (1, 2, 3)),
    },
    "only training in Keras 2 reads it": {
        *(("BatchNormalization", option, None) for option in ("adjustment", "virtual_batch_size")),
        *(("BatchNormalization", f"renorm_{end}", None) for end in ("clipping", "momentum")),
    },
    "quantised layers alone have it: test_quantized.py": {
        ("EinsumDense", f"{mode}_unpacked_column_size", None) for mode in ("awq", "gptq")
    },
}
"""Why Keras computes no layer with it -> class, option and value."""
UNREACHED_OPTIONS = set().union(*REASONS.values())


def needed():
    """Class, option and value that the list must have; value None is any."""
    for kind, spec in LAYERS.items():
        if kind in UNREACHED:
            continue
        for option, one in spec.options.items():
            if one.test is FLAG.test:
                values = ["true", "false"]
            elif one.words:
                words = [word for word in one.words if word != "default"]
                values = [*(shown(word) for word in words), *["null"] * (one.words == DATA_FORMAT)]
            else:
                values = [None]
            yield from ((kind, option, value) for value in values)
        yield from ((kind, option, None) for option in spec.ignored)


def test_every_option_and_word_is_reached_or_has_a_reason():
    found = listed()
    options = {place[:2] for place in found}
    options |= {(kind, option) for kind, draw in DRAWS.items() for option in draw.base}
    lacking = {
        place
        for place in needed()
        if (place[:2] not in options if place[2] is None else place not in found)
    }
    assert lacking == UNREACHED_OPTIONS


def test_every_class_is_drawn_or_has_a_reason():
    assert LAYERS.keys() - DRAWS.keys() - UNREACHED.keys() == set()
    assert DRAWS.keys() & UNREACHED.keys() == set()
