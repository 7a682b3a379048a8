"""Names for columns that have none: a table beside the model may show which they are.

Columns of the table are compared with what transforms remember: categories, means, ranges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.tables.evidence import all_evidence
from keramos.adoption.tables.scaled import is_dummy, misfit
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
_MOST_STEPS = 5_000
_CLEAR = 8.0
"""Squared standard errors by which the best way must be better than the next."""
_FEW, _MANY = 2, 60


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
                and misfit(branch.transform, place, cells) is None
            ):
                return False
    return True


def _by_scaler(
    scaler: Affine, size: int, evidence: Evidence, pieces: Sequence[Piece]
) -> Found | None:
    """Each column of the row is a number of the table, an encoded column or a dummy, by the
    scaler's statistics: the best way, if all others are far worse.
    """
    search = _Search(_Options(scaler, evidence, pieces), size)
    search.go(0, (), 0.0)
    best = sorted(search.found, key=lambda one: one[0])[:2]
    if not best or (len(best) > 1 and best[1][0] - best[0][0] < _CLEAR):
        return None
    steps = best[0][1]
    row = [slot for slots, _ in steps for slot in slots]
    names = tuple(slot.raw for slot in row)
    source = evidence.source.rpartition("/")[2]
    said = f"by their means, the columns are {', '.join(dict.fromkeys(names))}, as in {source}"
    used = frozenset(piece for _, piece in steps if piece)
    return Found(names, evidence, (said,), tuple(row), used)


Step = tuple[list[Slot], int]


@dataclass(slots=True, eq=False)
class _Search:
    """All ways to fill the row, with how far each is from the scaler's statistics."""

    options: _Options
    size: int
    found: list[tuple[float, tuple[Step, ...]]] = field(default_factory=list)
    left: int = _MOST_STEPS

    def go(self, place: int, steps: tuple[Step, ...], far: float) -> None:
        """Go on from a place of the row."""
        self.left -= 1
        if place == self.size:
            self.found.append((far, steps))
            return
        taken = {slots[0].raw for slots, _ in steps}
        for more, slots, piece in self.options.at(place):
            if self.left > 0 and slots[0].raw not in taken:
                self.go(place + len(slots), (*steps, (slots, piece)), far + more)


@dataclass(slots=True, eq=False)
class _Options:
    """What may stand at a place of the row."""

    scaler: Affine
    evidence: Evidence
    pieces: Sequence[Piece]
    known: dict[int, list[tuple[float, list[Slot], int]]] = field(default_factory=dict)

    def at(self, place: int) -> list[tuple[float, list[Slot], int]]:
        """The columns of the table that fit here: how far they are, their slots, and the encoder
        that is used.
        """
        if place not in self.known:
            self.known[place] = [*self._found(place)]
        return self.known[place]

    def _found(self, place: int) -> Iterator[tuple[float, list[Slot], int]]:
        for column in self.evidence.table.columns:
            cells = self.evidence.numbers(column)
            if cells is None:
                yield from self._encoded(place, column)
                continue
            far = misfit(self.scaler, place, cells)
            if far is not None:
                yield far, [Slot(column, None, 0, "data", self.evidence.source, "inferred")], 0

    def _encoded(self, place: int, column: str) -> Iterator[tuple[float, list[Slot], int]]:
        values = sorted(self.evidence.values(column))
        if not _FEW <= len(values) <= _MANY:
            return
        own = [
            piece
            for piece in self.pieces
            if isinstance(piece.fitted, LabelEncoder)
            and set(map(str, piece.classes)) == set(values)
        ]
        encoder = own[0].fitted if own else LabelEncoder(tuple(values))
        far = misfit(self.scaler, place, self._vectors(column, encoder)[0])
        source = own[0].path if own else self.evidence.source
        if far is not None:
            slot = Slot(column, encoder, 0, "data", source, "inferred")
            yield far, [slot], id(own[0]) if own else 0
        yield from self._dummies(place, column, values)

    def _dummies(
        self, place: int, column: str, values: list[str]
    ) -> Iterator[tuple[float, list[Slot], int]]:
        """A column for each value, in ascending order, or for each but the first."""
        for dropped in (0, 1):
            kept = values[dropped:]
            if len(kept) < _FEW or place + len(kept) > self.scaler.inputs:
                continue
            places = tuple(range(-dropped, len(kept)))
            encoder = OneHotEncoder((tuple(values),), (places,), (tuple(kept),), (None,))
            columns = self._vectors(column, encoder)
            far = [misfit(self.scaler, place + at, cells) for at, cells in enumerate(columns)]
            told = [is_dummy(self.scaler, place + at) for at in range(len(kept))]
            known = [one for one in far if one is not None]
            if len(known) < len(kept) or any(one is False for one in told):
                continue
            source = self.evidence.source
            slots = [
                Slot(column, encoder, at, "data", source, "inferred") for at in range(len(kept))
            ]
            yield sum(known), slots, 0

    def _vectors(self, column: str, encoder: Fitted) -> list[NDArray[np.float64]]:
        cells = self.evidence.table.columns[column]
        present = cells.values[~cells.missing]
        texts = np.array([str(one) for one in present.tolist()], object)
        return [one.astype(float) for one in encoder.apply([texts])]
