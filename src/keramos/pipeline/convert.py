"""Rewrite any readable model file as a current one, and prove that both answer the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.atomic import write_atomically
from keramos.artifact.read import read
from keramos.artifact.write import WRITERS, write
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, UnsupportedModelError, UsageError
from keramos.pipeline.verify import random_feeds
from keramos.runtime.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Compiled, Network
    from keramos.types.prediction import Feeds

_SAME = 1e-5
"""Largest difference between two computations of the same answer, as a part of the largest answer."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written, and how far its answers are from the original's on random inputs."""

    path: str
    size: int
    rows: int
    difference: float


def convert(source: str | Path, target: str | Path, *, weights: str | Path | None = None) -> Conversion:
    """Rewrite ``source`` as ``target``: ``.keras`` or ``.h5`` for current Keras, ``.onnx`` for any ONNX runtime.

    ``weights`` names the file of weights, where ``source`` is an architecture alone (``model.to_json()``).
    What keramos stored beside the network is kept in ``.keras`` and ``.h5``.

    Raises:
        ModelError: the source cannot be read or run.
        UsageError: the extension of the target is unknown.
        SaveError: the target could not be written.
    """
    target = Path(target)
    known = (*WRITERS, ".onnx")
    if target.suffix.lower() not in known:
        raise UsageError(f"{target}: the extension must be {', '.join(known)}; received '{target.suffix}'")
    artifact = read(source, weights=weights)
    before = compile_network(artifact.network)
    fed = random_feeds(before.inputs)
    if target.suffix.lower() == ".onnx":
        after = _write_onnx(target, artifact.network)
    else:
        write(target, artifact.network, artifact.content)
        after = compile_network(read(target).network)
    worst = _difference(Session(before).run(fed), Session(after).run(_renamed(fed, before, after)))
    if worst > _SAME:
        raise MismatchError(
            f"{target} answers differently from {source}, by up to {worst:.3g} of its largest answer; do not use it"
        )
    return Conversion(str(target), target.stat().st_size, len(next(iter(fed.values()))), worst)


def _write_onnx(target: Path, network: Network) -> Compiled:
    compiled = compile_network(network, demands=False)
    if compiled.steps:
        kinds = ", ".join(sorted({step.kind for step in compiled.steps}))
        raise UnsupportedModelError(f"{target}: the model needs {kinds} before its graph, which ONNX cannot express")
    write_atomically(target, compiled.onnx)
    return compiled


def _renamed(fed: Feeds, before: Compiled, after: Compiled) -> Feeds:
    """The same arrays under the names of the written file, which has no slashes in names."""
    return {new.name: fed[old.name] for old, new in zip(before.inputs, after.inputs, strict=True)}


def _difference(before: Sequence[NDArray[np.generic]], after: Sequence[NDArray[np.generic]]) -> float:
    """Largest difference as a part of the largest answer, or 1 where shapes or texts differ."""
    worst = 0.0
    for a, b in zip(before, after, strict=True):
        if a.shape != b.shape or a.dtype.kind not in "fiub":
            worst = max(worst, float(not np.array_equal(a, b)))
            continue
        x, y = a.astype(float), b.astype(float)
        worst = max(worst, float(np.max(np.abs(x - y), initial=0) / max(1.0, float(np.abs(x).max(initial=0)))))
    return worst
