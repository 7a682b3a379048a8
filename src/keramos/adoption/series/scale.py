"""What scales the rows of a window: a scaler beside the model, the request itself, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keramos.adoption.series.window import layers_of
from keramos.errors import UnsupportedModelError, UsageError
from keramos.tabular.fitted.columns import Affine
from keramos.types.adoption import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.series.code import Said
    from keramos.adoption.tables.parts import Parts, Piece
    from keramos.adoption.wishes import Wishes
    from keramos.types.network import Network

_OWN = frozenset({"Normalization", "Rescaling"})
_ANSWER_WORDS = frozenset({"y", "target", "label", "labels", "output", "answer", "close"})


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """``piece`` scales (None: nothing does, or the request where ``fitted`` says so)."""

    fitted: Literal["training", "request"]
    finding: Finding
    piece: Piece | None = None
    low: float = 0.0
    high: float = 1.0
    doubt: str = ""

    @property
    def affine(self) -> Affine | None:
        """What multiplies and adds, where something does."""
        fitted = None if self.piece is None else self.piece.fitted
        return fitted if isinstance(fitted, Affine) else None


def scales_of(
    model: str,
    network: Network,
    width: int,
    parts: Parts,
    pieces: Pieces,
    said: Said,
    wishes: Wishes,
) -> list[Scale]:
    """The scales, the likeliest first.

    Raises:
        UnsupportedModelError: nothing says how the rows are scaled.
        UsageError: the scaler that a person states is not there.
    """
    if wishes.scaler is not None:
        return [_stated(wishes.scaler, width, parts, pieces, said)]
    fitting = [one for one in parts.pieces if one.is_scaler and one.width == width]
    fitting = _distinct([one for one in fitting if _together(one.path, model)] or fitting)
    if width == 1 and len(fitting) > 1:
        fitting = [one for one in fitting if not _ANSWER_WORDS & set(one.words)] or fitting
    if fitting:
        several = len(fitting) > 1
        return [
            Scale(
                "training",
                _found(one, pieces),
                one,
                doubt=f"{pieces.short(one.path)} scales the rows" if several else "",
            )
            for one in fitting
        ]
    kinds = {layer.kind for layer in layers_of(network)}
    if kinds & _OWN:
        (inside, *_) = sorted(kinds & _OWN)
        return [Scale("training", Finding("scale", f"a {inside} layer inside", "model"))]
    return _unsaved(width, parts, pieces, said)


def _unsaved(width: int, parts: Parts, pieces: Pieces, said: Said) -> list[Scale]:
    """No scaler was saved: the request's own, where the source fits one on it."""
    if said.made and said.fits and said.made[0][0] == "MinMaxScaler":
        low, high = said.ranges[0][0]
        return [
            Scale(
                "request",
                Finding("scale", _request(low, high), "code", said.made[0][1], "inferred"),
                low=low,
                high=high,
                doubt=f"no scaler was saved, and {said.fits[0]} fits one on what is sent: the "
                "answer to the same last rows depends on how many rows before them are sent",
            )
        ]
    odd = [one for one in pieces.companions if "scal" in one.path.rpartition("/")[2].lower()]
    if width == 1 and not odd and not any(piece.is_scaler for piece in parts.pieces):
        silent = bool(pieces.sources) and not (said.made or said.loads or said.inverts)
        found = list(_unsaid(said))
        return found[::-1] if silent else found
    widths = sorted({piece.width for piece in parts.pieces if piece.is_scaler})
    there = f"scalers beside it are for {', '.join(map(str, widths))} columns" if widths else ""
    if not there and odd:
        there = f"{pieces.short(odd[0].path)} holds no scaler"
    raise UnsupportedModelError(
        f"the network takes windows of {width} column{'s' if width > 1 else ''}, and the scaler "
        f"that the training used is missing: {there or 'none lies beside the model'}",
        remedy='Give the scaler, or state in a recipe: scaler = "none" (the rows enter as they '
        'are) or scaler = "request" (each column is scaled by the rows that are sent)',
    )


def _unsaid(said: Said) -> Iterator[Scale]:
    """One column, and neither a scaler nor a source that fits one."""
    low, high = said.ranges[0][0] if said.ranges else (0.0, 1.0)
    yield Scale(
        "request",
        Finding("scale", _request(low, high), "convention", "", "assumed"),
        low=low,
        high=high,
        doubt="no scaler was saved: what is sent is scaled by its own range, so the answer to the "
        "same last rows depends on how many rows before them are sent",
    )
    yield Scale(
        "training",
        Finding("scale", "none", "convention", "", "assumed"),
        doubt="the rows enter as they are",
    )


def _stated(name: str, width: int, parts: Parts, pieces: Pieces, said: Said) -> Scale:
    if name == "none":
        return Scale("training", Finding("scale", "none", "user", "", "confirmed"))
    if name == "request":
        low, high = said.ranges[0][0] if said.ranges else (0.0, 1.0)
        told = Finding("scale", _request(low, high), "user", "", "confirmed")
        return Scale("request", told, low=low, high=high)
    found = [one for one in parts.pieces if one.path.endswith(name) and one.is_scaler]
    if not found:
        raise UsageError("there is no such scaler", option="scaler", received=name)
    if found[0].width != width:
        raise UnsupportedModelError(
            f"the scaler is for {found[0].width} columns, and the window has {width}",
            file=found[0].path,
        )
    told = Finding("scale", found[0].fitted.name, "user", pieces.short(found[0].path), "confirmed")
    return Scale("training", told, found[0])


def _found(piece: Piece, pieces: Pieces) -> Finding:
    return Finding(
        "scale", f"{piece.fitted.name}, column by column", "file", pieces.short(piece.path)
    )


def _request(low: float, high: float) -> str:
    return f"fitted on the request, {low:g} to {high:g}"


def _together(path: str, model: str) -> bool:
    """Whether two files lie in one folder."""
    return path.rpartition("/")[0] == model.rpartition("/")[0]


def _distinct(found: Sequence[Piece]) -> list[Piece]:
    """Copies of one scaler count as one."""
    kept: list[Piece] = []
    for one in found:
        if not any(one.fitted == other.fitted for other in kept):
            kept.append(one)
    return kept
