"""Two model files and a table with the truth -> which is better, and where they differ."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import check_present, conform
from keramos.data.read import as_table
from keramos.data.target import encode_target, take
from keramos.data.usable_rows import usable_rows
from keramos.errors import DataError, UsageError
from keramos.evaluate.paired import paired_metrics
from keramos.inference.model import Model
from keramos.pipeline.load import load
from keramos.prepare.feeds import feeds
from keramos.runtime.decide import choose
from keramos.types.comparison import Comparison, DifferentRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.pipeline.model_bytes import Readable
    from keramos.types.artifact import Content
    from keramos.types.schema import TargetSchema
    from keramos.types.table import Table

    Array = NDArray[np.generic]
    Floats = NDArray[np.float64]
    _Given = str | PathLike[str] | bytes | Readable | Model

_SHOWN = 10


def compare(first: _Given, second: _Given, table: object) -> Comparison:
    """Judge two models by the same rows, by metrics and row by row.

    Args:
        first: a model that keramos completed, as ``load`` takes it or loaded.
        second: another one with the same target and classes; its columns may be others.
        table: rows with the columns of both and the target.

    Raises:
        UsageError: the models have different targets, or one is not a model.
        DataError: a column or the target is absent, or no row can be judged by both.
    """
    models = [_loaded(one) for one in (first, second)]
    contents = [model.need_content("be compared") for model in models]
    target = _same_target(*(content.schema.target for content in contents))
    source = as_table(table)
    check_present(list(source.columns), [target.name], source.source)
    judged = _judged(models, contents, target, source)
    first_one, second_one = judged.outputs
    return Comparison(
        rows=len(judged.y),
        left_out=source.rows - len(judged.y),
        metrics=paired_metrics(judged.y, judged.outputs, judged.thresholds, target),
        agreement=_agreement(*judged.answers, target),
        differing=_differing(judged, np.abs(first_one - second_one).max(axis=1), target),
        notes=tuple(_notes(contents, source)),
    )


def _loaded(given: _Given) -> Model:
    if isinstance(given, Model):
        return given
    if isinstance(given, (str, PathLike, bytes)) or hasattr(given, "read"):
        return load(given)
    raise UsageError(
        "models and a table are compared: compare(first, second, table)",
        received=f"a {type(given).__name__} for a model",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """The rows that both models can answer: their ``numbers`` in the table, targets, and for both
    models outputs (n, units), answers (n,) and thresholds.
    """

    numbers: NDArray[np.int64]
    y: Array
    outputs: tuple[Floats, Floats]
    answers: tuple[Array, Array]
    thresholds: tuple[float, float]


def _judged(
    models: list[Model], contents: list[Content], target: TargetSchema, source: Table
) -> _Judged:
    usable = usable_rows(source, replace(contents[0].schema, columns=()))
    fed = [_fed(content, usable.raw) for content in contents]
    good = fed[0][1] & fed[1][1]
    if not good.any():
        raise DataError("no row can be judged by both models", file=source.source)
    rows = take(usable.typed, np.flatnonzero(good))
    found = []
    for model, content, (arrays, _) in zip(models, contents, fed, strict=True):
        output = model.run({name: array[good] for name, array in arrays.items()})[0]
        scores = output.reshape(rows.rows, -1).astype("float64")
        ordered = _in_order(np.asarray(scores, np.float64), content.schema.target, target)
        chosen = choose(ordered, replace(content.rule, labels=target.classes))
        answers = ordered[:, 0] if chosen is None else chosen
        found.append((ordered, np.asarray(answers), content.rule.threshold))
    outputs, answers_of, thresholds = zip(*found, strict=True)
    y = encode_target(rows.columns[target.name], target).reshape(-1)
    return _Judged(usable.numbers[good], y, outputs, answers_of, thresholds)


def _same_target(first: TargetSchema, second: TargetSchema) -> TargetSchema:
    same = (first.name, first.task) == (second.name, second.task)
    if not same or set(first.classes) != set(second.classes):
        raise UsageError(
            "the models have different targets",
            received=f"'{first.name}' ({first.task}) and '{second.name}' ({second.task})",
        )
    return first


def _fed(content: Content, raw: Table) -> tuple[dict[str, Array], NDArray[np.bool_]]:
    """The model inputs of all rows, and which rows it can answer."""
    typed, bad, _ = conform(raw, content.schema, need_target=False)
    fed = feeds(typed, content.preparation)
    good = np.ones(raw.rows, bool)
    good[[problem.row - 1 for problem in (*bad, *fed.problems)]] = False
    return fed.feeds, good


def _in_order(output: Floats, own: TargetSchema, wanted: TargetSchema) -> Floats:
    """Scores in the order of the wanted classes; of two classes, of the wanted positive one."""
    if own.classes == wanted.classes:
        return output
    if own.task == "binary":
        return np.asarray(1 - output)
    return output[:, [own.classes.index(label) for label in wanted.classes]]


def _agreement(first: Array, second: Array, target: TargetSchema) -> float:
    if target.classes:
        return float((first == second).mean())
    if not (np.ptp(first.astype(float)) and np.ptp(second.astype(float))):
        return float((first == second).all())
    return float(np.corrcoef(first.astype(float), second.astype(float))[0, 1])


def _differing(judged: _Judged, gaps: Floats, target: TargetSchema) -> tuple[DifferentRow, ...]:
    """The rows with the largest difference of scores, among classes those with two labels."""
    first, second = judged.answers
    if target.classes:
        gaps = np.where(first == second, 0, gaps)
    order = [row for row in np.argsort(-gaps, kind="stable")[:_SHOWN] if gaps[row] > 0]

    def text(value: np.generic) -> str:
        return str(target.classes[int(value)]) if target.classes else f"{float(value):.6g}"

    return tuple(
        DifferentRow(
            int(judged.numbers[row]), text(judged.y[row]), text(first[row]), text(second[row])
        )
        for row in order
    )


def _notes(contents: list[Content], source: Table) -> list[str]:
    """Sentences on rows that a model learned from."""
    path = Path(source.source)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return [
        f"the {name} model was trained on rows of this very table, so its metrics here are too good"
        for name, content in zip(("first", "second"), contents, strict=True)
        if digest and content.provenance and content.provenance.data_digest == digest
    ]
