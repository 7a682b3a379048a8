"""What plain Keras (3.15, default arguments) would do with a file, from the rules that old files
taught.

Measured: every rule was found by opening files of 44 releases with Keras; docs/layers.md says what
changed when.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keramos.keras_layers.registry import LAYERS
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.types.artifact import Artifact
    from keramos.types.network import Layer, Network


class Rule(NamedTuple):
    """A reason why plain Keras fails or differs, and whether a file has it."""

    reason: str
    applies: Callable[[Artifact, list[Layer]], bool]


_RECURRENT = frozenset(kind for kind, spec in LAYERS.items() if "initial_state" in spec.calls)
_WRAPPERS = frozenset(kind for kind, spec in LAYERS.items() if spec.inner)
_GROUPED = frozenset({"DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"})
_GONE = frozenset(kind for kind, spec in LAYERS.items() if spec.until != "3") - {"ThresholdedReLU"}
"""Classes that Keras 3 dropped and does not read either."""
_CHANGED = ("bilinear_points", "hard_sigmoid_keras2", "theano_padding")
"""Older meanings of options that plain Keras reads under the same name."""


def _version(artifact: Artifact) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", artifact.info.keras_version)[:3]) or (
        99,
    )


def _before_modules(artifact: Artifact) -> bool:
    return artifact.info.generation == "keras2" or (
        _old_tensorflow(artifact, (2, 1)) and _version(artifact) < (2, 3)
    )


def _any(kinds: frozenset[str]) -> Callable[[Artifact, list[Layer]], bool]:
    return lambda _, layers: any(layer.kind in kinds for layer in layers)


def _old_tensorflow(artifact: Artifact, first: tuple[int, ...]) -> bool:
    return artifact.info.generation == "tf_keras" and _version(artifact) >= first


FAILS: tuple[Rule, ...] = (
    Rule(
        "it is an architecture alone",
        lambda a, _: bool(a.info.weights_path) and a.info.generation != "keras3",
    ),
    Rule(
        "it is neither a .keras nor a .h5 file",
        lambda a, _: not (a.info.suffix or a.info.weights_path),
    ),
    Rule(
        "its name does not fit its container",
        lambda a, _: a.info.path.endswith(".keras") != (a.info.suffix == ".keras"),
    ),
    Rule("it was written by Keras 1", lambda a, _: a.info.generation == "keras1"),
    Rule(
        "its .keras archive names modules of Keras 2",
        lambda a, _: a.info.suffix == ".keras" and a.info.generation != "keras3",
    ),
    Rule("it holds Python code", lambda _, layers: any(layer.kind == "Lambda" for layer in layers)),
    Rule(
        "it needs classes of its author",
        lambda _, layers: any(layer.kind.startswith("custom.") for layer in layers),
    ),
    Rule(
        "it holds bare TensorFlow functions",
        lambda _, layers: any(layer.kind.startswith("tf.") for layer in layers),
    ),
    Rule("it holds classes that are gone", _any(_GONE)),
    Rule(
        "its Sequential config is a bare list",
        lambda a, _: (
            a.network.sequential and a.info.generation == "keras2" and _version(a) < (2, 2, 3)
        ),
    ),
    Rule(
        "recurrent layers of TensorFlow 2 say time_major",
        lambda a, layers: (
            _old_tensorflow(a, (2, 2, 4)) and any(layer.kind in _RECURRENT for layer in layers)
        ),
    ),
    Rule(
        "its convolutions say groups",
        lambda a, layers: (
            _old_tensorflow(a, (2, 3)) and any(layer.kind in _GROUPED for layer in layers)
        ),
    ),
    Rule(
        "wrapped layers do not say their module",
        lambda a, layers: _before_modules(a) and any(layer.kind in _WRAPPERS for layer in layers),
    ),
    Rule(
        "a GRU of that time has one bias, which its config does not say",
        lambda a, layers: (
            _before_modules(a)
            and any(layer.kind == "GRU" and not layer.config.get("reset_after") for layer in layers)
        ),
    ),
)
DIFFERS: tuple[Rule, ...] = (
    Rule(
        "formulas that it names have changed",
        lambda _, layers: any(
            getattr(layer.legacy, field) != getattr(CURRENT, field)
            for layer in layers
            for field in _CHANGED
        ),
    ),
    Rule(
        "it believes that inputs have one more axis",
        lambda a, _: (
            a.network.sequential
            and a.info.generation != "keras3"
            and (2, 2, 3) <= _version(a) < (2, 4)
        ),
    ),
)


def plain_keras(artifact: Artifact) -> str:
    """One sentence: opens it, does not open it because, or opens it and answers otherwise
    because.
    """
    layers = list(_layers(artifact.network))
    fails = [rule.reason for rule in FAILS if rule.applies(artifact, layers)]
    if fails:
        return f"does not open it: {'; '.join(fails)}"
    differs = [rule.reason for rule in DIFFERS if rule.applies(artifact, layers)]
    return (
        f"opens it, but answers differently or refuses rows: {'; '.join(differs)}"
        if differs
        else "opens it"
    )


def _layers(network: Network) -> Iterator[Layer]:
    for layer in network.layers.values():
        yield from _below(layer)


def _below(layer: Layer) -> Iterator[Layer]:
    yield layer
    for inner in layer.inner:
        yield from _below(inner)
    if layer.network is not None:
        yield from _layers(layer.network)
