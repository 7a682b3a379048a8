"""Names for columns that have none: a table beside the model may show which they are.

Columns of the table are compared with what transforms remember: categories, means, ranges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.tables.evidence import all_evidence
from keramos.adoption.tables.scaled import fits, is_dummy
from keramos.adoption.tables.slots import Resolved, Slot
from keramos.tabular.fitted.codes import Lookup
from keramos.tabular.fitted.column_transformer import ColumnTransformer
from keramos.tabular.fitted.columns import Affine
from keramos.tabular.fitted.label_encoder import LabelEncoder
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.adoption.tables.evidence import Evidence
    from keramos.adoption.tables.parts import Piece
    from keramos.tabular.fitted.fitted import Fitted

_MOST_COLUMNS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Names for a row, the table that has them, what to confirm, and the slots where the table
    shows encoders too.
    """

    names: tuple[str, ...]
    evidence: Evidence
    doubts: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    used: frozenset[int] = field(default_factory=frozenset)

    def resolved(self) -> Resolved:
        """The same as resolved names."""
        return Resolved(list(self.slots), list(self.doubts), used=set(self.used))


def names_from_table(
    transform: Fitted, size: int, tables: Sequence[str], pieces: Sequence[Piece] = ()
) -> Found | None:
    """Names of the columns of ``transform``, from the first table in which they all fit."""
    for evidence in all_evidence(tables):
        if len(evidence.table.columns) > _MOST_COLUMNS:
            continue
        if isinstance(transform, ColumnTransformer):
            found = _by_branches(transform, size, evidence)
        elif isinstance(transform, Affine):
            found = _by_scaler(transform, size, evidence, pieces)
        else:
            found = None
        if found is not None:
            return found
    return None


def _runs(evidence: Evidence, size: int) -> Iterator[tuple[str, ...]]:
    """Columns side by side in the table, as slices of it are taken; the last is often the
    target.
    """
    names = tuple(evidence.table.columns)
    for start in range(len(names) - size + 1):
        yield names[start : start + size]


def _by_branches(transform: ColumnTransformer, size: int, evidence: Evidence) -> Found | None:
    """The only run of columns in which categories and means of the branches fit."""
    fitting = [names for names in _runs(evidence, size) if _fit(transform, names, evidence)]
    if len(fitting) != 1:
        return None
    said = f"the columns are {', '.join(fitting[0])}, as in {evidence.source.rpartition('/')[2]}"
    return Found(fitting[0], evidence, (said,))


def _fit(transform: ColumnTransformer, names: Sequence[str], evidence: Evidence) -> bool:
    for branch in transform.branches:
        columns = [names[place] for place in branch.places]
        if isinstance(branch.transform, Lookup):
            for column, levels in zip(columns, branch.transform.levels(), strict=True):
                known = frozenset(map(str, levels.categories))
                if not evidence.values(column) or not evidence.values(column) <= known:
                    return False
            continue
        for place, column in enumerate(columns):
            cells = evidence.numbers(column)
            if cells is None or (
                isinstance(branch.transform, Affine)
                and fits(branch.transform, place, cells) is False
            ):
                return False
    return True


def _by_scaler(
    scaler: Affine, size: int, evidence: Evidence, pieces: Sequence[Piece]
) -> Found | None:
    """Each column of the row is a number of the table, an encoded column or a dummy, by the
    scaler's statistics; they must stand in the order of the table.
    """
    options = _Options(scaler, evidence, pieces)
    row: list[Slot] = []
    used: set[int] = set()
    taken: set[str] = set()
    place = 0
    while place < size:
        step = options.at(place, taken)
        if len(step) != 1:
            return None
        ((slots, piece),) = step
        row += slots
        taken.add(slots[0].raw)
        used |= {piece} if piece else set()
        place += len(slots)
    if place != size:
        return None
    names = tuple(slot.raw for slot in row)
    source = evidence.source.rpartition("/")[2]
    said = f"by their means, the columns are {', '.join(dict.fromkeys(names))}, as in {source}"
    return Found(names, evidence, (said,), tuple(row), frozenset(used))


@dataclass(slots=True, eq=False)
class _Options:
    """What may stand at a place of the row."""

    scaler: Affine
    evidence: Evidence
    pieces: Sequence[Piece]

    def at(self, place: int, taken: set[str]) -> list[tuple[list[Slot], int]]:
        """The columns of the table that fit here, as slots, with the encoder that is used."""
        found = []
        for column in self.evidence.table.columns:
            if column in taken:
                continue
            cells = self.evidence.numbers(column)
            if cells is not None:
                if fits(self.scaler, place, cells):
                    slot = Slot(column, None, 0, "data", self.evidence.source, "inferred")
                    found.append(([slot], 0))
                continue
            found += self._encoded(place, column)
        return found

    def _encoded(self, place: int, column: str) -> Iterator[tuple[list[Slot], int]]:
        values = sorted(self.evidence.values(column))
        if not 2 <= len(values) <= 60:  # noqa: PLR2004 (categories of a text column)
            return
        for piece in self.pieces:
            if isinstance(piece.fitted, LabelEncoder) and set(map(str, piece.classes)) == set(
                values
            ):
                if fits(self.scaler, place, self._codes(column, piece.fitted)):
                    slot = Slot(column, piece.fitted, 0, "data", piece.path, "inferred")
                    yield [slot], id(piece)
                return
        codes = LabelEncoder(tuple(values))
        if fits(self.scaler, place, self._codes(column, codes)):
            yield [Slot(column, codes, 0, "data", self.evidence.source, "inferred")], 0
        yield from self._dummies(place, column, values)

    def _codes(self, column: str, encoder: LabelEncoder) -> NDArray[np.float64]:
        source = self.evidence.table.columns[column]
        present = source.values[~source.missing]
        cells = np.array([str(one) for one in present.tolist()], object)
        return encoder.apply([cells])[0].astype(float)

    def _dummies(
        self, place: int, column: str, values: list[str]
    ) -> Iterator[tuple[list[Slot], int]]:
        """A column for each value, in ascending order, or for each but the first."""
        for dropped in (0, 1):
            kept = values[dropped:]
            if len(kept) < 2 or place + len(kept) > self.scaler.inputs:  # noqa: PLR2004 (else a code)
                continue
            places = tuple(range(-dropped, len(kept)))
            encoder = OneHotEncoder((tuple(values),), (places,), (tuple(kept),), (None,))
            columns = self._vectors(column, encoder)
            if all(
                is_dummy(self.scaler, place + at) is not False
                and fits(self.scaler, place + at, cells)
                for at, cells in enumerate(columns)
            ):
                source = self.evidence.source
                yield (
                    [
                        Slot(column, encoder, at, "data", source, "inferred")
                        for at in range(len(kept))
                    ],
                    0,
                )

    def _vectors(self, column: str, encoder: OneHotEncoder) -> list[NDArray[np.float64]]:
        cells = self.evidence.table.columns[column]
        present = cells.values[~cells.missing]
        texts = np.array([str(one) for one in present.tolist()], object)
        return [one.astype(float) for one in encoder.apply([texts])]
