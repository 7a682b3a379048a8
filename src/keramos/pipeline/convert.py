"""Rewrite any readable model file as a current one, and prove that both answer the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keramos.artifact.atomic import write_atomically
from keramos.artifact.read import read
from keramos.artifact.write import WRITERS, write
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, UsageError
from keramos.pipeline.verify import random_feeds
from keramos.runtime.session import Session


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written, and how far its answers are from the original's on random inputs."""

    path: str
    size: int
    rows: int
    difference: float


def convert(source: str | Path, target: str | Path) -> Conversion:
    """Rewrite ``source`` as ``target``: ``.keras`` or ``.h5`` for current Keras, ``.onnx`` for any ONNX runtime.

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
    artifact = read(source)
    compiled = compile_network(artifact.network)
    session = Session(compiled)
    fed = random_feeds(compiled.inputs)
    before = session.run(fed)
    if target.suffix.lower() == ".onnx":
        write_atomically(target, compiled.onnx)
        after = before
    else:
        write(target, artifact.network, artifact.content)
        after = Session(compile_network(read(target).network)).run(fed)
    worst = max(
        float(np.max(np.abs(a.astype(float) - b.astype(float)), initial=0)) for a, b in zip(before, after, strict=True)
    )
    if worst:
        raise MismatchError(f"{target} answers differently from {source}, by up to {worst:.3g}; do not use it")
    return Conversion(str(target), target.stat().st_size, len(next(iter(fed.values()))), worst)
