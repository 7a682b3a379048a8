"""What a caller wants to be measured of a trained model, beside its metrics."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.evaluate.metrics import metrics
from keramos.evaluate.permutation import importance, with_cells
from keramos.frozen import Frozen
from keramos.pipeline.judgement import judgements, number_loss
from keramos.pipeline.training_records import pick
from keramos.types.evaluation import GroupQuality, Importance
from keramos.types.schema import MATRIX_INPUT, MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from keramos.pipeline.judgement import Judged
    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.types.evaluation import ColumnImportance
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, TargetSchema
    from keramos.types.training import DecisionRule, TrainingPlan

    Array = NDArray[np.generic]
    Index = NDArray[np.int64]
    Places = list[tuple[str, int]]

_MOST_ROWS, _DEPENDENCE_ROWS = 1000, 200
_SHOWN_COLUMNS, _POINTS = 6, 8
_MOST_GROUPS, _MOST_DISTINCT = 20, 20
_QUARTERS = (0.25, 0.5, 0.75)


class Measures(Frozen, frozen=True):
    """What is to be measured: ``calibrate`` the probabilities, ``importance`` of columns, quality
    ``by`` groups of columns, and in ``folds``, ``repeats`` times.
    """

    calibrate: bool = False
    importance: bool = False
    by: tuple[str, ...] = ()
    folds: int = 0
    repeats: int = 1

    def check(self, target: TargetSchema) -> None:
        """Refuse what the task cannot have.

        Raises:
            UsageError: probabilities of numbers are to be calibrated, or there are no repeats.
        """
        if self.calibrate and not target.classes:
            raise UsageError(
                "probabilities are calibrated, and the target is numbers",
                option="calibrate",
                remedy="Take --interval 0.9 to know how sure an answer is",
            )
        if self.repeats < 1 or (self.repeats > 1 and not self.folds):
            raise UsageError(
                "repeats must be 1 or more, of folds", option="repeats", received=str(self.repeats)
            )


class Subject(Frozen, frozen=True, eq=False):
    """A trained model with the rows it was made from: ``run`` gives its output for inputs."""

    rows: PreparedRows
    plan: TrainingPlan
    rule: DecisionRule
    run: Callable[[Feeds], Array]


def column_importance(subject: Subject) -> Importance:
    """Permutation importance on validation rows, where some were set aside, else on held-out
    rows; with the partial dependence of the first columns.
    """
    rows = subject.rows
    index, of = rows.parts.held_out, "held-out"
    if rows.validating is not None:
        index, of = rows.validating, "validation"
    index = _evenly(index, _MOST_ROWS)
    fed = pick(rows.fed, index)
    name, measure = _measure(subject, index)
    columns = _places(rows)
    base, found = importance(fed, columns, measure)
    few = pick(rows.fed, _evenly(index, _DEPENDENCE_ROWS))
    shown = (_dependence(one, subject, few, columns[one.column]) for one in found[:_SHOWN_COLUMNS])
    return Importance(name, base, len(index), of, (*shown, *found[_SHOWN_COLUMNS:]))


def _evenly(index: Index, most: int) -> Index:
    if len(index) <= most:
        return index
    return index[np.linspace(0, len(index) - 1, most).astype(np.int64)]


def _measure(subject: Subject, index: Index) -> tuple[str, Callable[[Feeds], float]]:
    """The metric that is nearest to the loss, as a number that rises as answers become worse."""
    rows, target = subject.rows, subject.rows.schema.target
    y, weights, loss = rows.y[index], rows.weights_of(index), number_loss(rows, subject.plan)
    place = -1 if target.classes else 0  # the log-loss, or the metric of the loss

    def judged(feeds: Feeds) -> tuple[str, float]:
        found = metrics(
            y, subject.run(feeds), target, rows.preparation.target, 0.5, weights=weights, loss=loss
        )
        return found[place].name, found[place].value

    return judged(pick(rows.fed, index))[0], lambda feeds: judged(feeds)[1]


def _places(rows: PreparedRows) -> dict[str, Places]:
    """The model inputs of each column, with the position in each."""
    found: dict[str, Places] = {}
    for at, one in enumerate(rows.preparation.inputs):
        place = (MATRIX_INPUT, at) if rows.preparation.matrix else (one.input, 0)
        found.setdefault(one.column, []).append(place)
    return found


def _dependence(
    one: ColumnImportance, subject: Subject, feeds: Feeds, places: Places
) -> ColumnImportance:
    """The mean answer over a column's values; of columns with one input, and of one output."""
    if len(places) > 1 or subject.rows.schema.target.task == "multiclass":
        return one
    (name, place), inputs = places[0], subject.rows.preparation.inputs
    column = next(item for item in inputs if item.column == one.column)
    points = _points(column, feeds[name][:, place])
    answers = []
    for at in points:
        same = np.full(len(feeds[name]), at)
        answers.append(float(subject.run(with_cells(feeds, places, same))[:, 0].mean()))
    shown = tuple(_word(feeds[name][at, place]) for at in points)
    return replace(one, points=shown, answers=tuple(answers))


def _points(column: ColumnPreparation, cells: Array) -> list[int]:
    """Rows whose cells are quantiles of a number, or the most frequent levels of a category."""
    if column.part:
        return []
    if column.categories:
        listed = cells.tolist()
        return [listed.index(one) for one in column.categories[:_POINTS] if one in listed]
    order = np.argsort(cells, kind="stable")
    order = order[cells[order] != np.float32(MISSING_NUMBER)]
    if not len(order):
        return []
    chosen = order[np.linspace(0, len(order) - 1, _POINTS).astype(int)]
    _, first = np.unique(cells[chosen], return_index=True)
    return [int(row) for row in chosen[first]]


def _word(cell: object) -> str:
    return f"{cell:.6g}" if isinstance(cell, np.floating) else str(cell)


def group_quality(
    subject: Subject, column: str, judged: Callable[[Index], Judged]
) -> Iterator[GroupQuality]:
    """Metrics of the held-out rows of each group, the largest first; the smallest ones share one.

    Raises:
        UsageError: the table has no such column.
    """
    rows = subject.rows
    if column not in rows.raw.columns:
        raise UsageError("the table has no such column", option="by", received=repr(column))
    for name, places in _groups(rows, column).items():
        answers = judged(places)
        found = judgements(rows, subject.plan, subject.rule, answers)
        lone = bool(rows.schema.target.classes) and len(np.unique(answers.y)) == 1
        kept = tuple(one for one in found if not (lone and one.name == "auc"))
        yield GroupQuality(column, name, len(places), kept)


def _groups(rows: PreparedRows, column: str) -> Mapping[str, Index]:
    names = np.array(_names(rows, column), object)
    different, counts = np.unique(names, return_counts=True)
    ordered = different[np.argsort(-counts, kind="stable")]
    found = {str(name): rows.parts.held_out[names == name] for name in ordered[:_MOST_GROUPS]}
    if len(others := ordered[_MOST_GROUPS:]):
        found[f"{len(others)} others"] = rows.parts.held_out[np.isin(names, others)]
    return found


def _names(rows: PreparedRows, column: str) -> list[str]:
    """The group of each held-out row: the cell, or a quarter of numbers that differ much."""
    raw, held_out = rows.raw.columns[column], rows.parts.held_out
    typed = rows.typed.columns.get(column, raw)
    values, gone = typed.values[held_out], typed.missing[held_out]
    if values.dtype.kind in "if" and len(np.unique(values[~gone])) > _MOST_DISTINCT:
        edges = np.quantile(values[~gone].astype(float), _QUARTERS)
        words = [
            f"below {edges[0]:.6g}",
            *(f"{low:.6g} to {high:.6g}" for low, high in itertools.pairwise(edges)),
            f"{edges[-1]:.6g} and more",
        ]
        cells = [words[place] for place in np.searchsorted(edges, values, side="right")]
    else:
        cells = [str(cell) for cell in raw.values[held_out]]
        gone = raw.missing[held_out]
    return ["(missing)" if lost else cell for cell, lost in zip(cells, gone, strict=True)]
