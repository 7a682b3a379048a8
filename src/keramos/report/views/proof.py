"""The checks of a file: its digests, its golden rows computed again, its provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import counted
from keramos.errors import KeramosError
from keramos.report.views import plain
from keramos.runtime.verify import golden_feeds
from keramos.types.view import GoldenRow, Proof

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.pipeline.inspect import Inspection
    from keramos.types.adoption import Finding
    from keramos.types.artifact import Artifact, Content
    from keramos.types.serving import Predictor
    from keramos.types.training import GoldenRows
    from keramos.types.view import Pair


def proof(found: Inspection, model: Predictor | None) -> Proof:
    """The proof of a file; golden rows are run now where the file keeps some and runs."""
    artifact, content = found.artifact, found.artifact.content
    rows = golden_rows(content, model) if content and model else ()
    holds, badge, sentence = _verdict(
        artifact, rows, may_run=model is not None or bool(found.unsupported)
    )
    return Proof(
        holds,
        badge,
        sentence,
        rows,
        _digests(artifact),
        (*_provenance(content), *_adoption(content)) if content else (),
        f"Plain Keras {found.plain_keras}.",
        content.golden.reference_name if content and content.golden else "",
    )


def golden_rows(content: Content, model: Predictor) -> tuple[GoldenRow, ...]:
    """Recorded and recomputed answers; none where the file keeps none or they do not fit it."""
    if content.golden is None:
        return ()
    try:
        answers = model.run(golden_feeds(content, model.inputs))[0]
    except KeramosError:
        return ()
    recorded = np.array(content.golden.outputs, "float32").astype(float)
    now = answers.reshape(recorded.shape).astype(float)
    return tuple(
        GoldenRow(_digits(old), _digits(new), float(np.abs(old - new).max()))
        for old, new in zip(recorded, now, strict=True)
    )


def _digits(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.6g}" for value in values.tolist())


Verdict = tuple[bool | None, str, str]
"""Whether the proof holds (None: nothing was checked), a badge, and a sentence."""


def _verdict(artifact: Artifact, rows: tuple[GoldenRow, ...], *, may_run: bool) -> Verdict:
    content = artifact.content
    if content is None:
        sentence = "This file has no checksums and no reference predictions to check."
        return None, "plain Keras file", sentence
    if artifact.seal == "broken":
        return False, "proof fails", f"Checksums do not match: {artifact.seal_detail}."
    if content.golden is None:
        sentence = "Checksums match; the file records no reference predictions to check."
        return None, "sealed", sentence
    if not may_run:
        count = counted(len(content.golden.outputs), "golden row")
        return None, "sealed", f"{count} in the file; keramos verify runs them."
    if not rows:
        return False, "proof fails", "The golden rows cannot be run."
    return _compared(content.golden, rows)


def _compared(golden: GoldenRows, rows: tuple[GoldenRow, ...]) -> Verdict:
    worst = max(row.difference for row in rows)
    largest = max(abs(cell) for row in golden.outputs for cell in row)
    if not worst <= golden.absolute + golden.relative * largest:
        sentence = f"A golden row differs by {worst:.3g}; do not use these answers."
        return False, "proof fails", sentence
    sentence = (
        f"Checksums match, and {counted(len(rows), 'golden row')} answer as "
        f"{golden.reference_name} did: largest difference {worst:.2g}."
    )
    return True, "sealed and proven", sentence


def _digests(artifact: Artifact) -> tuple[Pair, ...]:
    info = artifact.info
    return (
        ("file", Path(info.path).name),
        ("size", f"{info.size:,} bytes"),
        ("format", f"{plain.written_by(info)}, {info.title}"),
        *((("read by", ": ".join(filter(None, (info.by, info.by_reason)))),) if info.by else ()),
        ("generation", f"{info.generation}, backend {info.backend or 'not recorded'}"),
        ("sha256", info.sha256),
        ("seal", artifact.seal),
        *(("warning", warning) for warning in info.warnings),
    )


def _provenance(content: Content) -> tuple[Pair, ...]:
    source = content.provenance
    if source is None:
        return ()
    return (
        ("table", source.source),
        ("sha256 of the table", source.data_digest),
        (
            "rows",
            (
                f"{source.rows:,}: {source.training_rows:,} for training, "
                f"{source.held_out_rows:,} held out"
                + (f": {source.split}" if source.split else "")
                + (f"; rows count by '{source.weights}'" if source.weights else "")
            ),
        ),
        *((("went on from", source.start),) if source.start else ()),
        ("sha256 of the split", source.training_index_digest),
        ("seed", str(source.seed)),
        ("created", source.created),
        *source.versions,
    )


def _adoption(content: Content) -> tuple[Pair, ...]:
    """Where each value of an adopted file comes from."""
    adoption = content.adoption
    if not adoption:
        return ()
    return (
        ("adopted as", adoption.family),
        *((one.what, _found(one)) for one in adoption.findings),
        *((part.path, f"folded in; sha256 {part.sha256}") for part in adoption.parts),
        *(("noticed", note) for note in adoption.notes),
    )


def _found(one: Finding) -> str:
    source = f"{one.origin} {one.source}" if one.source else one.origin
    return f"{one.value} ({source}, {one.certainty})"
