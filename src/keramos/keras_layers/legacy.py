"""Layers that only Keras 1 or Keras 2 had."""

from msgspec.structs import replace

from keramos.keras_layers.options import ACTIVATION, AXES, COUNT, FLAG, TEXT
from keramos.keras_layers.spec import LayerSpec, Weight

_KERAS_1 = LayerSpec(floats=True, since="1", until="1")

_STANDALONE = replace(_KERAS_1, until="standalone")

LAYERS = {
    "Highway": replace(
        _STANDALONE,
        options={"activation": ACTIVATION, "use_bias": FLAG(True)},
        weights=(
            Weight("W", "features features"),
            Weight("W_carry", "features features"),
            Weight("b", "features", when="use_bias"),
            Weight("b_carry", "features", when="use_bias"),
        ),
    ),
    "MaxoutDense": replace(
        _STANDALONE,
        options={"units": COUNT, "nb_feature": COUNT(4), "use_bias": FLAG(True)},
        weights=(
            Weight("W", "nb_feature features units"),
            Weight("b", "nb_feature units", when="use_bias"),
        ),
    ),
    "Merge": replace(_STANDALONE, options={"mode": TEXT, "dot_axes": AXES(-1)}, several=True),
    "ParametricSoftplus": replace(
        _KERAS_1,
        options={"shared_axes": AXES(None)},
        weights=(Weight("alphas"), Weight("betas")),
        mask="keep",
    ),
    "RandomFourierFeatures": LayerSpec(
        options={"output_dim": COUNT},
        weights=(
            Weight("kernel_scale"),
            Weight("unscaled_kernel", "features output_dim", trained=False),
            Weight("bias", "output_dim", trained=False),
        ),
        ignored=("scale",),
        training=("kernel_initializer", "seed"),
        floats=True,
        since="tensorflow",
        until="2",
    ),
    "SReLU": replace(
        _KERAS_1,
        options={"shared_axes": AXES(None)},
        weights=(Weight("t_left"), Weight("a_left"), Weight("t_right"), Weight("a_right")),
        mask="keep",
    ),
}
