"""One row of the layer registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.lowering.layer_call import Result

TRAINING_ONLY = frozenset(
    {
        "activity_regularizer",
        "alpha_constraint",
        "alpha_initializer",
        "alpha_regularizer",
        "autocast",
        "beta_constraint",
        "beta_initializer",
        "beta_regularizer",
        "bias_constraint",
        "bias_initializer",
        "bias_regularizer",
        "build_config",
        "build_input_shape",
        "depthwise_constraint",
        "depthwise_initializer",
        "depthwise_regularizer",
        "dropout",
        "dtype",
        "embeddings_constraint",
        "embeddings_initializer",
        "embeddings_regularizer",
        "gamma_constraint",
        "gamma_initializer",
        "gamma_regularizer",
        "implementation",
        "kernel_constraint",
        "kernel_initializer",
        "kernel_regularizer",
        "lora_alpha",
        "lora_rank",
        "moving_mean_initializer",
        "moving_variance_initializer",
        "name",
        "pointwise_constraint",
        "pointwise_initializer",
        "pointwise_regularizer",
        "quantization_config",
        "recurrent_constraint",
        "recurrent_dropout",
        "recurrent_initializer",
        "recurrent_regularizer",
        "seed",
        "shared_object_id",
        "supports_masking",
        "synchronized",
        "trainable",
        "unit_forget_bias",
        "unroll",
    }
)
"""Config keys that cannot change an answer (``dtype`` is read where it can)."""


def keywords(*functions: Callable[..., object]) -> frozenset[str]:
    """Names of all keyword-only parameters."""
    codes = [function.__code__ for function in functions]
    return frozenset(
        name
        for code in codes
        for name in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    )


def required(function: Callable[..., object]) -> frozenset[str]:
    """Names of the keyword-only parameters that have no default."""
    return keywords(function) - (function.__kwdefaults__ or {}).keys()


def options_of(function: Callable[..., object], config: Mapping[str, object]) -> dict[str, Any]:
    """Those values of a config that a function takes; they are of many types, which each function
    states.
    """
    return {key: value for key, value in config.items() if key in keywords(function)}


@dataclass(frozen=True, slots=True)
class Lowering:
    """How one Keras class becomes ONNX.

    ``build(site, **options)``: its keyword-only parameters are exactly the config keys that can
    change an answer, their defaults those of Keras 3. Any other key of a config is refused unless
    it is training-only or in ``ignored``. ``mask``: what happens to a mask that reaches the layer:
    ``keep`` passes the first input's on, ``stop`` ends it (both as Keras does for the class),
    ``own``: the function sets ``site.out_mask``. ``calls`` are the arguments of a call, beside
    ``mask`` and ``training``, that the function reads. ``parts`` are functions that ``build`` hands
    its other options to. ``floats``: the layer computes in floating point, so whole numbers and
    booleans are converted first.
    """

    build: Callable[..., Result]
    mask: Literal["keep", "stop", "own"] = "stop"
    ignored: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    floats: bool = False
    parts: tuple[Callable[..., object], ...] = ()

    @property
    def options(self) -> frozenset[str]:
        """Config keys that the function takes."""
        return keywords(self.build, *self.parts)


@dataclass(frozen=True, slots=True)
class Operation:
    """How one function of keras.ops becomes ONNX, where it stands in a model as a node.

    ``build(site, ...)`` has the parameters of the function under their own names. Keras records
    some of their values in the config and some in the call; both arrive as arguments. Masks do not
    pass operations.
    """

    build: Callable[..., Result]
    ignored: tuple[str, ...] = ()
    names: frozenset[str] | None = None

    @property
    def options(self) -> frozenset[str]:
        """Names of the function's parameters, or ``names`` where it takes any."""
        if self.names is not None:
            return self.names
        code = self.build.__code__
        return frozenset(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])
