"""What every kind of column has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keramos.errors import Problem
from keramos.frozen import Frozen
from keramos.tabular.cell import (
    NOT_ONE_VALUE,
    NULL_TEXT,
    Refused,
    Unreadable,
    distinct,
    plain,
    show,
)
from keramos.tabular.notation import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

    from keramos.types.schema import ColumnKind, ColumnPreparation, Notation
    from keramos.types.table import Column

Json = dict[str, object]

EXACT_INTEGER = 2**53
"""Integers up to here are exact as float64."""

NUMBER_NULLS = frozenset(
    {"?", "-", "\u2212", "\u2013", "\u2014", ".", "None", "none", "unknown", "missing", "<NA>"}
    | {"#N/A", "#NA", "#N/A N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"}
)
"""Text that means missing in a column of numbers or dates, beside ``NULL_TEXT``: marks, and the
errors of spreadsheets.
"""

BYTES = "bytes; decode them to text first"
ODD_CELL = "a {name}, which is not a number, text, boolean or date"


_REASONS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "a boolean, and the column has {noun}"),
    ((str, int, float, Decimal), "{refusal}"),
    ((np.datetime64,), "a date, and the column has {noun}"),
    ((bytes, bytearray, memoryview), BYTES),
    ((list, tuple, dict, set, frozenset, np.ndarray), NOT_ONE_VALUE),
    ((timedelta, np.timedelta64), ODD_CELL.format(name="duration")),
    ((complex, np.complexfloating), ODD_CELL.format(name="complex number")),
    ((object,), ODD_CELL),
)
"""Classes of plain cells -> why a kind refuses them; the first that fits counts."""


class Parsed(Frozen, frozen=True, eq=False):
    """A column in its kind's dtype.

    ``refusals`` has shape (rows,): 0 where the cell is read or missing, else one more than the
    position of the reason in ``reasons``; the value of a refused cell means nothing.
    """

    values: NDArray[np.generic]
    missing: NDArray[np.bool_]
    refusals: NDArray[np.int16]
    reasons: tuple[str, ...] = ()

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which cells are refused."""
        return self.refusals > 0


class Encoded(Frozen, frozen=True, eq=False):
    """A model input of shape (rows, 1), which of its cells the input cannot hold, and why."""

    values: NDArray[np.generic]
    outside: NDArray[np.bool_] | None = None
    reason: str = ""


class NotPlainError(Exception):
    """A cell needs the general path."""


class Kind(ABC):
    """One kind of column. ``read`` is the rule for a cell; everything about columns follows it."""

    name: ClassVar[ColumnKind]
    noun: ClassVar[str]
    """What the cells are, for messages: numbers, text, dates."""
    refusal: str
    """Reason for text and numbers that the kind cannot read."""
    dtype: ClassVar[str]
    """Of the values of a parsed column."""
    filler: ClassVar[object]
    """Stands for a missing or refused cell in a parsed column."""
    input_dtype: ClassVar[str]
    """Of the model input, as Keras names it."""
    array_dtype: ClassVar[type]
    """Of the model input, as numpy names it."""
    null_code: ClassVar[float | int | str | bytes]
    """What the model input has for a missing cell."""
    tensor_dtype: ClassVar[str]
    """numpy name (``str`` for text) under which protocols of tensors offer the column."""
    null_texts: frozenset[str] = NULL_TEXT
    is_category: ClassVar[bool] = False
    """Whether the model input is a word of a vocabulary, not a number."""
    word: ClassVar[type | None] = None
    """Python class of a category."""
    in_matrix: ClassVar[bool] = False
    """Whether such columns alone travel in one matrix."""
    takes_lists: ClassVar[bool] = False
    """Whether a cell may be a list."""
    takes_bytes: ClassVar[bool] = False
    """Whether a cell may be bytes that are no text."""
    keeps_blanks: bool = False
    """Whether blanks around text belong to its value."""

    def __init__(self, notation: Notation = PLAIN) -> None:
        """A kind whose text is written in ``notation``."""
        self.notation = notation
        if notation.missing:
            self.null_texts = self.null_texts.union(notation.missing)

    def read(self, cell: object) -> object:
        """The value of one cell: None where it is missing, ``Refused`` where it cannot be read."""
        value = plain(cell)
        if type(value) is str and not self.keeps_blanks:
            value = value.strip()
        if value is None or (type(value) is str and value in self.null_texts):
            return None
        return self._value(value)

    def is_bare(self, item: list[object], column: ColumnPreparation) -> bool:
        """Whether a list is a cell of the column, not a row with one."""
        del item, column
        return False

    def tensor_shape(self, column: ColumnPreparation) -> tuple[int, ...]:
        """The shape of a cell where protocols of tensors offer the column; -1 for any size."""
        del column
        return ()

    def golden(self, cells: tuple[object, ...], column: ColumnPreparation) -> tuple[object, ...]:
        """Golden cells, as a file keeps them, as the network takes them."""
        del column
        return cells

    @abstractmethod
    def _value(self, cell: object) -> object:
        """The value of a plain cell that is not missing, or ``Refused``."""

    def _refused(self, cell: object) -> Refused:
        """Why the kind takes no such cell."""
        if isinstance(cell, Unreadable):
            return Refused(cell.reason)
        reason = next(text for classes, text in _REASONS if isinstance(cell, classes))
        return Refused(
            reason.format(name=type(cell).__name__, noun=self.noun, refusal=self.refusal)
        )

    def parse(self, column: Column) -> Parsed:
        """A column of any source in this kind's dtype; each cell by the rule of ``read``."""
        found = self._vector(column.values)
        if found is not None:
            return self._checked(column, *found)
        if column.values.dtype.kind == "O":
            cells = [
                None if gone else cell
                for cell, gone in zip(column.values.tolist(), column.missing, strict=True)
            ]
            kept, codes = distinct(cells)
        else:
            unique, codes = np.unique(column.values, return_inverse=True)
            kept = list(unique.tolist())
        return self._spread(column.missing, [self.read(cell) for cell in kept], codes)

    def _vector(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        """The values of a numpy array at once, and which of them can be read; None where cells must
        be looked at one by one.
        """
        del values
        return None

    def _checked(
        self, column: Column, values: NDArray[np.generic], readable: NDArray[np.bool_]
    ) -> Parsed:
        refused = ~readable & ~column.missing
        values = np.where(readable & ~column.missing, values, self._filler())
        return Parsed(values, column.missing, refused.astype(np.int16), (self.refusal,))

    def _filler(self) -> NDArray[np.generic]:
        return np.array(self.filler, self.dtype)

    def _spread(
        self, missing: NDArray[np.bool_], found: list[object], codes: NDArray[np.intp]
    ) -> Parsed:
        """Values of distinct cells -> values of all rows."""
        reasons: dict[str, int] = {}
        values = np.full(len(found), self._filler())
        gone, refusals = np.zeros(len(found), bool), np.zeros(len(found), np.int16)
        for place, value in enumerate(found):
            if value is None:
                gone[place] = True
            elif type(value) is Refused:
                refusals[place] = reasons.setdefault(value.reason, len(reasons) + 1)
            else:
                values[place] = value
        everywhere = missing | gone[codes]
        refused = np.where(everywhere, np.int16(0), refusals[codes])
        return Parsed(
            np.where(everywhere, self._filler(), values[codes]), everywhere, refused, tuple(reasons)
        )

    def vector(self, array: pa.Array) -> NDArray[np.generic] | None:
        """The model input of an Arrow column at once, shape (rows,), where no cell needs to be
        looked at; else None.
        """
        del array
        return None

    def parts(self, values: NDArray[np.generic], missing: NDArray[np.bool_]) -> tuple[str, ...]:
        """Names of the model inputs that a column gives; one without a name for most kinds."""
        del values, missing
        return ("",)

    def numbers(
        self, values: NDArray[np.generic], missing: NDArray[np.bool_], part: str
    ) -> NDArray[np.float64]:
        """One part of a parsed column as numbers, shape (rows,); those of missing cells mean
        nothing.
        """
        del missing, part
        return values.astype(float)

    @abstractmethod
    def encode(self, column: Column, part: str) -> Encoded:
        """The model input of a parsed column."""

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """A function from the plainest cells to what the model input holds; it raises
        ``NotPlainError`` for others.
        """
        del column
        return _never

    def json_type(self, column: ColumnPreparation) -> object:
        """What msgspec decodes such a cell of JSON as, or None where it needs the general path.

        Where ``column`` has no part, the decoded cell is what the model input holds.
        """
        del column
        return None

    @abstractmethod
    def json_schema(self, column: ColumnPreparation) -> Json:
        """The JSON Schema of one cell, for OpenAPI."""

    @abstractmethod
    def example(self, column: ColumnPreparation) -> object:
        """An ordinary cell."""


def _never(_: object) -> object:
    raise NotPlainError


def problems(name: str, column: Column, parsed: Parsed) -> list[Problem]:
    """A Problem for each refused cell; ``column`` has the cells as they came."""
    return [
        Problem(
            int(row) + 1, name, show(column.values[row]), parsed.reasons[parsed.refusals[row] - 1]
        )
        for row in np.flatnonzero(parsed.refusals)
    ]
