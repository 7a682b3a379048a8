"""Layers of keras.layers.core, and regularisation layers, which do nothing when predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.activation import activate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Graph, Value


def dense(s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True) -> Value:
    """activation(x · kernel + bias) over the last axis."""
    y = s.g.op("MatMul", s.x, s.float_weight("kernel"))
    if use_bias:
        y = s.g.op("Add", y, s.float_weight("bias"))
    return activate(s.g, y, activation, s.layer.legacy)


def einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: object,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """activation(Einstein's sum of x and the kernel + bias); ``output_shape`` follows from both."""
    terms = equation.partition("->")[0].replace(" ", "").split(",")
    kernel = s.float_weight("kernel")
    if len(terms) != 2 or len(terms[1]) != kernel.ndim:
        raise s.unsupported(
            "equation", equation, f"it does not fit a kernel of shape {kernel.shape}"
        )
    # A model of dense layers needs no functions of keras.ops.
    from keramos.compile.operations.linalg import explicit  # noqa: PLC0415 (start-up time)

    full = explicit(equation, [s.x.rank, kernel.ndim])
    sizes = dict(zip(terms[1], kernel.shape, strict=True))
    for letter, size in zip(full.split(",")[0], s.x.shape, strict=True):
        if size not in (None, sizes.get(letter, size)):
            raise s.unsupported(
                "output_shape", output_shape, f"axis {letter} of {equation} has two sizes"
            )
    _check_ends(s, full, output_shape, sizes)
    y = s.g.op("Einsum", s.x, kernel, equation=full)
    y = s.g.op("Add", y, s.float_weight("bias")) if bias_axes else y
    return activate(s.g, y, activation, s.layer.legacy)


def _check_ends(
    s: LayerCall, equation: str, output_shape: object, sizes: Mapping[str, int]
) -> None:
    """Refuse sizes of the output that the kernel does not give."""
    stated = output_shape if isinstance(output_shape, list) else [output_shape]
    result = equation.partition("->")[2]
    for letter, size in zip(reversed(result), reversed(stated), strict=False):
        if size is not None and sizes.get(letter, size) != size:
            reason = f"the kernel gives axis {letter} of {equation} {sizes[letter]} places"
            raise s.unsupported("output_shape", output_shape, reason)


def reversible_embedding(
    s: LayerCall,
    *,
    input_dim: int,
    output_dim: int,
    tie_weights: bool = True,
    mask_zero: bool = False,
    logit_soft_cap: float | None = None,
) -> Value:
    """An embedding that also runs backwards: vectors to one score for each integer, with
    ``reverse`` in the call.
    """
    table = s.float_weight("embeddings")
    back = table.T if tie_weights else s.float_weight("reverse_embeddings")
    if not s.kwargs.get("reverse"):
        return looked_up(s, table.astype("float32"), mask_zero=mask_zero)
    return capped(s.g, s.g.op("MatMul", s.x, back), logit_soft_cap)


def looked_up(s: LayerCall, table: NDArray[np.generic], *, mask_zero: bool) -> Value:
    """Rows of a table by whole numbers; 0 is masked if so wanted."""
    index = s.g.cast(s.x, "int64")
    if mask_zero:
        s.out_mask = s.g.op("Not", s.g.op("Equal", index, 0))
    return s.g.op("Gather", table, index, axis=0)


def capped(g: Graph, x: Value, most: float | None) -> Value:
    """Scores bent so that none passes ``most``."""
    return (
        x if most is None else g.op("Mul", g.op("Tanh", g.op("Div", x, float(most))), float(most))
    )


def spectral_normalization(s: LayerCall) -> tuple[Value, ...]:
    """The inner layer; its kernel was divided by its largest singular value while training."""
    s.weight("vector_u")
    return tuple(value for value, _ in s.apply(s.wrapped[0], s.x, mask=s.mask))


def layer_scale(s: LayerCall, *, projection_dim: int) -> Value:
    """A learned factor a channel (ConvNeXt)."""
    return s.g.op("Mul", s.x, s.float_weight("gamma"))


def custom_scale(s: LayerCall, *, scale: float) -> Value:
    """The first input plus the second times a number (InceptionResNetV2)."""
    return s.g.op("Add", s.inputs[0], s.g.op("Mul", s.inputs[1], float(scale)))


def pipeline(s: LayerCall) -> tuple[Value, ...]:
    """Layers one after the other."""
    outputs: tuple[Value, ...] = (s.x,)
    for layer in s.layer.inner:
        outputs = tuple(value for value, _ in s.apply(layer, *outputs))
    return outputs


def embedding(s: LayerCall, *, input_dim: int, output_dim: int, mask_zero: bool = False) -> Value:
    """The row of a table for each integer; with ``mask_zero`` the integer 0 is masked."""
    table = s.weight("embeddings").astype("float32")
    return looked_up(s, table, mask_zero=mask_zero)


def masking(s: LayerCall, *, mask_value: float = 0.0) -> Value:
    """Steps whose values all equal one number are masked, and 0 from here on."""
    differs = s.g.cast(s.g.op("Not", s.g.op("Equal", s.x, float(mask_value))), "float32")
    kept = s.g.op("Greater", s.g.op("ReduceMax", differs, [-1], keepdims=1), 0.0)
    s.out_mask = s.g.op("Squeeze", kept, [-1])
    return s.g.op("Where", kept, s.x, 0.0)


def identity(s: LayerCall) -> Value:
    """The input, unchanged."""
    return s.x


LAYERS: dict[str, Build] = {
    "CustomScaleLayer": custom_scale,
    "Dense": dense,
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    "Identity": identity,
    "LayerScale": layer_scale,
    "Masking": masking,
    "Pipeline": pipeline,
    "ReversibleEmbedding": reversible_embedding,
    "SpectralNormalization": spectral_normalization,
    "StochasticDepth": identity,
    "TFDIdentity": identity,
}
