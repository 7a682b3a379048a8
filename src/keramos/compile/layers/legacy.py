"""Layers that only Keras 1 or 2 had. Formulas: keras.layers of Keras 1.2 and TensorFlow 2.15."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.layers.activations import slopes
from keramos.compile.layers.merging import batch_dot
from keramos.compile.lowering.activation import activate

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value


def highway(s: LayerCall, *, activation: object = None, use_bias: bool = True) -> Value:
    """A dense layer that lets part of its input pass: t * y + (1 - t) * x."""
    g = s.g
    y = g.op("MatMul", s.x, s.float_weight("W"))
    gate = g.op("MatMul", s.x, s.float_weight("W_carry"))
    if use_bias:
        y = g.op("Add", y, s.float_weight("b"))
        gate = g.op("Add", gate, s.float_weight("b_carry"))
    t = g.op("Sigmoid", gate)
    return g.op(
        "Add", s.x, g.op("Mul", t, g.op("Sub", activate(g, y, activation, s.layer.legacy), s.x))
    )


def maxout_dense(s: LayerCall, *, units: int, nb_feature: int = 4, use_bias: bool = True) -> Value:
    """The largest of several dense layers, output by output."""
    g = s.g
    kernel = s.float_weight("W")
    y = g.op("MatMul", g.op("Unsqueeze", s.x, [1, 2]), kernel)
    if use_bias:
        y = g.op("Add", y, s.float_weight("b").reshape(nb_feature, 1, units))
    return g.op("ReduceMax", y, [1, 2], keepdims=0)


def s_relu(s: LayerCall, *, shared_axes: list[int] | None = None) -> Value:
    """Three straight pieces: slope a_left below t_left, 1 between, a_right above t_left +
    |t_right|. On Theano the left piece ends at |t_right| too, which shows where its slope is
    negative.
    """
    g, names = s.g, ("t_left", "a_left", "t_right", "a_right")
    t_left, a_left, t_right, a_right = (g.const(slopes(s, name, shared_axes)) for name in names)
    upper = g.op("Abs", t_right)
    x = g.op("Sub", s.x, t_left)
    center = g.op("Min", g.op("Relu", x), upper)
    left = g.op("Mul", a_left, g.op("Min", x, 0.0))
    left = g.op("Min", left, upper) if s.layer.legacy.left_piece_capped else left
    right = g.op("Mul", a_right, g.op("Relu", g.op("Sub", x, upper)))
    return g.op("Add", t_left, g.op("Add", g.op("Add", center, left), right))


def parametric_softplus(s: LayerCall, *, shared_axes: list[int] | None = None) -> Value:
    """Alpha * log(1 + exp(beta * x)) with learned alpha and beta."""
    alpha, beta = (slopes(s, name, shared_axes) for name in ("alphas", "betas"))
    return s.g.op("Mul", s.g.op("Softplus", s.g.op("Mul", s.x, beta)), alpha)


def random_fourier_features(s: LayerCall, *, output_dim: int) -> Value:
    """cos(x · kernel / scale + bias) with a kernel drawn at random."""
    g, scale = s.g, s.float_weight("kernel_scale")
    y = g.op(
        "Div",
        g.op("MatMul", s.x, s.float_weight("unscaled_kernel")),
        scale,
    )
    return g.op("Cos", g.op("Add", y, s.float_weight("bias")))


def merge(s: LayerCall, *, mode: str, dot_axes: int | list[int] = -1) -> Value:
    """Cosine of the angle between two tensors, along axes, behind a new axis."""
    if mode != "cos":
        raise s.unsupported("mode", mode, "it is no mode that Keras has")
    g, (a, b) = s.g, s.inputs
    squares = g.op("Mul", batch_dot(s, a, a, dot_axes), batch_dot(s, b, b, dot_axes))
    length = g.op("Max", g.op("Sqrt", squares), 1e-7)
    return g.op("Unsqueeze", g.op("Div", batch_dot(s, a, b, dot_axes), length), [1])


LAYERS: dict[str, Build] = {
    "Highway": highway,
    "MaxoutDense": maxout_dense,
    "Merge": merge,
    "ParametricSoftplus": parametric_softplus,
    "RandomFourierFeatures": random_fourier_features,
    "SReLU": s_relu,
}
