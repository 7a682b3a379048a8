"""Layers with weights in 8 bits (``model.quantize`` of Keras 3): int8, and float8 that only rounds.

Formulas: ``_int8_call`` and ``_float8_call`` of the layers in keras.layers.core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.layers.core import capped, looked_up
from keramos.compile.lowering.activation import activate
from keramos.compile.onnx.element_types import ELEMENT_TYPES
from keramos.compile.operations.linalg import explicit
from keramos.types.attributes import real, reals, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Graph, Value

ABS_MAX: dict[str, object] = {
    "value_range": (-127, 127),
    "epsilon": 1e-7,
}  # defaults of AbsMaxQuantizer
_FLOAT8_LARGEST = 448.0


def rounding(
    s: LayerCall, default: Mapping[str, object] | None = None
) -> Mapping[str, object] | None:
    """How inputs are rounded: the config of their quantizer, ``default`` where none is named, None:
    not at all.
    """
    found = s.layer.config.get("quantization_config")
    if not found:
        return default
    config = record(record(found, "quantization_config").get("config", {}), "quantization_config")
    if config.get("activation_quantizer") is None:
        return None
    quantizer = record(config["activation_quantizer"], "activation_quantizer")
    if quantizer.get("class_name") != "AbsMaxQuantizer":
        raise s.unsupported(
            "activation_quantizer", quantizer.get("class_name"), "AbsMaxQuantizer is"
        )
    return {**ABS_MAX, **record(quantizer.get("config", {}), "activation_quantizer")}


def rounded(
    g: Graph, x: Value, axes: Sequence[int], how: Mapping[str, object]
) -> tuple[Value, Value]:
    """X * scale as whole numbers, and the scale, by the largest size along axes."""
    low, high = reals(how["value_range"], "value_range")
    largest = g.op("ReduceMax", g.op("Abs", x), list(axes), keepdims=1)
    scale = g.op("Div", high, g.op("Add", largest, real(how["epsilon"], "epsilon")))
    whole = g.op("Round", g.op("Mul", x, scale))
    return g.op("Min", g.op("Max", whole, low), high), scale


def finish(s: LayerCall, y: Value, bias: object, activation: object) -> Value:
    """The bias, where there is one, and the activation."""
    y = y if bias is None else s.g.op("Add", y, bias)  # type: ignore[arg-type] # an array
    return activate(s.g, y, activation, s.layer.legacy)


def scaled_matmul(
    s: LayerCall, kernel: NDArray[np.generic], scale: Value, how: Mapping[str, object] | None
) -> Value:
    """Inputs, rounded if so wanted, times a kernel of whole numbers, scaled back."""
    g, x = s.g, s.x
    if how is not None:
        x, of_inputs = rounded(g, x, [-1], how)
        scale = g.op("Mul", of_inputs, scale)
    return g.op("Div", g.op("MatMul", x, kernel), scale)


def scaled_einsum(
    s: LayerCall,
    equation: str,
    kernel: NDArray[np.generic],
    scale: Value | None,
    how: Mapping[str, object] | None,
) -> Value:
    """The same for Einstein's sum; ``equation`` is explicit, ``scale`` has the axes of the
    result.
    """
    g, x = s.g, s.x
    if how is not None:
        term, out = equation.split(",", maxsplit=1)[0], equation.partition("->")[2]
        x, of_inputs = rounded(g, x, [i for i, letter in enumerate(term) if letter not in out], how)
        of_inputs = _at_output(g, of_inputs, term, out)
        scale = of_inputs if scale is None else g.op("Mul", of_inputs, scale)
    y = g.op("Einsum", x, kernel, equation=equation)
    return y if scale is None else g.op("Div", y, scale)


def int8_dense(
    s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True
) -> Value:
    """A dense layer on whole numbers, scaled back."""
    kernel = s.weight("kernel").astype("float32")
    bias = s.float_weight("bias") if use_bias else None
    scale = s.g.const(s.float_weight("kernel_scale"))
    return finish(s, scaled_matmul(s, kernel, scale, rounding(s, ABS_MAX)), bias, activation)


def int8_einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: object,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """Einstein's sum on whole numbers, scaled back."""
    kernel = s.weight("kernel").astype("float32")
    bias = s.float_weight("bias") if bias_axes else None
    scale = s.g.const(s.float_weight("kernel_scale"))
    full = explicit(equation, [s.x.rank, kernel.ndim])
    if scale.rank != len(full.partition("->")[2]):
        raise s.unsupported(
            "output_shape", output_shape, f"the kernel scale {scale.shape} does not fit {equation}"
        )
    return finish(s, scaled_einsum(s, full, kernel, scale, rounding(s, ABS_MAX)), bias, activation)


def _at_output(g: Graph, scale: Value, term: str, out: str) -> Value:
    """Scales of the input's kept axes, moved to the places that these axes have in the output."""
    kept = [letter for letter in term if letter in out]
    gone = [i for i, letter in enumerate(term) if letter not in out]
    y = g.op("Squeeze", scale, gone) if gone else scale
    order = sorted(range(len(kept)), key=lambda i: out.index(kept[i]))
    y = g.op("Transpose", y, perm=order)
    return g.op("Unsqueeze", y, [i for i, letter in enumerate(out) if letter not in kept])


def int8_embedding(
    s: LayerCall, *, input_dim: int, output_dim: int, mask_zero: bool = False
) -> Value:
    """Rows of whole numbers, each with a scale of its own."""
    table = s.weight("embeddings").astype("float32")
    scale = s.weight("embeddings_scale").astype("float32")
    return looked_up(s, table / scale[:, None], mask_zero=mask_zero)


def _float8(g: Graph, x: Value, scale: float) -> Value:
    """The nearest 8-bit floats of x / scale, scaled back."""
    y = g.op("Min", g.op("Max", g.op("Div", x, scale), -_FLOAT8_LARGEST), _FLOAT8_LARGEST)
    small = g.ops("Cast", y, outputs=1, to=ELEMENT_TYPES["float8"], like=[("float8", y.shape)])[0]
    return g.op("Mul", g.cast(small, "float32"), scale)


def _float8_scales(s: LayerCall) -> tuple[float, float]:
    """Of inputs and of the kernel; what the file keeps for training is passed by."""
    found = []
    for part in ("inputs", "kernel", "outputs_grad"):
        found.append(float(s.weight(f"{part}_scale")))
        s.weight(f"{part}_amax_history")
    return found[0], found[1]


def float8_dense(
    s: LayerCall, *, units: int, activation: object = None, use_bias: bool = True
) -> Value:
    """A dense layer with inputs and kernel rounded to 8-bit floats."""
    g = s.g
    kernel = g.const(s.float_weight("kernel"))
    bias = s.float_weight("bias") if use_bias else None
    of_inputs, of_kernel = _float8_scales(s)
    y = g.op("MatMul", _float8(g, s.x, of_inputs), _float8(g, kernel, of_kernel))
    return finish(s, y, bias, activation)


def float8_einsum_dense(
    s: LayerCall,
    *,
    equation: str,
    output_shape: object,
    bias_axes: str | None = None,
    activation: object = None,
) -> Value:
    """Einstein's sum with inputs and kernel rounded to 8-bit floats."""
    del output_shape  # it follows from the equation and the kernel
    g, kernel = s.g, s.g.const(s.float_weight("kernel"))
    bias = s.float_weight("bias") if bias_axes else None
    of_inputs, of_kernel = _float8_scales(s)
    full = explicit(equation, [s.x.rank, kernel.rank])
    y = g.op("Einsum", _float8(g, s.x, of_inputs), _float8(g, kernel, of_kernel), equation=full)
    return finish(s, y, bias, activation)


def int8_reversible(
    s: LayerCall,
    *,
    input_dim: int,
    output_dim: int,
    tie_weights: bool = True,
    mask_zero: bool = False,
    logit_soft_cap: float | None = None,
) -> Value:
    """An embedding of whole numbers that also runs backwards."""
    table = s.weight("embeddings").astype("float32")
    scale = s.weight("embeddings_scale").astype("float32")
    back, back_scale = table.T, scale
    if not tie_weights:
        back = s.weight("reverse_embeddings").astype("float32")
        back_scale = s.weight("reverse_embeddings_scale").astype("float32")
    if not s.kwargs.get("reverse"):
        return looked_up(s, table / scale[:, None], mask_zero=mask_zero)
    return capped(
        s.g, scaled_matmul(s, back, s.g.const(back_scale), rounding(s, ABS_MAX)), logit_soft_cap
    )


WHOLE_BYTES: dict[tuple[str, str], Build] = {
    ("Dense", "float8"): float8_dense,
    ("Dense", "int8"): int8_dense,
    ("EinsumDense", "float8"): float8_einsum_dense,
    ("EinsumDense", "int8"): int8_einsum_dense,
    ("Embedding", "int8"): int8_embedding,
    ("ReversibleEmbedding", "int8"): int8_reversible,
}
"""Class and mode of quantisation -> lowering."""
