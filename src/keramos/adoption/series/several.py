"""What several numbers that a network answers to one window mean, and several steps ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.adoption.series.ahead import names_ahead
from keramos.adoption.series.answer import (
    UNSCALED,
    Answer,
    back_of,
    by_scaler,
    outside_of,
    own_scaler,
    places,
    target_finding,
    told_back,
)
from keramos.errors import UnsupportedModelError, UsageError
from keramos.types.adoption import Finding
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.series.answer import Back, Known
    from keramos.adoption.tables.parts import Piece

_SHOWN = 6


def several_values(units: int, known: Known) -> Iterator[Answer]:
    """The meanings of ``units`` values, the likeliest first.

    Raises:
        UsageError: the names that a person states do not fit.
    """
    stated, columns = _stated_names(units, known), known.columns.names
    own = own_scaler(known, units) or own_scaler_of_one(known)
    if own is not None:
        yield _by_own(own, units, stated, known)
        return
    outside = outside_of(known)
    if outside is not None:
        yield _as_they_are(stated or _numbered(outside[0], units), f"{outside[1]} predicts them")
        return
    if stated and set(stated) <= set(columns):
        yield _of_columns(stated, known)
        return
    fits = units == len(columns) and not stated
    if fits:
        together = _of_columns(columns, known)
        doubt = f"each answer is the next value of a column: {_list(columns)}"
        yield replace(together, doubts=(doubt,))
    found = [*places(known)][:3]
    for place, finding, doubt in found:
        one = _of_one_column(place, finding, units, stated, known)
        yield replace(one, doubts=(one.title,) if doubt or fits else ())
    if len(columns) > 1 and all(doubt for _, _, doubt in found):
        yield _as_they_are(stated or _numbered("answer", units), "no file says what they are")


def _as_they_are(names: Sequence[str], why: str) -> Answer:
    """Values that no column of the window has, in the unit in which the network learned them."""
    finding = Finding("target", _list(names), "convention", "", "assumed")
    doubt = f"{why}: the answers stay as the network gives them"
    found = _answer(names, (finding, UNSCALED), None, "")
    return replace(found, title=f"the {len(names)} answers stay as they are", doubts=(doubt,))


def _by_own(piece: Piece, units: int, stated: tuple[str, ...], known: Known) -> Answer:
    """Values in the unit of a scaler of their own."""
    back, told = by_scaler(piece, known)
    listed = piece.names if len(piece.names) == units else ()
    names = stated or listed or _numbered("answer", units)
    finding = target_finding(known.wishes.target or "several values", known.wishes)
    found = _answer(names, (*finding, told), _widened(back, units), "")
    return replace(found, piece=piece)


def _of_one_column(
    place: int, finding: Finding, units: int, stated: tuple[str, ...], known: Known
) -> Answer:
    """The next values of one column."""
    name = known.columns.names[place]
    back = back_of(known.scale, [place]) if known.is_scaled else None
    told = told_back(known, name) if known.is_scaled else UNSCALED
    names = stated or names_ahead([name], units)
    wide = None if back is None else _widened(back, units)
    title = f"the answers are the next {units} values of {name}"
    return replace(_answer(names, (finding, told), wide, name), title=title)


def own_scaler_of_one(known: Known) -> Piece | None:
    """A scaler of one column beside the window's own, which all values share."""
    return None if known.wishes.target_scaler else own_scaler(known, 1)


def _of_columns(names: Sequence[str], known: Known) -> Answer:
    """The next value of each of some columns."""
    of = [known.columns.names.index(name) for name in names]
    if known.scale.fitted == "request" and tuple(names) != known.columns.names:
        raise UnsupportedModelError(
            "a scale that is fitted on the request leads all columns back, or one",
            received=_list(names),
        )
    back = back_of(known.scale, of) if known.is_scaled else None
    told = told_back(known, _list(names)) if known.is_scaled else UNSCALED
    finding = Finding("target", _list(names), "model", "one answer a column", "inferred")
    found = _answer(tuple(names), (finding, told), back, "")
    whole = tuple(names) == known.columns.names
    return replace(found, of_columns=whole, title=f"the answers are the next {_list(names)}")


def _answer(
    names: Sequence[str], findings: tuple[Finding, ...], back: Back | None, column: str
) -> Answer:
    reason = f"the network gives {len(names)} numbers"
    target = TargetSchema(f"next {column or _list(names)}", "regression", reason)
    rule = DecisionRule("value", "the predictions are the model's outputs", names=tuple(names))
    return Answer(target, rule, findings, column, back)


def _stated_names(units: int, known: Known) -> tuple[str, ...]:
    """The names of the values as a person states them."""
    stated = known.wishes.settings.get("values")
    if stated is None:
        return ()
    listed = stated if isinstance(stated, (list, tuple)) else ()
    names = tuple(name for name in listed if isinstance(name, str) and name)
    if len(names) != units or len(set(names)) != units:
        raise UsageError(
            f"the values have {units} different names", option="values", received=repr(stated)[:80]
        )
    return names


def _numbered(name: str, units: int) -> tuple[str, ...]:
    return tuple(f"{name}_{place}" for place in range(1, units + 1))


def _widened(back: Back, units: int) -> Back:
    """One scale for each value, where one column's is that of all."""
    factors, offsets = back
    return (factors * units, offsets * units) if len(factors) == 1 else back


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def ahead(answer: Answer, steps: int, known: Known) -> Answer:
    """An answer of one step as that of several.

    Raises:
        UnsupportedModelError: the network does not answer all columns of its window, so that the
            next window cannot be made.
    """
    columns = known.columns.names
    if not answer.of_columns:
        raise UnsupportedModelError(
            f"the network takes {_list(columns)} and its answer is not one value for each: what "
            "the next window holds is unknown, so it cannot go on by itself",
            remedy="Leave steps out of the recipe",
        )
    names = names_ahead(columns, steps)
    told = Finding("steps", f"{steps}, each from the answers before it", "user", "", "confirmed")
    back = answer.back and (answer.back[0] * steps, answer.back[1] * steps)
    rule = DecisionRule("value", "the predictions are the model's outputs", names=names)
    reason = f"the network runs {steps} times, each time on its own answers"
    return replace(
        answer,
        target=TargetSchema(answer.target.name, "regression", reason),
        rule=rule,
        findings=(*answer.findings, told),
        back=back,
        steps=steps,
    )
