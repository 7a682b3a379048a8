"""Arrow batches through a plain Keras file: columns of numbers in the order of its inputs, answers
as columns.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keramos.data.conform import check_present
from keramos.errors import UsageError, quoted
from keramos.inference.scored import (
    Rejects,
    Scored,
    finite_rows,
    good_rows,
    joined,
    kept_columns,
    not_finite,
    rejected,
    rule_rejects,
)
from keramos.tabular.arrow import cells
from keramos.tabular.number import plain_numbers
from keramos.types.schema import ColumnSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.runtime.session import Session
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds

_MISSING = "a missing value, which a plain Keras file has no rule for"
_ROWS_AT_ONCE = 1 << 13


class PlainScorer:
    """Decides batches with a file that knows no columns. Safe to share between threads once
    ``schema`` was asked.
    """

    histograms = None
    """Such a file has none."""

    def __init__(
        self,
        session: Session,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        keep: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        self._session, self._inputs, self._outputs = session, tuple(inputs), tuple(outputs)
        self._keep, self._columns = tuple(keep), tuple(columns)
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

    def schema(self, given: pa.Schema, source: str = "the table") -> pa.Schema:
        """The columns of ``decided`` for batches with the columns ``given``; inputs that nobody
        named are found.

        Raises:
            DataError: a column is absent.
            UsageError: it is not clear which columns the inputs are.
        """
        if not self._columns:
            self._columns = self._found(given, source)
        check_present(given.names, list(self.needs), source)
        kept = kept_columns(pa.RecordBatch.from_pylist([], given), self._keep).schema
        kinds = [spec.dtype for spec in self._outputs for _ in range(_size(spec, "output"))]
        answers = [
            pa.field(name, pa.from_numpy_dtype(np.dtype(kind)))
            for name, kind in zip(self._answers, kinds, strict=True)
        ]
        return pa.schema([*kept, *answers])

    def _found(self, given: pa.Schema, source: str) -> tuple[str, ...]:
        """The table's columns in their order, if there are exactly as many of numbers as the only
        input has.
        """
        free = [field for field in given if field.name not in self._keep]
        texts = all(
            pa.types.is_string(field.type) for field in free
        )  # as in CSV, where everything is text at first
        numbers = [field.name for field in free if texts or _is_number(field.type)]
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

    def score(self, batch: pa.RecordBatch, source: str = "the table") -> Scored:
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
        kept = kept_columns(batch, self._keep).take(pa.array(places))
        fields = self.schema(batch.schema, source)
        answers = [
            pa.array(output[:, place]).cast(fields.field(name).type)
            for place, name in enumerate(self._answers)
        ]
        bad = batch.num_rows - len(places)
        return Scored(
            batch.num_rows, joined(kept, self._answers, answers), rejected(rejects), bad, ()
        )

    def _numbers(self, array: pa.Array, place: int, rejects: list[Rejects]) -> NDArray[np.float64]:
        """The numbers of a column, shape (rows,); cells that are none join the rejects and are
        0.
        """
        name, kind = self._columns[place], self._kinds[place]
        plain = plain_numbers(array)
        if plain is not None:
            values = plain.astype(float)
        else:
            found = cells(array, ColumnSchema(name, "number", ""))
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
            rejects += _refused(
                np.flatnonzero(~fits),
                name,
                f"not a number that the input's type {kind} holds",
                array,
            )
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
    rows: NDArray[np.int64], name: str, rule: str, array: pa.Array | None = None
) -> list[Rejects]:
    if not len(rows):
        return []
    shown = (
        [""] * len(rows)
        if array is None
        else [str(cell) for cell in array.take(pa.array(rows)).to_pylist()]
    )
    return [Rejects(rows, name, rule, np.array(shown, object))]


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


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
