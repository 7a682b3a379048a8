"""The row that enters the last step, slot by slot: which raw column each comes from, and how."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keramos.tabular.fitted.chain import Chain
from keramos.tabular.fitted.column_transformer import Branch, ColumnTransformer
from keramos.tabular.fitted.columns import Affine
from keramos.tabular.fitted.function_transformer import FunctionTransformer
from keramos.tabular.fitted.min_max_scaler import MinMaxScaler
from keramos.tabular.fitted.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.tables.parts import Piece
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.adoption import Certainty, Origin


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One column of the row: the raw column that it comes from, the transform of that column (None:
    the number itself), which of the transform's outputs it is, and where that is known from.
    """

    raw: str
    encoder: Fitted | None = None
    output: int = 0
    origin: Origin = "file"
    source: str = ""
    certainty: Certainty = "stated"


@dataclass(slots=True, eq=False)
class Resolved:
    """The slots, what a person has to confirm, what is told, the encoders that were placed, and
    columns for which something is missing.
    """

    slots: list[Slot]
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)


def raw_names(slots: Sequence[Slot]) -> list[str]:
    """The raw columns, in the order in which slots need them."""
    return list(dict.fromkeys(slot.raw for slot in slots))


def row_transform(slots: Sequence[Slot]) -> tuple[list[str], Fitted]:
    """The raw columns, and the transform from them to the row."""
    names = raw_names(slots)
    first: dict[tuple[str, int], tuple[int, int]] = {}
    branches, at = [], 0
    for slot in slots:
        key = (slot.raw, id(slot.encoder))
        if key in first:
            continue
        transform = slot.encoder or FunctionTransformer()
        width = 1 if slot.encoder is None else len(transform.names([slot.raw]))
        first[key] = (at, width)
        branches.append(Branch(slot.raw, transform, (names.index(slot.raw),)))
        at += width
    row = ColumnTransformer(tuple(names), tuple(branches))
    places = tuple(first[slot.raw, id(slot.encoder)][0] + slot.output for slot in slots)
    if places == tuple(range(at)):
        return names, row
    return names, Chain((row, Selection(at, places)))


def partly_scaled(names: Sequence[str], resolved: Resolved, piece: Piece) -> Resolved:
    """The slots, those that a scaler names scaled by its numbers for their column."""
    scales, offsets = piece.fitted.line() if isinstance(piece.fitted, Affine) else ((), ())
    slots = []
    for name, slot in zip(names, resolved.slots, strict=True):
        if name not in piece.names:
            slots.append(slot)
            continue
        place = piece.names.index(name)
        if slot.encoder is not None and len(slot.encoder.names([slot.raw])) > 1:
            resolved.missing.append(f"a scaler for '{name}' alone")
        one = MinMaxScaler((scales[place],), (offsets[place],))
        steps = (one,) if slot.encoder is None else (slot.encoder, one)
        slots.append(replace(slot, encoder=Chain(steps)))
    used = resolved.used | {id(piece)}
    return replace(resolved, slots=slots, used=used)
