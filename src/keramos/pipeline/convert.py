"""Rewrite any readable model file as a current one, and prove that both answer the same."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.keras.upgrade import lossy_options
from keramos.artifact.read import read
from keramos.artifact.write import WRITERS, write
from keramos.compile.emit import compile_network
from keramos.compile.keras_calls import as_keras_calls
from keramos.errors import MismatchError, UnsupportedModelError, UsageError
from keramos.pipeline.reading import about, with_replacements
from keramos.pipeline.verify import random_feeds
from keramos.platform.atomic_write import check_target, write_atomically
from keramos.runtime.session import Session
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.compile.replacements import Replacement
    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits
    from keramos.types.network import Compiled
    from keramos.types.prediction import Feeds

_SAME = 1e-5
"""Largest difference between two computations of the same answer, as a part of the largest
answer.
"""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written, and how far its answers are from the original's on random inputs."""

    path: str
    size: int
    rows: int
    difference: float


def convert(
    source: str | Path,
    target: str | Path,
    *,
    weights: str | Path | None = None,
    replace: Mapping[str, Replacement] | None = None,
    limits: Limits = LIMITS,
) -> Conversion:
    """Rewrite ``source`` as ``target``: ``.keras`` or ``.h5`` for current Keras, ``.onnx`` for any
    ONNX runtime.

    ``weights`` names the file of weights, where ``source`` is an architecture alone
    (``model.to_json()``). ``replace``: what layers that hold code compute, by name, as for
    ``load``. ``limits``: bounds on what the source may declare. What keramos stored
    beside the network is kept in ``.keras`` and ``.h5``.

    Raises:
        ModelError: the source cannot be read or run.
        UsageError: the extension of the target is unknown, or a replacement is wrong.
        SaveError: the target could not be written.
    """
    target = Path(target)
    known = (*WRITERS, ".onnx")
    if target.suffix.lower() not in known:
        raise UsageError(
            f"the extension must be {', '.join(known)}",
            received=f"'{target.suffix}'",
            file=str(target),
        )
    check_target(target)
    with about(source):
        artifact = read(source, weights=weights, limits=limits)
    artifact = with_replacements(artifact, replace)
    with about(source):
        return _converted(artifact, target, limits)


def _converted(artifact: Artifact, target: Path, limits: Limits) -> Conversion:
    before = compile_network(artifact.network, limits=limits)
    fed = random_feeds(before.inputs)
    unproven = target.with_name(f".{target.stem}.{secrets.token_hex(6)}{target.suffix}")
    try:
        after = _written(unproven, artifact, target, limits)
        worst = _difference(
            Session(before).run(fed), Session(after).run(_renamed(fed, before, after))
        )
        if worst > _SAME:
            raise _differs(artifact, target, worst)
        unproven.replace(target)
    finally:
        unproven.unlink(missing_ok=True)
    return Conversion(str(target), target.stat().st_size, len(next(iter(fed.values()))), worst)


def _written(path: Path, artifact: Artifact, target: Path, limits: Limits) -> Compiled:
    """Write what ``target`` is to be, and compile it from there."""
    if target.suffix.lower() != ".onnx":
        write(path, as_keras_calls(artifact.network, limits), artifact.content)
        return compile_network(read(path, limits=limits).network, limits=limits)
    compiled = compile_network(artifact.network, runtime_checks=False, limits=limits)
    if compiled.steps:
        kinds = ", ".join(sorted({step.kind for step in compiled.steps}))
        raise UnsupportedModelError(
            f"the model needs {kinds} before its graph, which ONNX cannot express",
            file=str(target),
            remedy="Write a .keras or .h5 file",
        )
    write_atomically(path, compiled.onnx)
    return compiled


def _differs(
    artifact: Artifact, target: Path, worst: float
) -> UnsupportedModelError | MismatchError:
    older = list(lossy_options(artifact.network))
    source = artifact.info.path
    if older:
        listed = "; ".join(older[:20])
        return UnsupportedModelError(
            f"current Keras answers differently, since this file has older meanings: {listed}",
            file=source,
            received=f"a difference of {worst:.3g} of the largest answer",
            remedy="Run the file with keramos as it is; nothing was written",
        )
    return MismatchError(
        f"the written file would answer differently from {source}",
        file=str(target),
        received=f"a difference of {worst:.3g} of the largest answer",
        remedy="Run the file with keramos as it is; nothing was written",
    )


def _renamed(fed: Feeds, before: Compiled, after: Compiled) -> Feeds:
    """The same arrays under the names of the written file, which has no slashes in names."""
    return {new.name: fed[old.name] for old, new in zip(before.inputs, after.inputs, strict=True)}


def _difference(
    before: Sequence[NDArray[np.generic]], after: Sequence[NDArray[np.generic]]
) -> float:
    """Largest difference as a part of the largest answer, or 1 where shapes, texts or the places of
    numbers that are not finite differ.
    """
    worst = 0.0
    for a, b in zip(before, after, strict=True):
        if a.shape != b.shape or a.dtype.kind not in "fiub":
            worst = max(worst, float(not np.array_equal(a, b)))
            continue
        worst = max(worst, _difference_of_numbers(a.astype(float), b.astype(float)))
    return worst


def _difference_of_numbers(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    finite = np.isfinite(x)
    if (
        not np.array_equal(x[~finite], y[~finite], equal_nan=True)
        or not np.isfinite(y[finite]).all()
    ):
        return 1.0
    x, y = x[finite], y[finite]
    return float(np.abs(x - y).max(initial=0) / max(1.0, float(np.abs(x).max(initial=0))))
