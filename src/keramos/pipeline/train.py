"""A table -> a trained network with everything its answers depend on."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Unpack

from msgspec import UNSET

from keramos.data.folds import fold_splits
from keramos.data.infer import infer_schema
from keramos.data.many_files import bounded
from keramos.data.wishes import Wishes
from keramos.data.with_target import with_target
from keramos.errors import UsageError
from keramos.evaluate.held_out import kept_rows
from keramos.pipeline.evaluation import Measures, Subject, column_importance, group_quality
from keramos.pipeline.judgement import judgements
from keramos.pipeline.learning import Choices, learned
from keramos.pipeline.prepared_rows import RowColumns, prepared_rows
from keramos.pipeline.run_log import logged_epochs, run_log
from keramos.pipeline.streamed_rows import learns_from_parts
from keramos.pipeline.training_records import golden_rows, provenance, sample_row
from keramos.pipeline.training_run import Run
from keramos.pipeline.warm_start import warm_start
from keramos.training.engines import engine as engine_of
from keramos.training.engines import engine_name
from keramos.training.loss_words import loss_of
from keramos.training.recipes import check_options, recipe_name
from keramos.types.artifact import Content
from keramos.types.evaluation import Evaluation, FoldQuality
from keramos.types.training import TrainingPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from msgspec import UnsetType

    from keramos.data.many_files import Bounded
    from keramos.pipeline.learning import Goal, Learned
    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.pipeline.run_log import RunLog
    from keramos.pipeline.streamed_rows import Parts
    from keramos.pipeline.warm_start import WarmStart
    from keramos.training.trainer import Trainer
    from keramos.types.schema import Gaps, Scaling, Schema, Split, Task
    from keramos.types.table import Table
    from keramos.types.training import Epoch, PlanFields


def _silent(_: str) -> None:
    """Take a message and show nothing."""


def train(  # noqa: PLR0913 (keywords only: the public options of one call)
    table: object,
    target: object,
    *,
    drop: Collection[str] = (),
    categorical: Collection[str] = (),
    numeric: Collection[str] = (),
    task: Task | None = None,
    positive: str | None = None,
    units: Mapping[str, str] | None = None,
    missing: Collection[str] = (),
    written: Mapping[str, str] | None = None,
    trim: Collection[str] = (),
    gaps: Mapping[str, Gaps] | None = None,
    scaling: Scaling | None = None,
    threshold: Goal = 0.5,
    interval: float | None = None,
    split_by: str | None = None,
    time_column: str | None = None,
    weight_column: str | None = None,
    max_rows: int = 0,
    calibrate: bool = False,
    importance: bool = False,
    by: Collection[str] = (),
    folds: int = 0,
    repeats: int = 1,
    plan: TrainingPlan | None = None,
    model: object = None,
    start: str | Path | None = None,
    log: str | RunLog | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_message: Callable[[str], None] = _silent,
    **fields: Unpack[PlanFields],
) -> Run:
    """Train a network on a table and keep everything its answers depend on.

    Args:
        table: a path, a DataFrame, rows, or a dict of columns; or several paths, in a list or as a
            pattern such as ``data/*.parquet``.
        target: the column to predict, by name; or its values beside the table, ``train(X, y)``,
            see ``with_target``.
        drop: columns to leave out.
        categorical: columns to take as categories, whatever they look like.
        numeric: columns to take as numbers, whatever they look like.
        task: binary, multiclass or regression; inferred where None.
        positive: the class whose probability a binary model gives; the last in ascending order
            where None.
        units: column -> unit, for people.
        missing: texts that mean a missing cell, beside the usual ones.
        written: column -> how it writes the number 1234.5, or another number or date that can be
            read in one way only: ``{"price": "1.234,5 EUR", "day": "31/01/2024"}``.
        trim: columns of text whose surrounding blanks mean nothing: they are removed in training
            and from every row later. Elsewhere they are part of the value, as for Keras.
        gaps: column (``*``: every other one) -> what becomes of missing values: ``impute`` fills
            them with the median, or takes a category for unseen, also where training rows had none
            missing; ``refuse`` leaves rows out that lack the value, in training and later.
            Otherwise they are filled where training rows had some, and refused elsewhere.
        scaling: ``minmax`` to 0-1, or ``standard``; the recipe's where None.
        threshold: binary only; a number, a metric to tune it for, or two costs. See ``Goal``.
        interval: share of rows, such as 0.9, whose truth an interval around the answer is to hold,
            or a set of possible classes. A fifth of the training rows is set aside to measure it.
        split_by: a column of groups, such as customers: all rows of one are held out together, and
            so in inner folds. It is not learned from.
        time_column: a column of dates or numbers: the latest rows are held out.
        weight_column: a column of numbers, 0 or more: how much each row counts in learning, in
            inner folds, in thresholds and in metrics. It is not learned from.
        max_rows: take so many rows at most, chosen by a hash of their numbers; 0 takes all, and a
            million of several or large Parquet files, which are read batch by batch.
        calibrate: classes only; divide the logits by a temperature, fitted on a fifth of the
            training rows that is set aside, so that probabilities mean what they say.
        importance: measure how much answers depend on each column.
        by: columns; metrics of the held-out rows are kept for each of their groups.
        folds: train so many models more, each judged by another part of the rows; 0 for none.
        repeats: draw the folds so often.
        plan: epochs, batch size and so on, in one value.
        model: a Keras model of your own made of built-in layers, (rows, features) -> answers, not
            yet trained; or a function of the number of features that builds it.
        start: a file of the recipe ``tutorial`` to go on from, with its preparation and its
            weights; the table needs the same columns and target.
        log: where each epoch, the held-out metrics and (MLflow) the model are logged: ``mlflow``,
            ``tensorboard:FOLDER``, or something with the methods of ``RunLog``.
        on_epoch: called with each epoch as it ends; where None, a notebook draws them.
        on_message: called with what was inferred, dropped or left out, in sentences.
        fields: those of ``TrainingPlan`` by themselves, before those of ``plan``: ``epochs``,
            ``recipe``, ``engine``, ``seed`` and so on.

    Raises:
        DataError: the table cannot be used; says which row or column and why.
        UsageError: an option does not fit the table.
        MissingExtraError: the engine's library is not installed.
    """
    _check(scaling, threshold, interval)
    logged = run_log(log)
    plan = _resolved(_planned(plan, fields), own=model is not None, warm=start is not None)
    warm = None if start is None else warm_start(start, own=model is not None, folds=folds)
    columns = RowColumns(split_by, time_column, weight_column)
    taken = bounded(table, max_rows, plan.seed)
    source, name, parts = _source(taken, target, learns_from_parts(plan, columns), on_message)
    left_out = (*drop, *columns.reasons())
    wishes = Wishes(
        left_out, categorical, numeric, task, positive, units, missing, written, trim, gaps
    )
    schema = columns.explained(infer_schema(source, name, wishes))
    loss_of(plan, schema.target.task)  # refuses a loss that the task does not have
    _announce(schema, on_message)
    plan = plan if warm is None else _going_on(plan, warm, schema, on_message)
    measures = Measures(calibrate, importance, tuple(by), folds, repeats)
    measures.check(schema.target)
    told = logged_epochs(logged, on_epoch or _live(plan))
    choices = Choices(plan, threshold, interval, model, told, measures, warm, parts)
    prepared = partial(
        prepared_rows,
        source,
        schema,
        plan,
        scaling,
        validate=choices.validates(schema.target),
        columns=columns,
        known=None if warm is None else warm.preparation,
    )
    rows = prepared()
    for note in (f"rows are held out as {rows.keys}", *rows.notes):
        on_message(note)
    run = _learn(engine_of(plan.engine), rows, choices)
    run = _folds(run, rows, choices, lambda parts: prepared(parts=parts)) if folds else run
    logged.end(run)
    return run


def _going_on(
    plan: TrainingPlan, warm: WarmStart, schema: Schema, tell: Callable[[str], None]
) -> TrainingPlan:
    """The plan with the hidden units of the file that training goes on from."""
    warm.check(schema, plan)
    tell(f"goes on from {warm.name}, which may have learned from rows held out now")
    return replace(plan, hidden=warm.hidden)


def _source(
    taken: Bounded,
    target: object,
    learns: bool,  # noqa: FBT001 (private, called once)
    tell: Callable[[str], None],
) -> tuple[Table, str, Parts | None]:
    """The table, or a sample of it, the name of its target, and the rows beyond the sample where
    training learns from them too; says which are used.
    """
    source, name = with_target(taken.table, target)
    if not taken.rows:
        return source, name, None
    chosen = f"{source.rows:,} of {taken.rows:,} rows"
    if learns and taken.rest is not None:
        tell(
            f"{chosen}, chosen by a hash of their numbers, say what columns are, and some of them "
            "are held out; all others are learned from part by part, once an epoch"
        )
        files = source.source.rpartition(" (")[0]
        said = f"{files} ({taken.rows:,} rows, of which {source.rows:,} chose columns and split)"
        return replace(source, source=said), name, taken.rest
    tell(f"{chosen} are used, chosen by a hash of their numbers; --max-rows takes more or fewer")
    return source, name, None


def _planned(plan: TrainingPlan | None, fields: PlanFields) -> TrainingPlan:
    """The plan with fields that are given by themselves."""
    known = TrainingPlan.__struct_fields__
    for name in fields.keys() - set(known):
        from difflib import get_close_matches  # noqa: PLC0415 (for a refusal only)

        near = get_close_matches(name, [*known, *(train.__kwdefaults__ or ())], 1)
        raise UsageError(
            "train() has no such option",
            option=name,
            remedy=f"Did you mean {near[0]}?" if near else f"Fields of a plan: {', '.join(known)}",
        )
    return replace(plan or TrainingPlan(), **fields)


def _resolved(plan: TrainingPlan, *, own: bool, warm: bool) -> TrainingPlan:
    """The plan with the names of its engine and its recipe."""
    plan = replace(plan, recipe=recipe_name(plan, own=own or warm))
    check_options(plan)
    return replace(plan, engine=engine_name(plan.engine, plan.recipe, own=own))


def _check(scaling: str | None, threshold: Goal, interval: float | None) -> None:
    if interval is not None and not 0 < interval < 1:
        raise UsageError(
            "the interval must be a share of rows between 0 and 1, such as 0.9",
            option="interval",
            received=str(interval),
        )
    if scaling not in {None, "minmax", "standard"}:
        raise UsageError(
            "the scaling must be minmax or standard",
            option="scaling",
            received=repr(scaling),
        )
    if isinstance(threshold, (int, float)) and not 0 <= threshold <= 1:
        raise UsageError(
            "the threshold must be a probability between 0 and 1",
            option="threshold",
            received=str(threshold),
        )


def _live(plan: TrainingPlan) -> Callable[[Epoch], None] | None:
    """What draws each epoch in a notebook."""
    if "IPython" not in sys.modules:
        return None
    # Only notebooks draw.
    from keramos.drawing.live_training import live_training  # noqa: PLC0415 (start-up time)

    return live_training(plan)


_GAPS = {
    "": "",
    "impute": "; missing values are filled, as you say",
    "refuse": "; rows without it are refused, as you say",
}


def _announce(schema: Schema, tell: Callable[[str], None]) -> None:
    tell(f"target '{schema.target.name}': {schema.target.task}, because {schema.target.reason}")
    for column in schema.columns:
        kind, gaps = column.kind.replace("_", " "), _GAPS[column.gaps or ""]
        tell(f"column '{column.name}': {kind}, because {column.reason}{gaps}")
    for dropped in schema.dropped:
        tell(f"column '{dropped.name}' is not used: {dropped.reason}")


def _learn(engine: Trainer, rows: PreparedRows, choices: Choices) -> Run:
    found = learned(engine, rows, choices)
    held_out = found.judged(rows.parts.held_out)
    content = Content(
        schema=rows.schema,
        preparation=rows.preparation,
        rule=found.rule,
        trace=found.trace,
        metrics=judgements(rows, choices.plan, found.rule, held_out),
        provenance=replace(
            provenance(engine, rows, found.trace),
            start="" if choices.warm is None else choices.warm.name,
        ),
        sample=sample_row(rows),
        golden=golden_rows(engine, rows, found.network, found.body),
        held_out=kept_rows(held_out.y, held_out.output, rows.schema.target),
        evaluation=_evaluation(found, choices),
    )
    return Run(found.network, content, rows.parts, rows.notes)


def _evaluation(found: Learned, choices: Choices) -> Evaluation | UnsetType:
    """What was asked to be measured, without folds."""
    wanted = choices.measures
    if wanted == Measures(folds=wanted.folds, repeats=wanted.repeats):
        return UNSET
    subject = Subject(found.rows, choices.plan, found.rule, lambda feeds: found.answering(feeds)[0])
    groups = (group_quality(subject, column, found.judged) for column in wanted.by)
    return Evaluation(
        temperature=found.temperature,
        importance=column_importance(subject) if wanted.importance else None,
        groups=tuple(chain.from_iterable(groups)),
    )


def _folds(
    run: Run, rows: PreparedRows, choices: Choices, again: Callable[[Split], PreparedRows]
) -> Run:
    """The run with the quality of models that were trained on other splits of the same table."""
    wanted, engine = choices.measures, engine_of(choices.plan.engine)
    classes = rows.y.reshape(-1) if rows.schema.target.classes else None
    quiet, found = replace(choices, on_epoch=None), []
    for repeat in range(wanted.repeats):
        seed = choices.plan.seed + repeat
        splits = fold_splits(rows.all_keys, len(rows.y), classes, folds=wanted.folds, seed=seed)
        for fold, parts in enumerate(splits, 1):
            inner = again(parts)
            one = learned(engine, inner, quiet)
            judged = one.judged(inner.parts.held_out)
            values = judgements(inner, choices.plan, one.rule, judged)
            found.append(FoldQuality(repeat + 1, fold, len(judged.y), values))
    before = run.content.evaluation or Evaluation()
    content = replace(run.content, evaluation=replace(before, folds=tuple(found)))
    return replace(run, content=content)
