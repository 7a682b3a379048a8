"""A table -> typed rows, their split, and the rows that a network sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.emit import compile_network
from keramos.data.conform import row_error
from keramos.data.split import split
from keramos.data.target import encode_target, take
from keramos.data.usable_rows import usable_rows
from keramos.prepare.feeds import feeds
from keramos.prepare.fit import fit
from keramos.prepare.front import front
from keramos.runtime.session import Session
from keramos.training.recipes import recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.data.usable_rows import UsableRows
    from keramos.prepare.front import FrontOutput
    from keramos.types.network import Network
    from keramos.types.prediction import Feeds
    from keramos.types.schema import Preparation, Scaling, Schema, Split
    from keramos.types.table import Table
    from keramos.types.training import TrainingPlan

    Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedRows:
    """Everything that is known before training: typed rows, their split, what preparation learned,
    model inputs.
    """

    typed: Table
    raw: Table
    schema: Schema
    preparation: Preparation
    parts: Split
    fed: Feeds
    forms: dict[FrontOutput, NDArray[np.float32]]
    y: Array
    notes: tuple[str, ...]

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The prepared rows, shape (rows, features)."""
        return self.forms["prepared"]

    def inputs_of(self, body: Network) -> tuple[FrontOutput, ...]:
        """What each input of a trained network takes: the form of its name, else prepared rows."""
        by_name: dict[str, FrontOutput] = {form: form for form in self.forms}
        return tuple(by_name.get(ref.layer, "prepared") for ref in body.inputs)


def prepared_rows(
    source: Table, schema: Schema, plan: TrainingPlan, scaling: Scaling | None
) -> PreparedRows:
    """Split the rows, and prepare all of them by what the training rows teach.

    Raises:
        DataError: a cell cannot be read, or a column cannot be learned from.
    """
    chosen = recipe(plan.recipe)
    usable = usable_rows(source, schema)
    raw, typed = usable.raw, usable.typed
    y = encode_target(typed.columns[schema.target.name], schema.target)
    parts = split(raw.rows, y.reshape(-1) if schema.target.classes else None, seed=plan.seed)
    preparation = fit(
        take(typed, parts.training), schema, y[parts.training], scaling=scaling or chosen.scaling
    )
    parts, odd = _usable(usable, preparation, parts)
    fed = feeds(typed, preparation).feeds
    forms = _forms(preparation, fed, ("prepared", "raw") if chosen.candidates else ("prepared",))
    notes = tuple(text for text in (*usable.notes, *parts.notes, odd) if text)
    return PreparedRows(typed, raw, schema, preparation, parts, fed, forms, y, notes)


def _forms(
    preparation: Preparation, fed: Feeds, names: tuple[FrontOutput, ...]
) -> dict[FrontOutput, NDArray[np.float32]]:
    arrays = Session(compile_network(front(preparation, names))).run(fed)
    found = (array.astype("float32", copy=False) for array in arrays)
    return dict(zip(names, found, strict=True))


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
