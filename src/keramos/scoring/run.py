"""The front of the scoring room: one call for every engine."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.pipeline.load import load
from keramos.pipeline.model import Model
from keramos.scoring.job import plan_job
from keramos.scoring.local import run_local
from keramos.types.scoring import ScoringPlan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keramos.scoring.job import Job
    from keramos.types.scoring import Progress, ScoringSummary

    OnProgress = Callable[[Progress], None]
    Engine = Callable[[Job, OnProgress | None], ScoringSummary]

ENGINES: dict[str, Engine] = {"local": run_local}
"""Engine -> what does a job."""


def score(
    model: str | Path | Model,
    source: str | Path,
    target: str | Path,
    *,
    engine: str = "local",
    on_progress: OnProgress | None = None,
    **options: object,
) -> ScoringSummary:
    """Decide every row of a data set of any size; memory does not grow with it.

    Args:
        model: a model file, or one that is loaded.
        source: a file, a pattern (``data/*.parquet``), a folder with or without key=value folders, a URL that fsspec
            knows, or ``-`` for standard input. Parquet, CSV, TSV, JSON Lines or Arrow IPC; text may be ``.gz`` or
            ``.zst``.
        target: a file, or a folder (a name without extension, or that ends with /) in which each file of the source
            has files of its own; ``-`` writes to standard output.
        engine: where the work is done.
        on_progress: called after each batch.
        **options: fields of ``ScoringPlan``.

    Raises:
        RowError: a row is bad and ``on_error`` is ``fail``.
        DataError: the source cannot be read.
        SaveError: the target cannot be written; nothing of it is visible.
        UsageError: options do not go together.
    """
    unknown = sorted(set(options) - {field.name for field in fields(ScoringPlan)})
    if unknown:
        known = ", ".join(field.name for field in fields(ScoringPlan))
        raise UsageError(f"score() has no option '{unknown[0]}'; there are {known}")
    if engine not in ENGINES:
        raise UsageError(f"there is no engine '{engine}'; there are {', '.join(ENGINES)}")
    loaded = model if isinstance(model, Model) else load(model)
    plan = ScoringPlan(**options)  # type: ignore[arg-type]  # checked by name above, by value where used
    return ENGINES[engine](plan_job(loaded, str(source), str(target), plan), on_progress)
