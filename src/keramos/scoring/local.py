"""One machine: read, decide and write at once, in parts that survive a kill; show the result when it is whole."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from keramos.errors import Problem
from keramos.pipeline.model import row_error
from keramos.scoring.finish import check_target, finished, publish
from keramos.scoring.formats import Format, format_of
from keramos.scoring.journal import Work
from keramos.scoring.parts import PartBuilder
from keramos.scoring.pieces import Source
from keramos.scoring.sources import check_unchanged
from keramos.scoring.totals import summarised
from keramos.types.scoring import Position, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.pipeline.batches import BatchScorer
    from keramos.scoring.job import Job
    from keramos.scoring.pieces import Piece
    from keramos.types.scoring import ScoringSummary

    OnProgress = Callable[[Progress], None]


def run_local(job: Job, on_progress: OnProgress | None = None) -> ScoringSummary:
    """Score all files of a job.

    Raises:
        RowError: a row is bad, and ``on_error`` is ``fail``.
        DataError: a file cannot be read or was changed.
        SaveError: something cannot be written.
        UsageError: the job does not fit the model, or is done by another process.
    """
    begun = perf_counter()
    if job.plan.resume:
        done = finished(job)
        if done is not None:
            return done
    source = Source(job.files, job.source_form)
    given = source.schema()
    scorer = job.model.batch_scorer(job.plan.keep)
    schema = scorer.schema(given, job.files[0].name)
    check_target(job)
    with Work(job.work, job.identity, resume=job.plan.resume) as work:
        resumed = bool(work.parts)
        try:
            _Run(job, source, scorer, schema, work, on_progress).all()
            summary = summarised(job, work.parts, perf_counter() - begun, resumed=resumed)
            for file in job.files:  # once more, all of them: what is shown comes from one state of the source
                check_unchanged(file)
            publish(job, work, schema, summary)
        except BaseException as error:
            _leave(work, error)
            raise
        work.remove()
    return summary


def _leave(work: Work, error: BaseException) -> None:
    if work.begun:
        error.add_note(f"what is done is kept in {work.folder}; run it again with --resume to go on")
    else:
        work.remove()


class _Run:
    """The loop over all pieces."""

    def __init__(
        self,
        job: Job,
        source: Source,
        scorer: BatchScorer,
        schema: pa.Schema,
        work: Work,
        on_progress: OnProgress | None,
    ) -> None:
        self._job, self._source, self._scorer, self._schema, self._work = job, source, scorer, schema, work
        self._start = work.parts[-1].end if work.parts else Position()
        self._at = self._start
        self._meter = _Meter(job, work, self._start, on_progress)

    def all(self) -> None:
        """Decide what is left to decide."""
        plan = self._job.plan
        threads = plan.threads or len(os.sched_getaffinity(0))
        kept = pa.schema([self._schema.field(name) for name in plan.keep])
        part = self._part()
        try:
            with closing(self._source.pieces(self._scorer, kept, self._start, threads)) as pieces:
                for piece in pieces:
                    self._take(piece, part)
                    if part.full(plan.part_rows):
                        part.close(self._at)
                        part = self._part()
            if part.touched:
                part.close(self._at)
        except BaseException:
            part.abandon()
            raise

    def _take(self, piece: Piece, part: PartBuilder) -> None:
        file = self._job.files[piece.file]
        if piece.last:
            part.end_file(file)
            self._at = Position(piece.file + 1)
        else:
            before = self._at.rows
            placed = _placed(piece, before)
            if placed.rejected is not None and self._job.plan.on_error == "fail":
                raise row_error(_problems(placed), file.name)
            part.add(placed, file)
            self._at = Position(piece.file, before + piece.rows, piece.offset)
        self._meter.tell(piece)

    def _part(self) -> PartBuilder:
        rejects = format_of(self._job.rejects) or Format("csv")
        return PartBuilder(
            self._work, self._job.form, self._schema, rejects, self._scorer.histograms, mirrored=self._job.mirrored
        )


def _placed(piece: Piece, before: int) -> Piece:
    """The piece with the rows of its rejects counted from the beginning of the file."""
    if piece.rejected is None:
        return piece
    rows = pc.add(piece.rejected.column("row"), before)
    return replace(piece, rejected=piece.rejected.set_column(1, "row", rows))


def _problems(piece: Piece) -> list[Problem]:
    cells = piece.rejected.to_pylist() if piece.rejected is not None else []
    return [Problem(cell["row"], cell["column"], cell["value"], cell["rule"]) for cell in cells]


class _Meter:
    """Counts for whoever watches."""

    def __init__(self, job: Job, work: Work, start: Position, on_progress: OnProgress | None) -> None:
        self._sizes = [file.size for file in job.files]
        self._all = sum(self._sizes)
        self._tell = on_progress
        self._begun = perf_counter()
        self._before = sum(self._sizes[: start.file])
        done = [file for part in work.parts for file in part.files]
        self._rows, self._rejected = sum(file.rows for file in done), sum(file.rejected for file in done)
        self._rows_then, self._bytes_then = self._rows, -1

    def tell(self, piece: Piece) -> None:
        """A piece is decided and written."""
        self._rows += piece.rows
        self._rejected += piece.rejected_rows
        if self._bytes_then < 0:
            self._bytes_then = self._before
        reached = self._before + piece.stored
        self._before += self._sizes[piece.file] if piece.last else 0
        if self._tell is not None:
            self._tell(
                Progress(
                    self._rows,
                    self._rejected,
                    reached,
                    self._all,
                    self._rows - self._rows_then,
                    reached - self._bytes_then,
                    perf_counter() - self._begun,
                )
            )
