"""The page of layers: which classes run, with which options, from which generations, and which do
not and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.gaps import GAPS
from keramos.compile.layers import LAYERS, QUANTIZED
from keramos.compile.operations.table import KERAS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIRST = {
    "1": """
        Activation ActivityRegularization AveragePooling1D AveragePooling2D AveragePooling3D
        BatchNormalization Bidirectional Conv1D Conv2D Conv2DTranspose Conv3D ConvLSTM2D Cropping1D
        Cropping2D Cropping3D Dense Dropout ELU Embedding Flatten GRU GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
        GlobalMaxPooling2D GlobalMaxPooling3D LSTM LeakyReLU LocallyConnected1D LocallyConnected2D
        Masking MaxPooling1D MaxPooling2D MaxPooling3D PReLU Permute RepeatVector Reshape
        SeparableConv2D SimpleRNN SpatialDropout1D SpatialDropout2D SpatialDropout3D ThresholdedReLU
        TimeDistributed UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D
        ZeroPadding3D Highway MaxoutDense Merge ParametricSoftplus SReLU
    """,
    "2": """
        Add AdditiveAttention AlphaDropout Attention Average CategoryEncoding CenterCrop Concatenate
        Conv1DTranspose Conv3DTranspose ConvLSTM1D ConvLSTM3D DepthwiseConv1D DepthwiseConv2D
        Discretization Dot EinsumDense GRUCell GroupNormalization HashedCrossing Hashing Identity
        IntegerLookup LSTMCell LayerNormalization Maximum Minimum MultiHeadAttention Multiply
        Normalization RNN RandomBrightness RandomContrast RandomFlip RandomFourierFeatures
        RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom ReLU Rescaling Resizing
        SeparableConv1D SimpleRNNCell Softmax SpectralNormalization StackedRNNCells StringLookup
        Subtract TextVectorization UnitNormalization
    """,
}
"""Generation of Keras -> classes that came with it; all others came with Keras 3."""

_LAST = {
    "1": "Highway MaxoutDense Merge ParametricSoftplus SReLU",
    "2": "LocallyConnected1D LocallyConnected2D RandomFourierFeatures RandomHeight RandomWidth "
    "ThresholdedReLU",
}
_NEWEST = "3"
_HIDDEN = (
    "auto_mask",
    "inner_mask",
    "keep_last_axis",
    "left_capped",
    "mask_rule",
    "masked_to_zero",
    "must_fit",
    "recurrent_padding",
)
"""Options that no file holds: readers note in them what an older version did otherwise."""


def _generations() -> dict[str, str]:
    first = {name: generation for generation, names in _FIRST.items() for name in names.split()}
    last = {name: generation for generation, names in _LAST.items() for name in names.split()}
    return {
        name: start
        if (start := first.get(name, _NEWEST)) == (end := last.get(name, _NEWEST))
        else f"{start} to {end}"
        for name in LAYERS
    }


def _rows() -> Iterator[str]:
    generations = _generations()
    for name, row in sorted(LAYERS.items()):
        if name.startswith("replaced."):
            continue
        options = ", ".join(sorted(row.options - set(_HIDDEN))) or "none"
        silent = ", ".join(sorted(row.ignored))
        calls = ", ".join(call for call in row.calls if call != "keras2_mask")
        extra = "".join(
            (f"; call: {calls}" if calls else "", f"; no effect: {silent}" if silent else "")
        )
        yield f"| {name} | {generations[name]} | {options}{extra} |"


def _gaps(when: str) -> Iterator[str]:
    for name, gap in sorted(GAPS.items()):
        if gap.when == when:
            yield f"| {name} | {gap.reason} |"


def _names(names: Mapping[str, object], prefix: str = "") -> str:
    found = sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return ", ".join(found)


_INTRODUCTION = """# Layers

Written by `make docs` from the tables that run them. A value of an option that is not supported is
refused by name, never passed over; a key that is not listed is too, unless only training reads it.

{count} classes run. Generations are those of Keras whose files may hold the class.

| class | Keras | options that matter |
|---|---|---|
"""
_AFTER = """
With quantised weights: {modes}.

All answers are computed in float32: files that compute in half precision lose no digits here, files
that compute in double precision agree to float32. A stateful layer begins with zeros in every call.
Layers that draw at random do nothing when predicting.
"""
_GAP_TABLE = "\n## {title}\n\n| class | reason |\n|---|---|\n"
_OTHERS = "| any other class | its code is not in the file; see `replace` in keramos.load |"


def _listed(title: str, names: Mapping[str, object], prefix: str = "") -> str:
    return f"\n## {title} ({len(names)})\n\n{_names(names, prefix)}.\n"


def page() -> str:
    """The page as Markdown."""
    tensorflow = {
        n: row
        for n, row in OPERATIONS.items()
        if not n.startswith(("ops.", "tf.op.", "tf.compat."))
    }
    graph = {name: row for name, row in OPERATIONS.items() if name.startswith("tf.op.")}
    modes = ", ".join(f"{kind} {mode}" for kind, mode in sorted(QUANTIZED))
    tables = [
        _INTRODUCTION.format(count=len(LAYERS)) + "\n".join(_rows()) + "\n",
        _AFTER.format(modes=modes),
        _GAP_TABLE.format(title="Not yet") + "\n".join(_gaps("notyet")) + "\n",
        _GAP_TABLE.format(title="Never") + "\n".join([*_gaps("never"), _OTHERS]) + "\n",
        _listed("Functions of keras.ops", KERAS),
        _listed("TensorFlow functions in files of Keras 2", tensorflow, "tf."),
        _listed("TensorFlow graph nodes", graph, "tf.op."),
    ]
    return "".join(tables)
