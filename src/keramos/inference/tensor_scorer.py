"""Batches through a plain Keras file: columns of numbers in the order of its inputs, answers
as columns.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.conform import check_present
from keramos.errors import UsageError, quoted
from keramos.inference.scored import (
    Rejects,
    Scored,
    finite_rows,
    good_rows,
    not_finite,
    rejected,
    rule_rejects,
)
from keramos.types.schema import ColumnSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.inference.scored import Array, Batch, Batches, Schema
    from keramos.runtime.session import Session
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds

_MISSING = "a missing value, which a plain Keras file has no rule for"
_ROWS_AT_ONCE = 1 << 13


class PlainScorer:
    """Decides batches with a file that knows no columns. Safe to share between threads once
    ``schema`` was asked.
    """

    in_order = False

    histograms = None
    """Such a file has none."""

    def __init__(
        self,
        session: Session,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        batches: Batches,
        keep: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        self._session, self._inputs, self._outputs = session, tuple(inputs), tuple(outputs)
        self._batches, self._keep, self._columns = batches, tuple(keep), tuple(columns)
        self._sizes = [_size(spec, "input") for spec in inputs]
        self._kinds = [
            np.dtype(s.dtype)
            for s, n in zip(inputs, self._sizes, strict=True)
            if s.dtype != "str"
            for _ in range(n)
        ]
        self._answers = [name for spec in outputs for name in _names(spec, alone=len(outputs) == 1)]
        odd = next((spec for spec in inputs if spec.dtype == "str"), None)
        if odd is not None:
            raise UsageError(
                f"input {quoted(odd.name)} takes text, and tables of numbers alone can be scored",
                remedy="Use predict() for other inputs",
            )
        if columns and len(columns) != sum(self._sizes):
            raise UsageError(
                f"the model takes {sum(self._sizes)} numbers a row",
                option="columns",
                received=f"{len(columns)} columns",
                remedy="Name one column for each number",
            )
        clash = sorted(set(self._keep) & set(self._answers))
        if clash:
            raise UsageError(
                "the column cannot be kept: the answers have a column of that name",
                column=clash[0],
                remedy="Rename it",
            )

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that a batch must have."""
        return tuple(dict.fromkeys([*self._columns, *self._keep]))

    def schema(self, given: Schema, source: str = "the table") -> Schema:
        """The columns of ``decided`` for batches with the columns ``given``. Columns of inputs are
        found where ``columns`` does not name them.

        Raises:
            DataError: a column is absent.
            UsageError: it is not clear which columns the inputs are.
        """
        if not self._columns:
            self._columns = self._found(given, source)
        check_present(given.names, list(self.needs), source)
        empty = self._batches.empty(given)
        return self._batches.decided(
            empty, self._keep, None, self._answered(self._run([], 0))
        ).schema

    def _found(self, given: Schema, source: str) -> tuple[str, ...]:
        """The table's columns in their order, if there are exactly as many of numbers as the only
        input has.
        """
        free = [name for name in given.names if name not in self._keep]
        numbers = self._batches.of_numbers(given, free)
        if len(self._inputs) > 1 or len(numbers) != self._sizes[0]:
            wanted = " + ".join(
                f"{size} ('{i.name}')" for size, i in zip(self._sizes, self._inputs, strict=True)
            )
            raise UsageError(
                f"the plain Keras file takes {wanted} numbers a row and names no columns",
                file=source,
                received=f"{len(numbers)} columns of numbers besides those that are kept",
                remedy="Name the inputs' columns in order with --columns a,b,c",
            )
        return tuple(numbers)

    def score(self, batch: Batch, source: str = "the table") -> Scored:
        """Decide the rows of a batch; ``source`` names it in messages.

        Raises:
            DataError: a column is absent, or does not hold single values.
        """
        self.schema(batch.schema, source)
        rejects: list[Rejects] = []
        columns = [
            self._numbers(batch.column(name), at, rejects) for at, name in enumerate(self._columns)
        ]
        good = good_rows(rejects, batch.num_rows)
        places = np.arange(batch.num_rows) if good is None else np.flatnonzero(good)
        output = self._run(
            columns if good is None else [column[good] for column in columns], len(places)
        )
        finite = finite_rows(output)
        if finite is not None:
            rejects.append(not_finite(output[~finite], places[~finite]))
            output, places = output[finite], places[finite]
        decided = self._batches.decided(batch, self._keep, places, self._answered(output))
        bad = batch.num_rows - len(places)
        return Scored(batch.num_rows, decided, rejected(rejects), bad, ())

    def _answered(self, output: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """The columns of the answers, each in the type of its output."""
        kinds = [spec.dtype for spec in self._outputs for _ in range(_size(spec, "output"))]
        return {
            name: output[:, place].astype(kind)
            for place, (name, kind) in enumerate(zip(self._answers, kinds, strict=True))
        }

    def _numbers(self, array: Array, place: int, rejects: list[Rejects]) -> NDArray[np.float64]:
        """The numbers of a column, shape (rows,). Cells that are not numbers join the rejects and
        are 0 here.
        """
        name, kind = self._columns[place], self._kinds[place]
        plain = self._batches.numbers(array)
        if plain is not None:
            values = plain.astype(float)
        else:
            found = self._batches.cells(array, ColumnSchema(name, "number", ""))
            judged = rule_rejects(found.problems, found.codes)
            told = np.concatenate([np.empty(0, "int64"), *(reject.rows for reject in judged)])
            missing = np.setdiff1d(np.flatnonzero(found.distinct.missing[found.codes]), told)
            rejects += [*judged, *_refused(missing, name, _MISSING)]
            values = found.distinct.values[found.codes].astype(float)
            values[np.concatenate([told, missing])] = 0
        limits = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
        fits = (
            (values >= limits.min)
            & (values <= limits.max)
            & ((kind.kind == "f") | (np.floor(values) == values))
        )
        if not fits.all():
            outside = np.flatnonzero(~fits)
            shown = self._batches.shown(array, outside)
            rule = f"not a number that the input's type {kind} holds"
            rejects += _refused(outside, name, rule, shown)
            values = np.where(fits, values, 0)
        return values

    def _run(self, columns: list[NDArray[np.float64]], rows: int) -> NDArray[np.generic]:
        """All outputs side by side, shape (rows, answers)."""
        parts = [
            self._some(columns, slice(at, at + _ROWS_AT_ONCE))
            for at in range(0, rows, _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self._answers)), "float32")

    def _some(self, columns: list[NDArray[np.float64]], part: slice) -> NDArray[np.generic]:
        fed: Feeds = {}
        at = 0
        for spec, size in zip(self._inputs, self._sizes, strict=True):
            block = np.stack([column[part] for column in columns[at : at + size]], 1).astype(
                spec.dtype
            )
            fed[spec.name] = block.reshape(len(block), *(extent or 1 for extent in spec.shape[1:]))
            at += size
        return np.concatenate(
            [output.reshape(len(output), -1) for output in self._session.run(fed)], 1
        )


def _refused(
    rows: NDArray[np.int64], name: str, rule: str, shown: list[str] | None = None
) -> list[Rejects]:
    if not len(rows):
        return []
    return [Rejects(rows, name, rule, np.array(shown or [""] * len(rows), object))]


def _size(spec: TensorSpec, what: str) -> int:
    """Numbers of one row.

    Raises:
        UsageError: a size is free, so that columns cannot be counted.
    """
    free = [extent for extent in spec.shape[1:] if extent is None]
    if free:
        raise UsageError(
            f"{what} {quoted(spec.name)} has no fixed number of values a row, as a table needs",
            received=f"shape {spec.shape}",
        )
    return prod(extent or 1 for extent in spec.shape[1:])


def _names(spec: TensorSpec, *, alone: bool) -> list[str]:
    size, base = _size(spec, "output"), "score" if alone else spec.name
    return [base] if size == 1 else [f"{base}_{place}" for place in range(size)]
