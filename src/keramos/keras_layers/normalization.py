"""Layers of keras.layers.normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.keras_layers.options import DISTINCT_AXES, FLAG, NUMBER, WHOLE
from keramos.keras_layers.spec import LayerSpec, Weight

if TYPE_CHECKING:
    from keramos.types.network import Config

_EPSILON = replace(NUMBER(1e-3), least=0)
_ENDS = {"epsilon": _EPSILON, "center": FLAG(True), "scale": FLAG(True)}


def _layer_gamma(config: Config) -> bool:
    """RMS scaling has a gamma whatever ``scale`` says."""
    return bool(config.get("scale", True) or config.get("rms_scaling"))


def _layer_beta(config: Config) -> bool:
    return bool(config.get("center", True)) and not config.get("rms_scaling")


LAYERS = {
    "BatchNormalization": LayerSpec(
        options={"axis": WHOLE(-1), **_ENDS},
        weights=(
            Weight("gamma", "*sizes", when="scale"),
            Weight("beta", "*sizes", when="center"),
            Weight("moving_mean", "*sizes", trained=False, former="running_mean"),
            Weight("moving_variance", "*sizes", trained=False, former="running_std"),
        ),
        ignored=(
            *("momentum", "renorm", "renorm_clipping", "renorm_momentum"),
            *("virtual_batch_size", "adjustment", "fused"),
        ),
        checked={"momentum": NUMBER(0.99)},
        training=("synchronized",),
        mask="keep",
        floats=True,
        former=("SyncBatchNormalization",),
        released_as=("BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"),
        unstated=("axis",),  # several axes became a field of Legacy
        copies="after",  # the averages of renormalisation, which only training reads
        since="1",
    ),
    "GroupNormalization": LayerSpec(
        # -1 is one group for each channel.
        options={"groups": WHOLE(32), "axis": WHOLE(-1), **_ENDS},
        weights=(
            Weight("gamma", "size", when="scale"),
            Weight("beta", "size", when="center"),
        ),
        mask="keep",
        floats=True,
        since="tensorflow",
    ),
    "LayerNormalization": LayerSpec(
        options={"axis": DISTINCT_AXES(-1), **_ENDS, "rms_scaling": FLAG(False)},
        weights=(
            Weight("gamma", "*sizes", when=_layer_gamma),
            Weight("beta", "*sizes", when=_layer_beta),
        ),
        mask="keep",
        floats=True,
        since="tensorflow",
    ),
    "RMSNormalization": LayerSpec(
        options={"axis": DISTINCT_AXES(-1), "epsilon": replace(NUMBER(1e-6), least=0)},
        weights=(Weight("scale", "*sizes"),),
        mask="keep",
        floats=True,
    ),
    "UnitNormalization": LayerSpec(
        options={"axis": DISTINCT_AXES(-1)}, mask="keep", floats=True, since="tensorflow"
    ),
}
