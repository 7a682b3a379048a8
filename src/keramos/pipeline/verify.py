"""Check a model file against itself, and against Keras where that is installed."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.content.document import weight_digests
from keramos.compile.emit import compile_network
from keramos.errors import KeramosError, MissingExtraError, ModelError, SignatureError, UsageError
from keramos.pipeline.config_and_graph import agreement
from keramos.pipeline.reading import about, named, opened, reader
from keramos.runtime.random_feeds import random_feeds
from keramos.runtime.session import Session
from keramos.runtime.verify import check_fit, check_golden, golden_feeds
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keramos.compile.replacements import Replacement
    from keramos.pipeline.model_bytes import Readable
    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits
    from keramos.types.prediction import Feeds


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, whether it holds, and the numbers."""

    name: str
    passed: bool
    detail: str

    def __repr__(self) -> str:
        """As ``keramos verify`` prints it."""
        return f"{'passed' if self.passed else 'FAILED'}  {self.name}: {self.detail}"


def verify(
    path: str | PathLike[str] | bytes | Readable,
    *,
    against_keras: bool = False,
    key: str | Path | None = None,
    signature: str | Path | None = None,
    replace: Mapping[str, Replacement] | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> tuple[Check, ...]:
    """Every check of a model (a path, a URL, bytes, or an open file); none raises for a file that
    fails it.

    ``against_keras`` also opens the file in plain Keras and compares answers (needs the extra
    ``train``). With ``key`` (a file with a public key) the first check is the signature, and a file
    that fails it is not read; ``signature`` names its file where that is not ``NAME.sig``.
    ``replace``: what layers that hold code compute, by name, and ``by`` what is read, as for
    ``load``.

    Raises:
        MissingExtraError: Keras or signatures are wanted but not installed.
        UsageError: the key cannot be used, or a replacement is wrong.
    """
    name, _, source_of = named(path, None, reader(key, signature), signed=key is not None)
    if against_keras and not isinstance(path, (str, PathLike)):
        raise UsageError(
            "Keras opens files", option="path", received=name, remedy="Give the path of the file"
        )
    if key is not None and against_keras:
        raise UsageError(
            "Keras would read the file anew, unsigned as it may be then",
            remedy="Verify the signature by itself",
        )
    signed = () if key is None else (Check("signature", passed=True, detail=f"holds for {key}"),)
    try:
        artifact = opened(name, replacements=replace, limits=limits, source_of=source_of, by=by)
    except SignatureError as error:
        return (Check("signature", passed=False, detail=str(error)),)
    except ModelError as error:
        return (*signed, Check("file opens as data", passed=False, detail=str(error)))
    size = f"{artifact.info.size:,} bytes, sha256 {artifact.info.sha256}"
    read = Check("file opens as data", passed=True, detail=size)
    sound = Check("no code, weights fit and are finite", passed=True, detail=_weights(artifact))
    remarks = (Check("remark", passed=True, detail=note) for note in artifact.info.warnings)
    return (
        *signed,
        read,
        sound,
        *remarks,
        *_checks(artifact, Path(name), limits, against_keras=against_keras),
    )


def _weights(artifact: Artifact) -> str:
    count = len(weight_digests(artifact.network))
    return (
        f"{count} weight arrays of Keras "
        f"{artifact.info.keras_version or 'of an unknown version'} checked"
    )


def _checks(
    artifact: Artifact, path: Path, limits: Limits, *, against_keras: bool
) -> Iterator[Check]:
    content = artifact.content
    if content is not None:
        detail = artifact.seal_detail or "checksums match"
        yield Check("seal", artifact.seal == "intact", detail)
    try:
        with about(path):
            compiled = compile_network(artifact.network, limits=limits)
            if content is not None:
                check_fit(content, compiled)
            session = Session(compiled)
    except KeramosError as error:
        yield Check("runs without Keras", passed=False, detail=str(error))
        return
    yield Check("runs without Keras", passed=True, detail=f"{len(compiled.onnx):,} bytes of ONNX")
    agreed = agreement(artifact, compiled, random_feeds(compiled.inputs), limits)
    if agreed is not None:
        yield Check("config and graph answer alike", agreed.holds, str(agreed))
    proven = content if content and content.golden else None
    if proven and proven.golden:
        rows = f"{len(proven.golden.outputs)} golden rows"
        yield _measured(rows, lambda: check_golden(session, proven, compiled.inputs))
    elif content is not None:
        yield Check("golden rows", passed=True, detail="the file keeps none")
    if against_keras:
        fed = golden_feeds(proven, compiled.inputs) if proven else random_feeds(compiled.inputs)
        yield _measured("plain Keras answers the same", lambda: _difference(session, path, fed))


def _measured(name: str, measure: Callable[[], float]) -> Check:
    try:
        return Check(name, passed=True, detail=f"largest difference {measure():.3g}")
    except MissingExtraError:
        raise
    except KeramosError as error:
        return Check(name, passed=False, detail=str(error))


def _difference(session: Session, path: Path, fed: Feeds) -> float:
    """Largest absolute difference between keramos and plain Keras.

    Raises:
        ModelError: Keras cannot open the file, or it answers differently.
    """
    try:
        from keramos.training.keras_engine.answers import keras_outputs  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            f"comparing with Keras needs {error.name}",
            remedy="Install it with: pip install 'keramos[keras]'",
        ) from None
    try:
        theirs = keras_outputs(path, fed)
    except KeramosError:
        raise
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200]
        raise ModelError("plain Keras cannot open or run this file", received=first) from error
    worst = 0.0
    for mine, other in zip(session.run(fed), theirs, strict=True):
        worst = max(
            worst, float(np.max(np.abs(mine.astype(float) - other.astype(float)), initial=0.0))
        )
        if not np.allclose(mine, other, rtol=1e-4, atol=1e-5):
            raise ModelError(
                "plain Keras answers differently", received=f"a difference of {worst:.3g}"
            )
    return worst
