"""Layers of keras.layers.core, and regularisation layers, which do nothing when predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.activation import activate
from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def dense(s: Site, *, units: int, activation: object = None, use_bias: bool = True) -> Value:
    """activation(x · kernel + bias) over the last axis."""
    y = s.g.op("MatMul", s.x, s.float_weight("kernel", (s.x.shape[-1], units)))
    if use_bias:
        y = s.g.op("Add", y, s.float_weight("bias", (units,)))
    return activate(s.g, y, activation)


def embedding(s: Site, *, input_dim: int, output_dim: int, mask_zero: bool = False) -> Value:
    """The row of a table for each integer; with ``mask_zero`` the integer 0 is masked."""
    index = s.g.op("Cast", s.x, to=7)
    if mask_zero:
        s.out_mask = s.g.op("Not", s.g.op("Equal", index, 0))
    table = s.weight("embeddings", (input_dim, output_dim)).astype("float32")
    return s.g.op("Gather", table, index, axis=0)


def masking(s: Site, *, mask_value: float = 0.0) -> Value:
    """Steps whose values all equal one number are masked, and 0 from here on."""
    differs = s.g.op("Cast", s.g.op("Not", s.g.op("Equal", s.x, float(mask_value))), to=1)
    kept = s.g.op("Greater", s.g.op("ReduceMax", differs, [-1], keepdims=1), 0.0)
    s.out_mask = s.g.op("Squeeze", kept, [-1])
    return s.g.op("Where", kept, s.x, 0.0)


def identity(s: Site) -> Value:
    """The input, unchanged."""
    return s.x


LAYERS = {
    "ActivityRegularization": Lowering(identity, mask="keep", ignored=("l1", "l2")),
    "AlphaDropout": Lowering(identity, mask="keep", ignored=("rate", "noise_shape")),
    "Dense": Lowering(dense, mask="keep", floats=True),
    "Dropout": Lowering(identity, mask="keep", ignored=("rate", "noise_shape")),
    "Embedding": Lowering(embedding, mask="own", ignored=("input_length", "sparse")),
    "GaussianDropout": Lowering(identity, mask="keep", ignored=("rate",)),
    "GaussianNoise": Lowering(identity, mask="keep", ignored=("stddev",)),
    "Identity": Lowering(identity, mask="keep"),
    "Masking": Lowering(masking, mask="own", floats=True),
    **{
        f"SpatialDropout{n}D": Lowering(identity, mask="keep", ignored=("rate", "data_format", "noise_shape"))
        for n in (1, 2, 3)
    },
}
