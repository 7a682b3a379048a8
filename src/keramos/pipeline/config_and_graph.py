"""Whether the config and the graph of one model answer alike.

Keras builds a model from the config, TensorFlow Serving runs the graph: a folder in which they
disagree deceives whoever reads the other one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, UnsupportedModelError
from keramos.pipeline.differences import largest_difference, paired
from keramos.runtime.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits
    from keramos.types.network import Compiled, Network, TensorSpec
    from keramos.types.prediction import Feeds

_SAME = 1e-4
"""Largest difference between two ways to one answer, as a part of the largest answer: both round
differently, and random inputs are larger than real ones.
"""

_HALVES = {"bfloat16": 2**-5, "float16": 2**-8}
"""The same where layers compute in a type of half the width: four times its own rounding, since
TensorFlow rounds between operations where keramos does not.
"""


class Agreement(NamedTuple):
    """How far the answers of the graph are from those of the config, a digest of each as they are
    compiled, and how far they may be.
    """

    difference: float
    config: str
    graph: str
    allowed: float = _SAME

    @property
    def holds(self) -> bool:
        """Whether they are the same model."""
        return self.difference <= self.allowed

    def __str__(self) -> str:
        """The numbers, for people."""
        return (
            f"a difference of {self.difference:.3g} of the largest answer (config sha256 "
            f"{self.config}, graph sha256 {self.graph})"
        )


def check_agreement(artifact: Artifact, compiled: Compiled, fed: Feeds, limits: Limits) -> None:
    """Compare the config with the graph, where both can run.

    Raises:
        MismatchError: they answer differently; names the digests of both.
    """
    found = agreement(artifact, compiled, fed, limits)
    if found is not None and not found.holds:
        raise MismatchError(
            "the Keras config and the graph of the model answer differently",
            received=str(found),
            remedy="Say which to trust with by='config' or by='graph', or save the model again",
        )


def agreement(
    artifact: Artifact, compiled: Compiled, fed: Feeds, limits: Limits
) -> Agreement | None:
    """How the answers of the graph compare with those of ``compiled``, the config; None where the
    graph cannot run or has other ends.
    """
    if artifact.by_graph is None:
        return None
    try:
        graph = compile_network(artifact.by_graph(), limits=limits)
        inputs, outputs = (
            paired(*ends)
            for ends in ((compiled.inputs, graph.inputs), (compiled.outputs, graph.outputs))
        )
        if inputs is None or outputs is None:
            return None
        fed = _fitting(fed, compiled.inputs, inputs)
        given = {
            theirs.name: fed[ours.name].astype(object if theirs.dtype == "str" else theirs.dtype)
            for ours, theirs in zip(compiled.inputs, inputs, strict=True)
        }
        answers = dict(
            zip([one.name for one in graph.outputs], Session(graph).run(given), strict=True)
        )
    except UnsupportedModelError:
        return None
    ours = Session(compiled).run(fed)
    worst = largest_difference(ours, [answers[one.name] for one in outputs])
    first, second = (hashlib.sha256(one.onnx).hexdigest() for one in (compiled, graph))
    return Agreement(worst, first, second, _allowed(artifact.network))


def _allowed(network: Network) -> float:
    """How far two computations of one answer may be, by the types of the layers."""
    found = _SAME
    for layer in network.layers.values():
        policy = str(layer.config.get("dtype"))
        half = next((share for name, share in _HALVES.items() if policy.endswith(name)), 0.0)
        inner = 0.0 if layer.network is None else _allowed(layer.network)
        found = max(found, half, inner)
    return found


def _fitting(
    fed: Feeds, ours: Sequence[TensorSpec], theirs: Sequence[TensorSpec]
) -> dict[str, NDArray[np.generic]]:
    """Inputs in the sizes that the graph was traced with, where the config leaves them free."""
    rows = next((one.shape[0] for one in theirs if one.shape and one.shape[0]), None)
    found = {}
    for own, other in zip(ours, theirs, strict=True):
        given = fed[own.name]
        traced = (rows, *other.shape[1:]) if len(other.shape) == given.ndim else given.shape
        shape = [
            size if stated or not wanted else wanted
            for size, stated, wanted in zip(given.shape, own.shape, traced, strict=True)
        ]
        found[own.name] = given if list(given.shape) == shape else np.resize(given, shape)
    return found
