"""A table -> a trained network with everything its answers depend on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.data.conform import row_error
from keramos.data.infer import infer_schema
from keramos.data.split import split
from keramos.data.target import encode_target, take
from keramos.data.usable_rows import usable_rows
from keramos.data.wishes import Wishes
from keramos.data.with_target import with_target
from keramos.errors import UsageError
from keramos.evaluate.held_out import kept_rows
from keramos.evaluate.intervals import metrics_with_intervals
from keramos.evaluate.thresholds import tune_threshold
from keramos.prepare.feeds import feeds
from keramos.prepare.fit import fit
from keramos.prepare.front import front, join
from keramos.runtime.session import Session
from keramos.training.engines import engine as engine_of
from keramos.training.engines import engine_name
from keramos.types.artifact import Content
from keramos.types.training import DecisionRule, GoldenRows, Provenance, SampleRow, TrainingPlan
from keramos.types.training_job import TrainingJob, TrainingRows
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from keramos.data.usable_rows import UsableRows
    from keramos.training.trainer import Trainer
    from keramos.types.network import Config, Network
    from keramos.types.prediction import Feeds
    from keramos.types.schema import Preparation, Scaling, Schema, Split, TargetSchema, Task
    from keramos.types.table import Table
    from keramos.types.training import Epoch, TrainingTrace

    Array = NDArray[np.generic]

Goal = float | str | tuple[float, float]
"""A threshold, the name of a metric to tune it for, or the costs of a false positive and a false
negative.
"""

GOLDEN_ROWS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished training: the network with its preparation in front, and all that the file will
    hold beside it.

    ``split`` counts rows that have a target, from 0.
    """

    network: Network
    content: Content
    split: Split
    notes: tuple[str, ...]

    def save(self, path: str | Path) -> None:
        """Write one ``.h5`` or ``.keras`` file, completely or not at all.

        Raises:
            UsageError: the extension is unknown.
            SaveError: the file could not be written; what was there before is untouched.
        """
        trace = self.content.trace
        write(path, self.network, self.content, None if trace is None else _compile_config(trace))


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
    scaling: Scaling = "minmax",
    threshold: Goal = 0.5,
    plan: TrainingPlan | None = None,
    engine: str | None = None,
    model: object = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_message: Callable[[str], None] = lambda _: None,
) -> Run:
    """Train a network on a table and keep everything its answers depend on.

    Args:
        table: a path, a DataFrame, rows, or a dict of columns.
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
        scaling: ``minmax`` to 0-1, or ``standard``.
        threshold: binary only; a number, a metric to tune it for, or two costs. See ``Goal``.
        plan: epochs, batch size and so on.
        engine: what trains, instead of ``plan.engine``: a name in ``keramos.training.engines``,
            or ``auto``.
        model: a Keras model of your own made of built-in layers, (rows, features) -> answers, not
            yet trained.
        on_epoch: called with each epoch as it ends.
        on_message: called with what was inferred, dropped or left out, in sentences.

    Raises:
        DataError: the table cannot be used; says which row or column and why.
        UsageError: an option does not fit the table.
        MissingExtraError: the engine's library is not installed.
    """
    _check(scaling, threshold)
    plan = plan or TrainingPlan()
    plan = replace(plan, engine=engine_name(engine or plan.engine))
    source, name = with_target(table, target)
    wishes = Wishes(drop, categorical, numeric, task, positive, units, missing, written)
    schema = infer_schema(source, name, wishes)
    _announce(schema, on_message)
    rows = _rows(source, schema, plan, scaling)
    for note in rows.notes:
        on_message(note)
    return _learn(engine_of(plan.engine), rows, _Choices(plan, threshold, model, on_epoch))


def _check(scaling: str, threshold: Goal) -> None:
    if scaling not in {"minmax", "standard"}:
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


def _announce(schema: Schema, tell: Callable[[str], None]) -> None:
    tell(f"target '{schema.target.name}': {schema.target.task}, because {schema.target.reason}")
    for column in schema.columns:
        tell(f"column '{column.name}': {column.kind.replace('_', ' ')}, because {column.reason}")
    for dropped in schema.dropped:
        tell(f"column '{dropped.name}' is not used: {dropped.reason}")


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """How the caller wants the network trained."""

    plan: TrainingPlan
    threshold: Goal
    model: object
    on_epoch: Callable[[Epoch], None] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """Everything that is known before training: typed rows, their split, what preparation learned,
    model inputs.
    """

    typed: Table
    raw: Table
    schema: Schema
    preparation: Preparation
    layers: Network
    parts: Split
    fed: Feeds
    matrix: NDArray[np.float32]
    y: Array
    notes: tuple[str, ...]


def _rows(source: Table, schema: Schema, plan: TrainingPlan, scaling: Scaling) -> _Prepared:
    usable = usable_rows(source, schema)
    raw, typed = usable.raw, usable.typed
    y = encode_target(typed.columns[schema.target.name], schema.target)
    parts = split(raw.rows, y.reshape(-1) if schema.target.classes else None, seed=plan.seed)
    preparation = fit(take(typed, parts.training), schema, y[parts.training], scaling=scaling)
    parts, odd = _usable(usable, preparation, parts)
    fed = feeds(typed, preparation).feeds
    layers = front(preparation)
    matrix = Session(compile_network(layers)).run(fed)[0].astype("float32", copy=False)
    notes = tuple(text for text in (*usable.notes, *parts.notes, odd) if text)
    return _Prepared(typed, raw, schema, preparation, layers, parts, fed, matrix, y, notes)


def _usable(rows: UsableRows, preparation: Preparation, parts: Split) -> tuple[Split, str]:
    """The split without held-out rows that the schema refuses; a training row that it refuses is an
    error.
    """
    problems = feeds(rows.typed, preparation).problems
    bad = {problem.row - 1 for problem in problems}
    training = set(parts.training.tolist())
    if bad & training:
        found = [problem for problem in problems if problem.row - 1 in training]
        raise row_error(rows.numbered(found), rows.typed.source)
    if not bad:
        return parts, ""
    kept = np.array([row for row in parts.held_out.tolist() if row not in bad], np.int64)
    note = (
        f"{len(parts.held_out) - len(kept)} held-out row(s) lack a value that every "
        "training row has; not used"
    )
    return replace(parts, held_out=kept), note


def _learn(engine: Trainer, rows: _Prepared, choices: _Choices) -> Run:
    learning, validating = _learning_rows(rows, choices)

    def chosen(index: NDArray[np.int64]) -> TrainingRows:
        return TrainingRows(rows.matrix[index], rows.y[index])

    job = TrainingJob(
        training=chosen(learning),
        held_out=chosen(rows.parts.held_out),
        target=rows.schema.target,
        statistics=rows.preparation.target,
        plan=choices.plan,
        unseen=rows.preparation.unseen,
        validation=None if validating is None else chosen(validating),
        model=choices.model,
        on_epoch=choices.on_epoch,
    )
    body, trace = engine.fit(job)
    network = join(rows.layers, body)
    golden = _golden(engine, rows, network, body)
    session = Session(compile_network(network))
    rule = _rule(rows, choices.threshold, session, validating)
    output = session.run(_pick(rows.fed, rows.parts.held_out))[0]
    held_out = rows.y[rows.parts.held_out]
    content = Content(
        schema=rows.schema,
        preparation=rows.preparation,
        rule=rule,
        trace=trace,
        metrics=metrics_with_intervals(
            held_out, output, rows.schema.target, rows.preparation.target, rule.threshold
        ),
        provenance=_provenance(engine, rows, trace),
        sample=_sample(rows),
        golden=golden,
        held_out=kept_rows(held_out, output, rows.schema.target),
    )
    return Run(network, content, rows.parts, rows.notes)


def _learning_rows(
    rows: _Prepared, choices: _Choices
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Training rows to learn from, and those set aside for early stopping or a tuned threshold."""
    learning, target = rows.parts.training, rows.schema.target
    if not (choices.plan.early_stopping or _is_tuned(choices.threshold, target)):
        return learning, None
    classes = rows.y[learning].reshape(-1) if target.classes else None
    inner = split(len(learning), classes, seed=choices.plan.seed)
    return learning[inner.training], learning[inner.held_out]


def _is_tuned(threshold: Goal, target: TargetSchema) -> bool:
    return target.task == "binary" and not isinstance(threshold, (int, float))


def _pick(fed: Feeds, index: NDArray[np.int64]) -> Feeds:
    return {name: array[index] for name, array in fed.items()}


def _golden(engine: Trainer, rows: _Prepared, network: Network, body: Network) -> GoldenRows:
    """Golden rows with the engine's own answers."""
    index = _golden_index(rows)
    fed = _pick(rows.fed, index)
    try:
        output = engine.answers(network, fed)
    except UsageError:
        # An engine without texts still answers to the prepared rows.
        output = engine.answers(body, {body.inputs[0].layer: rows.matrix[index]})
    regression = rows.schema.target.task == "regression"
    scale = max(1.0, rows.preparation.target.deviation) if regression else 1.0
    return GoldenRows(
        inputs=tuple(tuple(array.tolist()) for array in fed.values()),
        outputs=tuple(tuple(row) for row in output.reshape(len(index), -1).tolist()),
        absolute=1e-6 * scale,
        reference=engine.reference,
    )


def _golden_index(rows: _Prepared) -> NDArray[np.int64]:
    """Held-out rows, evenly spread; up to a quarter of them have missing values and come first."""
    held_out = rows.parts.held_out
    missing = np.zeros(rows.typed.rows, bool)
    for column in rows.schema.columns:
        missing |= rows.typed.columns[column.name].missing
    lacking = held_out[missing[held_out]][: GOLDEN_ROWS // 4]
    complete = held_out[~missing[held_out]]
    step = max(1, len(complete) // GOLDEN_ROWS)
    return np.concatenate([lacking, complete[::step][: GOLDEN_ROWS - len(lacking)]])


def _rule(
    rows: _Prepared,
    threshold: Goal,
    session: Session,
    validating: NDArray[np.int64] | None,
) -> DecisionRule:
    target = rows.schema.target
    if target.task == "regression":
        return DecisionRule("value", "the prediction is the model's output", unit=target.unit)
    if target.task == "multiclass":
        return DecisionRule("argmax", "the class with the largest score", target.classes)
    if validating is None or isinstance(threshold, (int, float)):
        given = float(threshold) if isinstance(threshold, (int, float)) else 0.5
        origin = "the usual threshold for a probability" if given == 0.5 else "given by the caller"  # noqa: PLR2004
        return DecisionRule("threshold", origin, target.classes, given)
    scores = session.run(_pick(rows.fed, validating))[0]
    best, origin = tune_threshold(rows.y[validating], scores, threshold)
    return DecisionRule("threshold", origin, target.classes, best)


def _provenance(engine: Trainer, rows: _Prepared, trace: TrainingTrace) -> Provenance:
    return Provenance(
        source=Path(rows.raw.source).name,
        data_digest=_data_digest(rows.raw),
        rows=rows.raw.rows,
        training_rows=len(rows.parts.training),
        held_out_rows=len(rows.parts.held_out),
        training_index_digest=hashlib.sha256(
            rows.parts.training.astype("<i8").tobytes()
        ).hexdigest(),
        seed=trace.plan.seed,
        versions=(("keramos", __version__), *engine.versions(), ("numpy", np.__version__)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _data_digest(table: Table) -> str:
    """SHA-256 of the file's bytes; without a file, of the column names and cells."""
    path = Path(table.source)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for name, column in table.columns.items():
        cells = column.values
        data = (
            "\0".join(map(str, cells.tolist())).encode()
            if cells.dtype.kind == "O"
            else np.ascontiguousarray(cells).tobytes()
        )
        digest.update(name.encode() + b"\0" + data + column.missing.tobytes())
    return digest.hexdigest()


def _sample(rows: _Prepared) -> SampleRow:
    """The first held-out row, raw and prepared."""
    row = int(rows.parts.held_out[0])
    raw = []
    for column in rows.schema.columns:
        source = rows.raw.columns[column.name]
        raw.append((column.name, "" if source.missing[row] else str(source.values[row])))
    prepared = zip(rows.preparation.features, rows.matrix[row].tolist(), strict=True)
    return SampleRow(tuple(raw), tuple(prepared))


def _compile_config(trace: TrainingTrace) -> Config:
    """What Keras needs to go on training or to evaluate."""
    return {
        "optimizer": {
            "module": "keras.optimizers",
            "class_name": "Adam",
            "config": {"name": "adam", "learning_rate": trace.plan.learning_rate},
            "registered_name": None,
        },
        "loss": trace.loss,
        "metrics": [trace.metric],
    }
