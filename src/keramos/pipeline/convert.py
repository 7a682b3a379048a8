"""Rewrite any readable model file as a current one, and prove that both answer the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keramos.artifact.keras.upgrade import lossy_options
from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, UnsupportedModelError, located
from keramos.pipeline.config_and_graph import check_agreement
from keramos.pipeline.differences import in_order, largest_difference, paired
from keramos.pipeline.reading import about, named, opened, source_at
from keramos.pipeline.written_forms import Written, check, target_of
from keramos.runtime.random_feeds import random_feeds
from keramos.runtime.session import Session
from keramos.runtime.verify import golden_feeds
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from keramos.compile.replacements import Replacement
    from keramos.pipeline.model_bytes import Readable
    from keramos.pipeline.written_forms import Target
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
    """What was written, and how far its answers are from the original's on ``rows`` rows,
    which are random, or the file's golden ones where its network refuses random words.
    ``difference`` is None where keramos writes a form that it does not run.
    """

    path: str
    size: int
    rows: int
    difference: float | None
    form: str = ""
    fed: Literal["random", "golden"] = "random"

    def __repr__(self) -> str:
        """What was written, and the proof."""
        proof = (
            "not run by keramos"
            if self.difference is None
            else f"largest difference {self.difference:.3g} on {self.rows} {self.fed} rows"
        )
        return f"{self.path}: {self.form}, {self.size:,} bytes; {proof}"


def convert(
    source: str | PathLike[str] | bytes | Readable,
    target: str | Path,
    *,
    to: str | None = None,
    weights: str | PathLike[str] | bytes | Readable | None = None,
    replace: Mapping[str, Replacement] | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Conversion:
    """Rewrite ``source`` (a path, a URL, bytes, or an open file) as ``target``: ``.keras`` or
    ``.h5`` for current Keras, ``.onnx`` for any ONNX runtime, ``.tflite``, ``model.json`` with its
    shards for TensorFlow.js, a folder for TensorFlow (SavedModel).

    ``to`` names the form (keras, h5, onnx, tflite, tfjs, saved_model) where the target does not.
    ``weights`` names the file of weights, where ``source`` is an architecture alone
    (``model.to_json()``). ``replace``: what layers that hold code compute, by name, as for
    ``load``; ``by`` chooses what is read, as there. ``limits``: bounds on what the source may
    declare. What keramos stored beside the network is kept in all forms but ``.onnx`` and
    ``.tflite``.

    Raises:
        ModelError: the source cannot be read or run, or the form cannot express it.
        UsageError: the target names no form, or a replacement is wrong.
        SaveError: the target could not be written.
    """
    target = Path(target)
    form = target_of(target, to)
    check(target, form)
    name, beside, source_of = named(source, weights, source_at)
    artifact = opened(
        name, weights=beside, replacements=replace, limits=limits, source_of=source_of, by=by
    )
    with about(name):
        return _converted(artifact, target, form, limits)


def _converted(artifact: Artifact, target: Path, form: Target, limits: Limits) -> Conversion:
    before = compile_network(artifact.network, limits=limits)
    fed, kind = _feeds(artifact, before)
    check_agreement(artifact, before, fed, limits)
    with located(file=str(target)):
        written = Written(target, form, form.files(artifact, limits))
    after = _read_back(written, artifact, limits)
    worst = None
    if after is not None:
        answers = Session(after).run(_renamed(fed, before, after))
        ordered = in_order(answers, before.outputs, after.outputs)
        worst = largest_difference(Session(before).run(fed), ordered)
        if worst > _SAME:
            raise _differs(artifact, target, worst)
    written.save()
    rows = len(next(iter(fed.values())))
    return Conversion(str(target), written.size, rows, worst, form.title, kind)


def _feeds(artifact: Artifact, compiled: Compiled) -> tuple[Feeds, Literal["random", "golden"]]:
    """Random rows, or the golden ones where the network refuses random words."""
    fed, content = random_feeds(compiled.inputs), artifact.content
    if content is None or content.golden is None:
        return fed, "random"
    try:
        Session(compiled).run(fed)
    except MismatchError:
        return golden_feeds(content, compiled.inputs), "golden"
    return fed, "random"


def _read_back(written: Written, artifact: Artifact, limits: Limits) -> Compiled | None:
    """What was written, compiled; None where it is in a form that is not run."""
    source = written.source()
    if written.target.word == "onnx":
        return compile_network(artifact.network, runtime_checks=False, limits=limits)
    if written.target.word == "tflite":
        return None
    try:
        found = read(source.path, limits=limits, source_of=lambda *_: source)
        return compile_network(found.network, limits=limits)
    except UnsupportedModelError:
        if written.target.word != "saved_model":
            raise
        return None  # the graph holds an operation that keramos writes and does not run


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
    """The same arrays under the names and in the dtypes of the written file, which has no slashes
    in names.
    """
    theirs = paired(before.inputs, after.inputs) or after.inputs
    pairs = zip(before.inputs, theirs, strict=True)
    return {
        new.name: fed[old.name] if new.dtype == old.dtype else fed[old.name].astype(new.dtype)
        for old, new in pairs
    }
