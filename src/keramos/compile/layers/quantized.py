"""Layers with weights in 8 bits (``model.quantize`` of Keras 3): int8, and float8 that only rounds.

Formulas: ``_int8_call`` and ``_float8_call`` of the layers in keras.layers.core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.activation import activate
from keramos.compile.layers.core import EMBEDDING_SILENT
from keramos.compile.lowering import Lowering
from keramos.compile.operations.linalg import explicit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.compile.graph import Graph, Value
    from keramos.compile.site import Site

_LEAST = 1e-7  # keras.config.epsilon()
_LARGEST = 127.0
_FLOAT8, _FLOAT8_LARGEST = 17, 448.0  # ONNX' e4m3fn


def _rounded(g: Graph, x: Value, axes: Sequence[int]) -> tuple[Value, Value]:
    """X * scale as whole numbers up to 127, and the scale, by the largest size along axes."""
    largest = g.op("ReduceMax", g.op("Abs", x), list(axes), keepdims=1)
    scale = g.op("Div", _LARGEST, g.op("Add", largest, _LEAST))
    whole = g.op("Round", g.op("Mul", x, scale))
    return g.op("Min", g.op("Max", whole, -_LARGEST), _LARGEST), scale


def _rounds_inputs(s: Site) -> bool:
    """Whether inputs are rounded too; a configuration may ask for rounded weights alone."""
    found = cast("Mapping[str, Mapping[str, object]]", s.layer.config.get("quantization_config") or {})
    config = found.get("config", {})
    return "activation_quantizer" not in config or config["activation_quantizer"] is not None


def _finish(s: Site, y: Value, bias: object, activation: object) -> Value:
    return activate(s.g, y if bias is None else s.g.op("Add", y, bias), activation)  # type: ignore[arg-type] # an array


def int8_dense(s: Site, *, units: int, activation: object = None, use_bias: bool = True) -> Value:
    """A dense layer on whole numbers, scaled back."""
    g = s.g
    kernel = s.weight("kernel", (s.x.shape[-1], units)).astype("float32")
    bias = s.float_weight("bias", (units,)) if use_bias else None
    scale = g.const(s.float_weight("kernel scale", (units,)))
    x = s.x
    if _rounds_inputs(s):
        x, of_inputs = _rounded(g, x, [-1])
        scale = g.op("Mul", of_inputs, scale)
    return _finish(s, g.op("Div", g.op("MatMul", x, kernel), scale), bias, activation)


def int8_einsum_dense(
    s: Site, *, equation: str, output_shape: object, bias_axes: str | None = None, activation: object = None
) -> Value:
    """Einstein's sum on whole numbers, scaled back."""
    g, kernel = s.g, s.weight("kernel").astype("float32")
    bias = s.float_weight("bias") if bias_axes else None
    scale = g.const(s.float_weight("kernel scale"))
    full = explicit(equation, [s.x.rank, kernel.ndim])
    x = s.x
    if scale.rank != len(full.partition("->")[2]):
        raise s.unsupported("output_shape", output_shape, f"the kernel scale {scale.shape} does not fit {equation}")
    if _rounds_inputs(s):
        term, out = full.split(",")[0], full.partition("->")[2]
        x, of_inputs = _rounded(g, x, [i for i, letter in enumerate(term) if letter not in out])
        scale = g.op("Mul", _at_output(g, of_inputs, term, out), scale)
    return _finish(s, g.op("Div", g.op("Einsum", x, kernel, equation=full), scale), bias, activation)


def _at_output(g: Graph, scale: Value, term: str, out: str) -> Value:
    """Scales of the input's kept axes, moved to the places that these axes have in the output."""
    kept = [letter for letter in term if letter in out]
    gone = [i for i, letter in enumerate(term) if letter not in out]
    y = g.op("Squeeze", scale, gone) if gone else scale
    order = sorted(range(len(kept)), key=lambda i: out.index(kept[i]))
    y = g.op("Transpose", y, perm=order)
    return g.op("Unsqueeze", y, [i for i, letter in enumerate(out) if letter not in kept])


def int8_embedding(s: Site, *, input_dim: int, output_dim: int, mask_zero: bool = False) -> Value:
    """Rows of whole numbers, each with a scale of its own."""
    g, index = s.g, s.g.op("Cast", s.x, to=7)
    if mask_zero:
        s.out_mask = g.op("Not", g.op("Equal", index, 0))
    table = s.weight("embeddings", (input_dim, output_dim)).astype("float32")
    scale = s.weight("embeddings scale", (input_dim,)).astype("float32")
    return g.op("Gather", table / scale[:, None], index, axis=0)


def _float8(g: Graph, x: Value, scale: float) -> Value:
    """The nearest 8-bit floats of x / scale, scaled back."""
    y = g.op("Min", g.op("Max", g.op("Div", x, scale), -_FLOAT8_LARGEST), _FLOAT8_LARGEST)
    small = g.ops("Cast", y, outputs=1, to=_FLOAT8, like=[("float8", y.shape)])[0]
    return g.op("Mul", g.op("Cast", small, to=1), scale)


def _float8_scales(s: Site) -> tuple[float, float]:
    """Of inputs and of the kernel; what the file keeps for training is passed by."""
    found = []
    for role in ("inputs", "kernel", "outputs gradient"):
        found.append(float(s.weight(f"{role} scale", ())))
        s.weight(f"{role} history")
    return found[0], found[1]


def float8_dense(s: Site, *, units: int, activation: object = None, use_bias: bool = True) -> Value:
    """A dense layer with inputs and kernel rounded to 8-bit floats."""
    g = s.g
    kernel = g.const(s.float_weight("kernel", (s.x.shape[-1], units)))
    bias = s.float_weight("bias", (units,)) if use_bias else None
    of_inputs, of_kernel = _float8_scales(s)
    y = g.op("MatMul", _float8(g, s.x, of_inputs), _float8(g, kernel, of_kernel))
    return _finish(s, y, bias, activation)


def float8_einsum_dense(s: Site, *, equation: str, bias_axes: str | None = None, activation: object = None) -> Value:
    """Einstein's sum with inputs and kernel rounded to 8-bit floats."""
    g, kernel = s.g, s.g.const(s.float_weight("kernel"))
    bias = s.float_weight("bias") if bias_axes else None
    of_inputs, of_kernel = _float8_scales(s)
    full = explicit(equation, [s.x.rank, kernel.rank])
    y = g.op("Einsum", _float8(g, s.x, of_inputs), _float8(g, kernel, of_kernel), equation=full)
    return _finish(s, y, bias, activation)


QUANTIZED: dict[tuple[str, str], Lowering] = {
    ("Dense", "float8"): Lowering(float8_dense, mask="keep", floats=True),
    ("Dense", "int8"): Lowering(int8_dense, mask="keep", floats=True),
    ("EinsumDense", "float8"): Lowering(float8_einsum_dense, ignored=("output_shape",), floats=True),
    ("EinsumDense", "int8"): Lowering(int8_einsum_dense, floats=True),
    ("Embedding", "int8"): Lowering(int8_embedding, mask="own", ignored=EMBEDDING_SILENT),
}
"""Class and mode of quantisation -> lowering; other classes keep their weights as they are."""

KINDS = frozenset({"Dense", "EinsumDense", "Embedding", "ReversibleEmbedding"})
"""Classes whose weights a quantised file holds in another form."""


def mode_of(config: Mapping[str, object]) -> str | None:
    """``int8`` and so on, from a dtype policy such as ``int8_from_float32``."""
    mode, word, _ = str(config.get("dtype")).partition("_from_")
    return mode.partition("/")[0] if word else None
