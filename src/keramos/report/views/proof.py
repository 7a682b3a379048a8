"""Why a file can be trusted: its digests, its golden rows computed again, and where it comes
from.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import KeramosError
from keramos.runtime.verify import golden_feeds
from keramos.types.view import GoldenRow, Proof

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.pipeline.inspect import Inspection
    from keramos.types.artifact import Artifact, Content
    from keramos.types.serving import Predictor
    from keramos.types.view import Pair


def proof(found: Inspection, model: Predictor | None) -> Proof:
    """The proof of a file; golden rows are run now where the file holds some and runs."""
    artifact, content = found.artifact, found.artifact.content
    rows = golden_rows(content, model) if content and model else ()
    unseen = model is None and not found.unsupported
    holds, sentence = _unrun(content) if content and unseen else _verdict(artifact, content, rows)
    return Proof(
        holds,
        sentence,
        rows,
        _digests(artifact),
        _provenance(content) if content else (),
        _plain(found.plain_keras),
    )


def golden_rows(content: Content, model: Predictor) -> tuple[GoldenRow, ...]:
    """Recorded and recomputed answers; none where the rows do not fit the model any more."""
    try:
        answers = model.run(golden_feeds(content.golden, model.inputs))[0]
    except KeramosError:
        return ()
    recorded = np.array(content.golden.outputs, "float32").astype(float)
    now = answers.reshape(recorded.shape).astype(float)
    return tuple(
        GoldenRow(_said(old), _said(new), float(np.abs(old - new).max()))
        for old, new in zip(recorded, now, strict=True)
    )


def _said(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.6g}" for value in values.tolist())


def _unrun(content: Content) -> tuple[None, str]:
    """For those who look without running anything."""
    return (
        None,
        f"{len(content.golden.outputs)} golden rows are in the file; keramos verify runs them.",
    )


def _verdict(
    artifact: Artifact, content: Content | None, rows: tuple[GoldenRow, ...]
) -> tuple[bool | None, str]:
    if content is None:
        return (
            None,
            "This file has no seal and no golden rows: nothing in it says what it should answer.",
        )
    if artifact.seal == "broken":
        return False, f"The seal is broken: {artifact.seal_detail}."
    if not rows:
        return False, "The golden rows could not be run."
    golden, worst = content.golden, max(row.difference for row in rows)
    allowed = golden.absolute + golden.relative * max(
        abs(cell) for row in golden.outputs for cell in row
    )
    if worst > allowed:
        return False, f"A golden row answers differently, by {worst:.3g}; do not use these answers."
    return (
        True,
        (
            f"Seal intact, and {len(rows)} golden rows answer as Keras did: "
            f"largest difference {worst:.2g}."
        ),
    )


def _plain(sentence: str) -> str:
    return f"Plain Keras {sentence}."


def _digests(artifact: Artifact) -> tuple[Pair, ...]:
    info = artifact.info
    return (
        ("file", Path(info.path).name),
        ("size", f"{info.size:,} bytes"),
        ("format", f"Keras {info.keras_version or '(no version)'}, {info.title}"),
        ("generation", f"{info.generation}, backend {info.backend or 'not said'}"),
        ("sha256", info.sha256),
        ("seal", artifact.seal),
        *(("warning", warning) for warning in info.warnings),
    )


def _provenance(content: Content) -> tuple[Pair, ...]:
    source = content.provenance
    return (
        ("table", source.source),
        ("sha256 of the table", source.data_digest),
        (
            "rows",
            (
                f"{source.rows:,}: {source.training_rows:,} for training, "
                f"{source.held_out_rows:,} held out"
            ),
        ),
        ("sha256 of the split", source.training_index_digest),
        ("seed", str(source.seed)),
        ("created", source.created),
        *source.versions,
    )
