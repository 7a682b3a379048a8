"""A table -> typed rows, their split, and the rows that a network sees."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import row_error
from keramos.data.row_weights import of_mean_one, row_weights
from keramos.data.split_keys import split_keys
from keramos.data.target import encode_target, take
from keramos.data.usable_rows import usable_rows
from keramos.frozen import Frozen
from keramos.pipeline.answering import answering
from keramos.prepare.feeds import feeds
from keramos.prepare.fit import fit, is_learnable
from keramos.prepare.front import front
from keramos.prepare.level_codes import out_of_fold_numbers
from keramos.training.recipes import recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.data.split_keys import SplitKeys
    from keramos.data.usable_rows import UsableRows
    from keramos.errors import Problem
    from keramos.prepare.front import FrontOutput
    from keramos.types.network import Network
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnSchema, Preparation, Scaling, Schema, Split
    from keramos.types.table import Table
    from keramos.types.training import TrainingPlan

    Array = NDArray[np.generic]
    Index = NDArray[np.int64]


class PreparedRows(Frozen, frozen=True, eq=False):
    """Everything that is known before training: typed rows, their split, what preparation learned,
    model inputs.

    ``learning`` are the training rows that preparation and the network learn from; ``validating``
    those set aside from them to stop early, tune a threshold or measure errors, None where nothing
    needs them. ``keys`` say how learning rows are split further,
    ``all_keys`` how all rows are; ``weights`` (rows,) how much each
    row counts, None where all count the same; ``weight_column`` says which column has them.
    """

    typed: Table
    raw: Table
    schema: Schema
    preparation: Preparation
    parts: Split
    learning: Index
    validating: Index | None
    keys: SplitKeys
    all_keys: SplitKeys
    fed: Feeds
    forms: dict[FrontOutput, NDArray[np.float32]]
    y: Array
    notes: tuple[str, ...]
    weights: NDArray[np.float64] | None = None
    weight_column: str = ""

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The prepared rows, shape (rows, features)."""
        return self.forms["prepared"]

    def inputs_of(self, body: Network) -> tuple[FrontOutput, ...]:
        """What each input of a trained network takes: the form of its name, else prepared rows."""
        by_name: dict[str, FrontOutput] = {form: form for form in self.forms}
        return tuple(by_name.get(ref.layer, "prepared") for ref in body.inputs)

    def weights_of(self, index: Index) -> NDArray[np.float64] | None:
        """How much some rows count, with the mean 1."""
        return None if self.weights is None else of_mean_one(self.weights[index])


class RowColumns(Frozen, frozen=True):
    """Columns that say something about rows and are not learned from, as in ``train``: groups that
    stay together, times, and weights.
    """

    split_by: str | None = None
    time_column: str | None = None
    weight_column: str | None = None

    def reasons(self) -> dict[str, str]:
        """Why each column that is not learned from is dropped."""
        found = {
            self.split_by: "says which rows stay together",
            self.weight_column: "says how much each row counts",
        }
        return {name: reason for name, reason in found.items() if name}

    def explained(self, schema: Schema) -> Schema:
        """The schema with these reasons."""
        reasons = self.reasons()
        dropped = (replace(one, reason=reasons.get(one.name, one.reason)) for one in schema.dropped)
        return replace(schema, dropped=tuple(dropped))


_NO_COLUMNS = RowColumns()


def prepared_rows(
    source: Table,
    schema: Schema,
    plan: TrainingPlan,
    scaling: Scaling | None,
    *,
    validate: bool,
    columns: RowColumns = _NO_COLUMNS,
    parts: Split | None = None,
    known: Preparation | None = None,
) -> PreparedRows:
    """Split the rows, unless ``parts`` are given, and prepare all of them by what the learning
    rows teach, or by what is ``known``; ``validate`` sets validation rows aside.

    Raises:
        DataError: a cell cannot be read, or a column cannot be learned from.
    """
    chosen = recipe(plan.recipe)
    usable = usable_rows(source, schema)
    raw, typed = usable.raw, usable.typed
    y = encode_target(typed.columns[schema.target.name], schema.target)
    keys = split_keys(raw, typed, columns.split_by, columns.time_column)
    weights = row_weights(usable, columns.weight_column)
    classes = y.reshape(-1) if schema.target.classes else None
    parts = parts or _split(keys, np.arange(raw.rows), classes, plan)
    inner = _split(keys, parts.training, classes, plan) if validate else None
    learning = parts.training if inner is None else inner.training
    learned = take(typed, learning)
    preparation = fit(learned, schema, y[learning], scaling=scaling or chosen.scaling)
    preparation = preparation if known is None else _known(known, preparation)
    fed = feeds(typed, preparation)
    lacking = _lacking(usable, learning, fed.problems)
    held_out, lost = _without("held-out", parts.held_out, lacking)
    validating, lost_too = None if inner is None else inner.held_out, ""
    if validating is not None:
        validating, lost_too = _without("validation", validating, lacking)
    notes = (*usable.notes, *parts.notes, *_rare(preparation), lost, lost_too)
    kinds: tuple[FrontOutput, ...] = ("prepared", "raw") if chosen.candidates else ("prepared",)
    forms = _forms(preparation, fed.feeds, kinds)
    _teach(forms, learning, out_of_fold_numbers(learned, preparation, y[learning], schema.target))
    return PreparedRows(
        typed,
        raw,
        schema,
        preparation,
        replace(parts, held_out=held_out),
        learning,
        validating,
        keys.taken(learning),
        keys,
        fed.feeds,
        forms,
        y,
        tuple(text for text in notes if text),
        weights,
        columns.weight_column or "",
    )


def _known(known: Preparation, found: Preparation) -> Preparation:
    """What is known, with the rows of each class that are learned from now."""
    counts = found.target.counts
    return replace(known, target=replace(known.target, counts=counts)) if counts else known


def _rare(preparation: Preparation) -> list[str]:
    """Sentences on categories whose levels have numbers, or whose rare levels share one cell."""
    many = [
        f"column '{column.column}': each of its {len(column.categories)} levels is the mean target "
        "of its rows, learned from other rows than the row's own, because a cell for each would "
        f"teach little and cost much; --drop '{column.column}' leaves it out"
        for column in preparation.inputs
        if column.statistics
    ]
    return many + [
        f"column '{column.column}': the {len(column.categories)} most frequent levels have a cell "
        f"each; {column.histogram.counts[-1]} training rows with rarer levels share one, because "
        f"a cell for each would teach little and cost much; --drop '{column.column}' leaves it out"
        for column in preparation.inputs
        if column.categories and column.histogram.counts[-1] and not column.statistics
    ]


def _split(keys: SplitKeys, rows: Index, classes: Array | None, plan: TrainingPlan) -> Split:
    """Some of ``rows`` held out, as positions in the table."""
    found = keys.split(rows, None if classes is None else classes[rows], plan.seed)
    return replace(found, training=rows[found.training], held_out=rows[found.held_out])


def fold_forms(
    rows: PreparedRows, learning: Index, aside: Index
) -> tuple[Preparation, Index, dict[FrontOutput, NDArray[np.float32]]]:
    """Preparation by what ``learning`` rows alone teach, the rows ``aside`` that it can prepare,
    and the forms of the learning rows and of these, one after the other.

    A column without any value in the learning rows is left out.
    """
    typed = take(rows.typed, learning)
    schema = replace(rows.schema, columns=_learnable(typed, rows.schema))
    found = fit(typed, schema, rows.y[learning], scaling=rows.preparation.scaling)
    problems = feeds(take(rows.typed, aside), found).problems
    kept = np.delete(aside, sorted({problem.row - 1 for problem in problems}))
    every = take(rows.typed, np.concatenate([learning, kept]))
    forms = _forms(found, feeds(every, found).feeds, tuple(rows.forms))
    numbers = out_of_fold_numbers(typed, found, rows.y[learning], schema.target)
    _teach(forms, np.arange(len(learning)), numbers)
    return found, kept, forms


def _teach(
    forms: dict[FrontOutput, NDArray[np.float32]], index: Index, numbers: NDArray[np.float32]
) -> None:
    """Put numbers of levels, learned out of fold, where learning rows have those of all rows."""
    width = numbers.shape[1]
    if not width:
        return
    for name in tuple(forms):
        forms[name] = forms[name].copy()  # a session may own the array
        forms[name][index, :width] = numbers


def _learnable(typed: Table, schema: Schema) -> tuple[ColumnSchema, ...]:
    return tuple(
        column for column in schema.columns if is_learnable(typed.columns[column.name], column.kind)
    )


def _forms(
    preparation: Preparation, fed: Feeds, names: tuple[FrontOutput, ...]
) -> dict[FrontOutput, NDArray[np.float32]]:
    arrays = answering(front(preparation, names))(fed)
    found = (array.astype("float32", copy=False) for array in arrays)
    return dict(zip(names, found, strict=True))


def _lacking(rows: UsableRows, learning: Index, problems: Sequence[Problem]) -> Index:
    """Rows with a cell that the model's inputs cannot hold; a learning row with one is an error."""
    taught = set(learning.tolist())
    if found := [problem for problem in problems if problem.row - 1 in taught]:
        raise row_error(rows.numbered(found), rows.typed.source)
    return np.array(sorted({problem.row - 1 for problem in problems}), np.int64)


def _without(name: str, rows: Index, lacking: Index) -> tuple[Index, str]:
    """The rows that do not lack a value, and a sentence about the others."""
    gone = np.isin(rows, lacking)
    if not gone.any():
        return rows, ""
    count = int(gone.sum())
    return rows[~gone], (
        f"{count} {name} row(s) lack a value that every training row has; not used"
    )
