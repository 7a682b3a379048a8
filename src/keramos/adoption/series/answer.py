"""What one number that a network of a series answers means: the next value of a column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import same_name
from keramos.errors import UsageError
from keramos.tabular.fitted.columns import Affine
from keramos.types.adoption import Finding
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.series.code import Said
    from keramos.adoption.series.columns import Columns
    from keramos.adoption.series.scale import Scale
    from keramos.adoption.tables.parts import Parts, Piece
    from keramos.adoption.wishes import Wishes
    from keramos.types.adoption import Part

Back = tuple[tuple[float, ...], tuple[float, ...]]
_USUAL = ("close", "adjclose", "price", "target", "value")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The target and the rule; ``column`` is the one whose next value it is ("": none, or several
    are), ``back`` what each value is multiplied with and what is added then (None: they stay as
    they are). ``of_columns`` says that there is one value for each column of the window, ``steps``
    how often the network runs on its own answers. ``files`` are those that name its classes.
    """

    target: TargetSchema
    rule: DecisionRule
    findings: tuple[Finding, ...]
    column: str = ""
    back: Back | None = None
    doubts: tuple[str, ...] = ()
    title: str = ""
    piece: Piece | None = None
    of_columns: bool = False
    steps: int = 1
    files: tuple[Part, ...] = ()

    @property
    def values(self) -> int:
        """Numbers that the network gives in one run."""
        return self.rule.units // self.steps


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What an answer can be told from; ``length`` is that of the window."""

    columns: Columns
    scale: Scale
    parts: Parts
    pieces: Pieces
    said: Said
    wishes: Wishes
    length: int

    @property
    def is_scaled(self) -> bool:
        """Whether the rows are scaled outside of the network, and the answer may be scaled back."""
        scaled = self.scale.fitted == "request" or self.scale.affine is not None
        return scaled and self.wishes.target_scaler != "none"


def next_values(known: Known) -> Iterator[Answer]:
    """The next value of a column; more than one where nothing says of which."""
    columns, said = known.columns, known.said
    own = own_scaler(known, 1)
    if own is not None:
        yield _by_own(own, known)
        return
    outside = outside_of(known)
    if outside is not None:
        yield _apart(*outside)
        return
    found = list(places(known))
    if not known.is_scaled:
        place, finding, doubt = found[0]
        yield _next(columns.names, place, (finding, UNSCALED), None, doubt)
        return
    inverted = bool(said.inverts or said.factors)
    sure = len(found) == 1 and (inverted or known.scale.fitted == "request")
    for place, finding, doubt in found[:3]:
        told = told_back(known, columns.names[place])
        one = _next(columns.names, place, (finding, told), back_of(known.scale, [place]), "")
        yield replace(
            one, doubts=() if sure and not doubt else (doubt or "the answer is scaled back",)
        )
    if not sure and (len(found) == 1 or (len(columns.names) > 1 and not _is_known(found))):
        doubt = "the answer stays as the network gives it"
        plain = _next(columns.names, 0, (found[0][1], UNSCALED), None, doubt)
        yield replace(plain, column="", title="the answer is the network's own number")


def _is_known(found: Sequence[tuple[int, Finding, str]]) -> bool:
    """Whether a person or the source says which column is forecast."""
    return any(not doubt for _, _, doubt in found)


def outside_of(known: Known) -> tuple[str, str] | None:
    """What is predicted and where the source says so, if that is no column of the window."""
    names, said = known.columns.names, known.said
    if known.wishes.target or len(names) == 1:
        return None
    targets = dict(said.targets)
    inside = {same_name(name) for name in names}
    if targets and not any(same_name(target) in inside for target in targets):
        return said.targets[0]
    return ("answer", said.outside[0]) if said.outside and not targets else None


def _apart(name: str, where: str) -> Answer:
    """A value that is no column of the window, in the unit in which the network learned it."""
    doubt = (
        f"{where} predicts {name}, which the window does not hold, and nothing saved scales it "
        "back: the answer stays as the network gives it"
    )
    told = Finding("target", name, "code", where, "inferred")
    target = TargetSchema(f"next {name}", "regression", "the network gives one number")
    rule = DecisionRule("value", "the prediction is the model's output")
    return Answer(target, rule, (told, UNSCALED), doubts=(doubt,))


UNSCALED = Finding("scaling of the answer", "none", "convention", "", "assumed")


def own_scaler(known: Known, width: int) -> Piece | None:
    """A scaler of so many columns that is not that of the window.

    Raises:
        UsageError: a person states one that is not there.
    """
    scale, wishes = known.scale, known.wishes
    free = [
        one
        for one in known.parts.pieces
        if one.is_scaler and one.width == width and (scale.piece is None or one is not scale.piece)
    ]
    if wishes.target_scaler not in (None, "none"):
        free = [one for one in free if one.path.endswith(wishes.target_scaler or "")]
        if not free:
            raise UsageError(
                "there is no such scaler", option="target_scaler", received=wishes.target_scaler
            )
        return free[0]
    if wishes.target_scaler == "none" or scale.piece is None:
        return None
    other = [one for one in free if one.fitted != scale.piece.fitted]
    return other[0] if len(other) == 1 else None


def by_scaler(piece: Piece, known: Known) -> tuple[Back, Finding]:
    """What a scaler of its own leads the answer back by."""
    assert isinstance(piece.fitted, Affine)  # noqa: S101 (a scaler)
    told = Finding(
        "scaling of the answer",
        f"{piece.fitted.name}, inverted",
        "user" if known.wishes.target_scaler else "file",
        known.pieces.short(piece.path),
        "confirmed" if known.wishes.target_scaler else "stated",
    )
    return piece.fitted.inverse(), told


def _by_own(piece: Piece, known: Known) -> Answer:
    """The answer in the unit of its own scaler."""
    back, told = by_scaler(piece, known)
    name = known.wishes.target or (piece.names[0] if piece.names else "answer")
    findings = (*target_finding(name, known.wishes), told)
    target = TargetSchema(f"next {name}", "regression", "the network gives one number")
    rule = DecisionRule("value", "the prediction is the model's output")
    return Answer(target, rule, findings, back=back, piece=piece)


def target_finding(name: str, wishes: Wishes) -> tuple[Finding, ...]:
    """What is predicted, by a person or by convention."""
    if wishes.target:
        return (Finding("target", name, "user", "", "confirmed"),)
    return (Finding("target", name, "convention", "", "assumed"),)


def places(known: Known) -> Iterator[tuple[int, Finding, str]]:
    """The column whose next value the answer is, the likeliest first; with what is doubtful."""
    names, said, wishes = known.columns.names, known.said, known.wishes
    if wishes.target:
        same = _same(names, wishes.target)
        if same:
            yield same[0], Finding("target", names[same[0]], "user", "", "confirmed"), ""
            return
    if len(names) == 1:
        yield 0, Finding("target", names[0], "model", "the only column", "inferred"), ""
        return
    named = [(at, where) for word, where in said.targets for at in _same(names, word)]
    counted = [(at + len(names) * (at < 0), where) for at, where in said.places]
    stated = {place: where for place, where in named or counted if 0 <= place < len(names)}
    if len(stated) == 1:
        ((place, where),) = stated.items()
        yield place, Finding("target", names[place], "code", where, "inferred"), ""
        return
    usual = [at for word in _USUAL for at, name in enumerate(names) if same_name(name) == word]
    for place in dict.fromkeys([*stated, *usual, 0]):
        name = names[place]
        told = Finding("target", name, "convention", "", "inferred")
        yield place, told, f"the answer is the next {name}"


def _same(names: Sequence[str], word: str) -> list[int]:
    return [at for at, name in enumerate(names) if same_name(name) == same_name(word)]


def back_of(scale: Scale, of: Sequence[int]) -> Back | None:
    """What leads from scaled columns back to their units; the request says it where it scales."""
    if scale.affine is None:
        return None
    factors, offsets = scale.affine.inverse()
    return tuple(factors[place] for place in of), tuple(offsets[place] for place in of)


def told_back(known: Known, name: str) -> Finding:
    """How the answer of a column is scaled back."""
    piece = known.scale.piece
    if piece is None:
        what, origin, source = f"the range of {name} in the request, inverted", "code", ""
    else:
        what = f"{piece.fitted.name} of {name}, inverted"
        origin, source = "file", known.pieces.short(piece.path)
    if known.said.inverts:
        source = ", ".join(filter(None, (source, known.said.inverts[0])))
    return Finding("scaling of the answer", what, origin, source, "inferred")  # type: ignore[arg-type]


def _next(
    names: Sequence[str],
    place: int,
    findings: tuple[Finding, ...],
    back: Back | None,
    doubt: str,
) -> Answer:
    name = names[place]
    target = TargetSchema(f"next {name}", "regression", "the network gives one number")
    rule = DecisionRule("value", "the prediction is the model's output")
    title = f"the answer is the next {name}"
    doubts = (doubt,) if doubt else ()
    return Answer(target, rule, findings, name, back, doubts, title, of_columns=len(names) == 1)
