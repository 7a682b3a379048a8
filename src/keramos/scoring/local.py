"""One machine: read, decide and write at once, in parts that survive a kill; show the result when
it is whole.
"""

from __future__ import annotations

import os
from contextlib import closing
from time import perf_counter
from typing import TYPE_CHECKING

from keramos.data.conform import row_error
from keramos.scoring.installed import backend
from keramos.scoring.journal import standard_output
from keramos.scoring.parts import PartBuilder
from keramos.scoring.steps import carried_out, placed
from keramos.types.scoring import Position, Progress

if TYPE_CHECKING:
    from keramos.scoring.backend import Writer
    from keramos.scoring.job import Job
    from keramos.scoring.journal import Work
    from keramos.scoring.pieces import Piece
    from keramos.scoring.steps import OnProgress, Setting
    from keramos.types.scoring import ScoringSummary


def run_local(job: Job, on_progress: OnProgress | None = None) -> ScoringSummary:
    """Score all files of a job.

    Raises:
        RowError: a row is bad, and ``on_error`` is ``fail``.
        DataError: a file cannot be read or was changed.
        SaveError: something cannot be written.
        UsageError: the job does not fit the model, or is done by another process.
    """
    return carried_out(job, on_progress, "local", lambda setting: _Run(setting).all())


class _Run:
    """The loop over all pieces."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._job, self._work = setting, setting.job, setting.work
        self._start = self._work.parts[-1].end if self._work.parts else Position()
        self._at = self._start
        self._meter = _Meter(self._job, self._work, self._start, setting.on_progress)
        self._stream: Writer | None = (
            backend().stream_writer(self._job.form, setting.schema) if self._job.streamed else None
        )

    def all(self) -> None:
        """Decide what is left to decide."""
        plan, setting = self._job.plan, self._setting
        threads = plan.threads or len(os.sched_getaffinity(0))
        threads = 1 if setting.scorer.in_order else threads
        part = self._part()
        try:
            with closing(
                setting.source.pieces(setting.scorer, setting.kept, self._start, threads)
            ) as pieces:
                for piece in pieces:
                    self._take(piece, part)
                    if part.full(plan.part_rows):
                        self._work.add(part.close(self._at))
                        part = self._part()
            if part.touched:
                self._work.add(part.close(self._at))
            if self._stream is not None:
                with standard_output():
                    self._stream.close()
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
            found = placed(piece, before, self._job.keys, file.name)
            if found.rejected and self._job.plan.on_error == "fail":
                raise row_error(found.rejected, file.name)
            part.add(found, file)
            self._at = Position(piece.file, before + piece.rows, piece.offset)
        self._meter.tell(piece)

    def _part(self) -> PartBuilder:
        setting = self._setting
        return PartBuilder(
            self._work.next,
            self._job.form,
            setting.schema,
            setting.rejects_form,
            setting.scorer.histograms,
            mirrored=self._job.mirrored,
            stream=self._stream,
        )


class _Meter:
    """Counts for whoever watches."""

    def __init__(
        self, job: Job, work: Work, start: Position, on_progress: OnProgress | None
    ) -> None:
        self._sizes = [file.size for file in job.files]
        self._all = sum(self._sizes)
        self._tell = on_progress
        self._begun = perf_counter()
        self._before = sum(self._sizes[: start.file])
        done = [file for part in work.parts for file in part.files]
        self._rows, self._rejected = (
            sum(file.rows for file in done),
            sum(file.rejected for file in done),
        )
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
