"""Layers of keras.layers.attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.keras_layers.options import AXES, COUNT, FLAG, FRACTION, TEXT
from keramos.keras_layers.spec import LayerSpec, Weight

if TYPE_CHECKING:
    from keramos.types.network import Config

_CALLS = ("use_causal_mask", "return_attention_scores")
_HEADS_CALLS = (
    *_CALLS,
    *("query", "value", "key"),
    *("query_mask", "value_mask", "key_mask", "attention_mask"),
)


def _gate_bias(config: Config) -> bool:
    return bool(config.get("use_gate") and config.get("use_bias", True))


def _concat(config: Config) -> bool:
    return config.get("score_mode") == "concat"


def _projection(
    part: str, kernel: str, bias: str, folder: str, gate: str = ""
) -> tuple[Weight, Weight]:
    """A dense layer inside the attention layer."""
    return (
        Weight(f"{part}_kernel", kernel, when=gate, folder=folder),
        Weight(f"{part}_bias", bias, when=_gate_bias if gate else "use_bias", folder=folder),
    )


LAYERS = {
    "AdditiveAttention": LayerSpec(
        training=("dropout", "seed"),
        options={"use_scale": FLAG(True)},
        weights=(Weight("scale", "features", when="use_scale"),),
        calls=_CALLS,
        mask="own",
        floats=True,
        since="tensorflow",
    ),
    "Attention": LayerSpec(
        training=("dropout", "seed"),
        options={"use_scale": FLAG(False), "score_mode": TEXT("dot")},
        weights=(
            Weight("scale", "", when="use_scale"),
            Weight("concat_score_weight", "", when=_concat),
        ),
        calls=_CALLS,
        mask="own",
        floats=True,
        since="tensorflow",
    ),
    "GroupQueryAttention": LayerSpec(
        options={
            "head_dim": COUNT,
            "num_query_heads": COUNT,
            "num_key_value_heads": COUNT,
            "use_bias": FLAG(True),
            "sliding_window": COUNT(None),
            "use_gate": FLAG(False),
        },
        weights=(
            *_projection(
                "query",
                "features num_query_heads head_dim",
                "num_query_heads head_dim",
                "_query_dense",
            ),
            *_projection(
                "key",
                "features num_key_value_heads head_dim",
                "num_key_value_heads head_dim",
                "_key_dense",
            ),
            *_projection(
                "gate",
                "features num_query_heads head_dim",
                "num_query_heads head_dim",
                "_gate_dense",
                gate="use_gate",
            ),
            *_projection(
                "value",
                "features num_key_value_heads head_dim",
                "num_key_value_heads head_dim",
                "_value_dense",
            ),
            *_projection(
                "output", "num_query_heads head_dim features", "features", "_output_dense"
            ),
        ),
        ignored=("flash_attention",),
        checked={"dropout": FRACTION},
        training=("dropout", "seed"),
        calls=_HEADS_CALLS,
        mask="own",
        floats=True,
        class_name="GroupedQueryAttention",
    ),
    "MultiHeadAttention": LayerSpec(
        options={
            "num_heads": COUNT,
            "key_dim": COUNT,
            "value_dim": COUNT(None),
            "use_bias": FLAG(True),
            "output_shape": AXES(None),
            "attention_axes": AXES(None),
            "sliding_window": COUNT(None),
            "use_gate": FLAG(False),
        },
        weights=(
            *_projection("query", "features num_heads key_dim", "num_heads key_dim", "query_dense"),
            *_projection("key", "features num_heads key_dim", "num_heads key_dim", "key_dense"),
            *_projection(
                "gate",
                "features num_heads width",
                "num_heads width",
                "gate_dense",
                gate="use_gate",
            ),
            *_projection("value", "features num_heads width", "num_heads width", "value_dense"),
            *_projection("output", "num_heads width *outputs", "*outputs", "output_dense"),
        ),
        ignored=("flash_attention",),
        checked={"dropout": FRACTION},
        training=("dropout", "seed"),
        calls=_HEADS_CALLS,
        mask="own",
        floats=True,
        since="tensorflow",
    ),
}
