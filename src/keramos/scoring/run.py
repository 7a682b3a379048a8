"""The front of the scoring room: one call for every engine."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Unpack

from keramos.errors import MissingExtraError, UsageError
from keramos.inference.model import Model
from keramos.pipeline.load import load
from keramos.scoring.job import plan_job
from keramos.scoring.local import run_local
from keramos.types.scoring import DatabaseTable, Query, ScoringPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from keramos.compile.replacements import Replacement
    from keramos.scoring.job import Job
    from keramos.types.scoring import PlanFields, Progress, ScoringSummary

    OnProgress = Callable[[Progress], None]
    Engine = Callable[[Job, OnProgress | None], ScoringSummary]


def _ray(job: Job, on_progress: OnProgress | None) -> ScoringSummary:
    try:
        from keramos.scoring.ray_engine import run_ray  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            f"the engine 'ray' needs {error.name}",
            remedy="Install it with: pip install 'keramos[ray]'",
        ) from None
    return run_ray(job, on_progress)


ENGINES: dict[str, Engine] = {"local": run_local, "ray": _ray}
"""Engine -> what does a job."""


def score(
    model: str | Path | Model,
    source: str | Path | Query,
    target: str | Path | DatabaseTable,
    *,
    engine: str = "local",
    replace: Mapping[str, Replacement] | None = None,
    by: str | None = None,
    on_progress: OnProgress | None = None,
    **options: Unpack[PlanFields],
) -> ScoringSummary:
    """Decide every row of a data set of any size; memory does not grow with it.

    Args:
        model: a model file, or one that is loaded.
        source: a file, a pattern (``data/*.parquet``), a folder with or without key=value folders,
            a URL that fsspec knows, or ``-`` for standard input. Parquet, CSV, TSV, JSON Lines or
            Arrow IPC; text may be ``.gz`` or ``.zst``. Or a ``Query`` of a database.
        target: a file, or a folder (a name without extension, or that ends with /) in which each
            file of the source has files of its own; ``-`` writes to standard output as rows are
            decided. Or a ``DatabaseTable``, which gets all rows at once.
        engine: where the work is done.
        replace: what layers of the file that hold code compute, by name, as for ``load``.
        by: ``config`` or ``graph``, as for ``load``.
        on_progress: called after each batch.
        **options: fields of ``ScoringPlan``.

    Raises:
        RowError: a row is bad and ``on_error`` is ``fail``.
        DataError: the source cannot be read.
        SaveError: the target cannot be written; nothing of it is visible.
        UsageError: options do not go together.
    """
    unknown = sorted(set(options) - {*ScoringPlan.__struct_fields__})
    if unknown:
        known = ", ".join(ScoringPlan.__struct_fields__)
        raise UsageError(f"score() has no such option; there are {known}", option=unknown[0])
    _check_ends(source, target)
    if engine not in ENGINES:
        raise UsageError(
            f"the engine does not exist; there are {', '.join(ENGINES)}",
            option="engine",
            received=repr(engine),
        )
    if isinstance(model, Model) and (replace or by):
        raise UsageError(
            "replace and by are for a model file; a loaded model was opened with its own"
        )
    loaded = model if isinstance(model, Model) else load(model, replace=replace, by=by)
    plan = ScoringPlan(**options)
    job = plan_job(
        loaded,
        source if isinstance(source, Query) else str(source),
        target if isinstance(target, DatabaseTable) else str(target),
        plan,
    )
    if engine != "local" and (job.files[0].stream or job.streamed):
        raise UsageError(
            f"the engine {engine!r} shares files among machines; streams and queries need engine "
            "local",
        )
    if loaded.content and loaded.content.preparation.inputs[0].series:
        _check_series(engine, resume=plan.resume)
    if engine != "local" and loaded.content is None:
        raise UsageError(
            f"the engine {engine!r} takes files of keramos; a plain Keras file needs engine local",
        )
    return ENGINES[engine](job, on_progress)


def _check_ends(source: object, target: object) -> None:
    """Refuse what is neither a file nor a database."""
    for option, given in (("source", source), ("target", target)):
        if not isinstance(given, (str, PathLike, Query, DatabaseTable)):
            raise UsageError(
                "score reads and writes files and databases",
                option=option,
                received=f"a {type(given).__name__}",
                remedy="Decide a table in memory with model.decide(table).to_pandas()",
            )


def _check_series(engine: str, *, resume: bool) -> None:
    """Refuse what cannot keep the order of rows, or lacks the rows before."""
    if engine != "local":
        raise UsageError(
            f"the engine {engine!r} takes rows in any order; a series needs engine local"
        )
    if resume:
        raise UsageError(
            "a run over a series cannot be resumed: each answer needs the rows before",
            option="resume",
            remedy="Start again without --resume",
        )
