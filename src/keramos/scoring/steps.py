"""What every engine does around the deciding: look at the job, keep parts safe, show the result
when it is whole.
"""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.frozen import Frozen
from keramos.scoring.finish import check_target, finished, publish
from keramos.scoring.formats import Format, format_of
from keramos.scoring.installed import backend
from keramos.scoring.journal import Work
from keramos.scoring.pieces import Source
from keramos.scoring.sources import check_unchanged
from keramos.scoring.totals import summarised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.inference.scored import Schema, Scorer
    from keramos.scoring.backend import Keys
    from keramos.scoring.chunks import Reader
    from keramos.scoring.job import Job
    from keramos.scoring.pieces import Piece
    from keramos.types.scoring import Progress, Query, ScoringSummary

    OnProgress = Callable[[Progress], None]


class Setting(Frozen, frozen=True, eq=False):
    """A job that is about to be done: its source, what decides, the columns of the answers, and the
    parts so far.
    """

    job: Job
    source: Source
    scorer: Scorer
    schema: Schema
    work: Work
    on_progress: OnProgress | None

    @property
    def kept(self) -> Schema:
        """The columns that answers carry along."""
        return backend().selected(self.schema, self.job.plan.keep)

    @property
    def rejects_form(self) -> Format:
        """The format of the list of bad rows."""
        return format_of(self.job.rejects) or Format("csv")


def carried_out(
    job: Job, on_progress: OnProgress | None, engine: str, decide: Callable[[Setting], None]
) -> ScoringSummary:
    """Do a job from its last complete part on; ``decide`` adds the parts that are missing, in
    order.

    Raises:
        KeramosError: the job cannot be done, or not be finished; parts that are complete stay for
            ``resume``.
    """
    begun = perf_counter()
    if job.plan.resume:
        done = finished(job)
        if done is not None:
            return done
    with ExitStack() as reading:
        stream = _query(job.query, reading) if job.query else None
        source = Source(job.files, job.source_form, stream)
        plan = job.plan
        scorer = job.model.scorer(backend().batches, plan.keep, plan.columns, warn=plan.warnings)
        given = source.schema()
        if not given.names and job.source_form == "jsonl":  # no row, so any columns will do
            given = backend().texts(scorer.needs)
        schema = backend().with_keys(scorer.schema(given, job.files[0].name), job.keys)
        check_target(job, schema)
        with Work(job.work, job.identity, resume=job.plan.resume) as work:
            resumed = bool(work.parts)
            try:
                decide(Setting(job, source, scorer, schema, work, on_progress))
                reading.close()  # the database that was read may be the one that is written
                summary = summarised(
                    job, work.parts, perf_counter() - begun, engine=engine, resumed=resumed
                )
                summary = replace(summary, ignored=_ignored(job, given.names, scorer.needs))
                for file in (
                    job.files
                ):  # once more, all of them: what is shown comes from one state of the source
                    check_unchanged(file)
                publish(job, work, schema, summary)
            except BaseException as error:
                _leave(job, work, error)
                raise
            work.remove()
    return summary


def _ignored(job: Job, names: Sequence[str], needs: Sequence[str]) -> tuple[str, ...]:
    """Columns of the source that the model does not know, in order."""
    content = job.model.content
    if content is None:
        return ()
    dropped = (column.name for column in content.schema.dropped)
    known = {*needs, content.schema.target.name, *dropped}
    return tuple(name for name in names if name not in known)


def _query(query: Query, reading: ExitStack) -> Reader:
    from keramos.scoring.tables import query_reader  # noqa: PLC0415 (an extra)

    return reading.enter_context(query_reader(query))


def _leave(job: Job, work: Work, error: BaseException) -> None:
    if work.begun and job.resumable:
        error.add_note(
            f"what is done is kept in {work.folder}; run it again with --resume to go on"
        )
    else:
        work.remove()


def placed(piece: Piece, before: int, keys: Sequence[str], name: str) -> Piece:
    """The piece with its rows, rejected and decided, counted from the beginning of the file, and
    the decided ones behind the columns ``keys``.
    """
    moved = [replace(problem, row=problem.row + before) for problem in piece.rejected]
    if not keys or piece.decided is None or piece.numbers is None:
        return replace(piece, rejected=moved)
    known: Keys = {"file": piece.names or name, "row": piece.numbers + before}
    decided = backend().keyed(piece.decided, {key: known[key] for key in keys})
    return replace(piece, rejected=moved, decided=decided)
