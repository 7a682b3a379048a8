"""Layers of keras.layers.preprocessing for words and categories."""

from msgspec.structs import replace

from keramos.keras_layers.options import (
    AXES,
    COUNT,
    FLAG,
    NUMBER_LIST,
    SIZES,
    TEXT,
    TEXTS,
    TOKEN,
    TOKEN_OR_NUMBER,
    TOKENS,
    WHOLE,
    words,
)
from keramos.keras_layers.spec import LayerSpec

_ENCODED = {"output_mode": TEXT("int"), "sparse": FLAG(False)}
_LEARNED = {
    **_ENCODED,
    "pad_to_max_tokens": FLAG(False),
    "max_tokens": WHOLE(None),
    "idf_weights": NUMBER_LIST(None),
    "encoding": TEXT("utf-8"),
}
_LOOKUP = LayerSpec(
    options={
        "vocabulary": TOKENS(None),
        "num_oov_indices": replace(WHOLE(1), least=0),
        "mask_token": TOKEN(None),
        "oov_token": TOKEN(None),
        "invert": FLAG(False),
        "oov_method": TEXT("floormod"),
        "salt": AXES(None),
        **_LEARNED,
    },
    ignored=("vocabulary_dtype", "vocabulary_size"),
    checked={"vocabulary_dtype": words("int64", "int32", "string")},
    vocabulary="vocabulary",
    since="tensorflow",
)

LAYERS = {
    "HashedCrossing": LayerSpec(
        options={"num_bins": COUNT, **_ENCODED}, several=True, since="tensorflow"
    ),
    "Hashing": LayerSpec(
        options={
            "num_bins": COUNT,
            "mask_value": TOKEN_OR_NUMBER(None),
            "salt": AXES(None),
            **_ENCODED,
        },
        since="tensorflow",
        unstated=("mask_value",),
    ),
    "IntegerLookup": _LOOKUP,
    "StringLookup": replace(_LOOKUP, takes_text=True),
    "TextVectorization": LayerSpec(
        options={
            "vocabulary": TEXTS(None),
            "standardize": replace(TEXT("lower_and_strip_punctuation"), nullable=True),
            "split": replace(TEXT("whitespace"), nullable=True),
            "ngrams": SIZES(None),
            "output_sequence_length": WHOLE(None),
            "ragged": FLAG(False),
            **_LEARNED,
        },
        ignored=("vocabulary_size",),
        takes_text=True,
        vocabulary="vocabulary",
        asset_folders=("", "/_lookup_layer"),
        since="tensorflow",
    ),
}
