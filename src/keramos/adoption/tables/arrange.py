"""Ways in which transforms make the row that a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.tables.evidence import best_evidence
from keramos.adoption.tables.parts import words_of
from keramos.adoption.tables.resolve import Resolver
from keramos.adoption.tables.scaled import is_dummy
from keramos.adoption.tables.slots import partly_scaled, row_transform
from keramos.adoption.tables.unnamed import names_from_table
from keramos.tabular.fitted.chain import Chain
from keramos.tabular.fitted.column_transformer import ColumnTransformer
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.types.adoption import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.tables.evidence import Evidence
    from keramos.adoption.tables.parts import Parts, Piece
    from keramos.adoption.tables.slots import Resolved, Slot
    from keramos.adoption.wishes import Wishes
    from keramos.tabular.fitted.fitted import Fitted


_MODEL_WORDS = frozenset(
    {"model", "ann", "dnn", "keras", "best", "final", "h", "scaler", "my", "the", "trained"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """A transform from raw columns to the row, with what is known and what is not.

    ``missing`` names columns for which a piece is missing: such an arrangement is not proposed.
    """

    title: str
    names: tuple[str, ...]
    transform: Fitted
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    used: tuple[Piece, ...]
    missing: tuple[str, ...]
    evidence: Evidence | None
    affinity: float


def arrangements(
    width: int, model: str, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Iterator[Arrangement]:
    """All arrangements that give ``width`` numbers."""
    finals = [piece for piece in parts.pieces if _is_final(piece, width, wishes)]
    for piece in finals:
        before = [
            other
            for other in parts.pieces
            if other is not piece
            and isinstance(other.fitted, (ColumnTransformer, Chain))
            and other.width == piece.fitted.inputs
        ]
        if piece.is_scaler and before:
            for other in before:
                yield from _chained(other, piece, model, parts, pieces, wishes)
        elif isinstance(piece.fitted, (ColumnTransformer, Chain)) and not _followed(piece, finals):
            yield from _whole(piece, model, pieces, wishes)
        elif not isinstance(piece.fitted, (ColumnTransformer, Chain)):
            yield from _named(piece, width, model, parts, pieces, wishes)
    if not finals:
        yield from _without_scaler(width, model, parts, pieces, wishes)


def _is_final(piece: Piece, width: int, wishes: Wishes) -> bool:
    if wishes.scaler == "none" or piece.is_encoder or piece.width not in (width, 0):
        return False
    if wishes.scaler is not None and not piece.path.endswith(wishes.scaler):
        return isinstance(piece.fitted, ColumnTransformer)
    return piece.width == width or piece.fitted.inputs is None


def _followed(piece: Piece, finals: Sequence[Piece]) -> bool:
    return any(other.is_scaler and other.fitted.inputs == piece.width for other in finals)


def _chained(
    first: Piece, last: Piece, model: str, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Iterator[Arrangement]:
    """A ColumnTransformer, then a scaler that was fitted on what it gives."""
    del parts
    contradiction = _contradiction(first.fitted, last.fitted)
    if contradiction:
        return
    for one in _whole(first, model, pieces, wishes):
        chain = Chain((one.transform, last.fitted))
        finding = Finding("scaler", last.fitted.name, "file", pieces.short(last.path))
        yield Arrangement(
            f"{one.title}, then {pieces.short(last.path)}",
            one.names,
            chain,
            (*one.findings, finding),
            one.doubts,
            one.notes,
            (*one.used, last),
            one.missing,
            one.evidence,
            one.affinity + affinity(model, last, pieces),
        )


def _contradiction(first: Fitted, scaler: Fitted) -> bool:
    """Whether a scaler was fitted on other columns than these: dummies are 0 and 1 there."""
    at = 0
    for branch in first.branches if isinstance(first, ColumnTransformer) else ():
        size = len(branch.transform.names([""] * len(branch.places)))
        if isinstance(branch.transform, OneHotEncoder):
            told = [is_dummy(scaler, place) for place in range(at, at + size)]
            if any(one is False for one in told):
                return True
        at += size
    return False


def _whole(piece: Piece, model: str, pieces: Pieces, wishes: Wishes) -> Iterator[Arrangement]:
    """A transform that takes the raw columns itself."""
    size = piece.fitted.inputs or 0
    evidence = best_evidence(pieces.tables, piece.names or wishes.columns or ())
    doubts: tuple[str, ...] = ()
    names, told = piece.names, pieces.short(piece.path)
    finding = Finding("columns", ", ".join(names), "file", told)
    if wishes.columns and len(wishes.columns) == size:
        names = tuple(wishes.columns)
        finding = Finding("columns", ", ".join(names), "user", "", "confirmed")
    if len(names) != size:
        found = names_from_table(piece.fitted, size, pieces.tables)
        if found is None:
            return
        names, evidence, doubts = found.names, found.evidence, found.doubts
        table = pieces.short(found.evidence.source)
        finding = Finding("columns", ", ".join(names), "data", table, "inferred")
    yield Arrangement(
        pieces.short(piece.path),
        names,
        piece.fitted,
        (finding, Finding("row", piece.fitted.describe(), "file", told)),
        doubts,
        (),
        (piece,),
        (),
        evidence,
        affinity(model, piece, pieces),
    )


def _named(
    piece: Piece, width: int, model: str, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Iterator[Arrangement]:
    """A scaler over the whole row, whose columns have names."""
    size = piece.fitted.inputs or width
    for names, finding, doubts in _name_lists(piece.names, size, parts, pieces, wishes):
        evidence = best_evidence(pieces.tables, names)
        resolver = Resolver(parts.pieces, evidence, piece.fitted, wishes.encoders)
        resolved = resolver.resolve(names)
        resolved.doubts += doubts
        yield _scaled(piece, resolved, (finding,), evidence, model, parts, pieces)
        return
    found = names_from_table(piece.fitted, size, pieces.tables, parts.pieces)
    if found is not None and found.slots:
        finding = Finding(
            "columns",
            ", ".join(found.names),
            "data",
            pieces.short(found.evidence.source),
            "inferred",
        )
        resolved = found.resolved()
        yield _scaled(piece, resolved, (finding,), found.evidence, model, parts, pieces)


def _name_lists(
    own: Sequence[str], size: int, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Iterator[tuple[tuple[str, ...], Finding, list[str]]]:
    """Names of the columns of a row, best known first."""
    if wishes.columns and len(wishes.columns) == size:
        columns = tuple(wishes.columns)
        yield columns, Finding("columns", ", ".join(columns), "user", "", "confirmed"), []
    if len(own) == size:
        yield tuple(own), Finding("columns", ", ".join(own), "file"), []
    for path, names in parts.lists.items():
        if len(names) == size and len(set(names)) == size:
            short = pieces.short(path)
            said = f"the columns have the order of {short}: {', '.join(names[:6])} ..."
            yield names, Finding("columns", ", ".join(names), "file", short, "inferred"), [said]


def _scaled(
    piece: Piece | None,
    resolved: Resolved,
    findings: tuple[Finding, ...],
    evidence: Evidence | None,
    model: str,
    parts: Parts,
    pieces: Pieces,
) -> Arrangement:
    names, row = row_transform(resolved.slots)
    steps = (row,) if piece is None else (row, piece.fitted)
    used = [one for one in parts.pieces if id(one) in resolved.used]
    told = [*findings, *_slot_findings(resolved.slots, pieces)]
    if piece is not None:
        told.append(Finding("scaler", piece.fitted.name, "file", pieces.short(piece.path)))
    return Arrangement(
        "no scaler" if piece is None else pieces.short(piece.path),
        tuple(names),
        Chain(steps),
        tuple(told),
        tuple(resolved.doubts),
        tuple(resolved.notes),
        (*used, *([] if piece is None else [piece])),
        tuple(resolved.missing),
        evidence,
        0.0 if piece is None else affinity(model, piece, pieces),
    )


def _slot_findings(slots: Sequence[Slot], pieces: Pieces) -> Iterator[Finding]:
    """One finding for each raw column."""
    seen: set[str] = set()
    for slot in slots:
        if slot.raw in seen:
            continue
        seen.add(slot.raw)
        what = "a number, as it is"
        if isinstance(slot.encoder, Chain):
            what = slot.encoder.describe()
        elif slot.encoder is not None:
            levels = getattr(slot.encoder, "classes", None) or slot.encoder.categories[0]  # type: ignore[attr-defined]
            listed = ", ".join(map(str, levels[:4])) + (" ..." if len(levels) > 4 else "")  # noqa: PLR2004
            what = f"{slot.encoder.name} of {listed}"
        source = pieces.short(slot.source) if slot.source else ""
        yield Finding(f"column {slot.raw}", what, slot.origin, source, slot.certainty)


def _without_scaler(
    width: int, model: str, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Iterator[Arrangement]:
    """No step gives the whole row: names say what it is made of."""
    for names, finding, doubts in _name_lists((), width, parts, pieces, wishes):
        evidence = best_evidence(pieces.tables, names)
        resolved = Resolver(parts.pieces, evidence, None, wishes.encoders).resolve(names)
        resolved.doubts += doubts
        scalers = [piece for piece in parts.pieces if piece.is_scaler and piece.width > 1]
        fitting = [piece for piece in scalers if piece.names and set(piece.names) <= set(names)]
        if len(fitting) == 1:
            resolved = partly_scaled(names, resolved, fitting[0])
        elif scalers:
            resolved.missing.append("the scaler, which does not take these columns")
        yield _scaled(None, resolved, (finding,), evidence, model, parts, pieces)
        return


def affinity(model: str, piece: Piece, pieces: Pieces) -> float:
    """How much the names of a model and of a file have in common: words, the folder; less where
    another model has words in common with the file that this one lacks.
    """
    shared = _own_words(model) & set(piece.words)
    rivals = (_own_words(other) & set(piece.words) for other in pieces.models if other != model)
    claimed = any(rival - shared for rival in rivals)
    near = Path(model).parent == Path(piece.path).parent
    return len(shared) + float(near) - 2.0 * claimed


def _own_words(model: str) -> set[str]:
    return set(words_of(Path(model).stem)) - _MODEL_WORDS


def same_answers(first: Fitted, second: Fitted) -> bool:
    """Whether two transforms were fitted to the same numbers."""
    return repr(first) == repr(second) or _close(first, second)


def _close(first: Fitted, second: Fitted) -> bool:
    lines = [getattr(one, "line", None) for one in (first, second)]
    if None in lines or first.inputs != second.inputs:
        return False
    pairs = [np.array(line()) for line in lines if line is not None]
    return bool(np.allclose(pairs[0], pairs[1], rtol=1e-9, atol=1e-12))
