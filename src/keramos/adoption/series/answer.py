"""What the answer of a network of a series means: the next value of a column, or a class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import same_name
from keramos.adoption.tables.propose import activation_of
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError, UsageError
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
    from keramos.types.network import Network
    from keramos.types.schema import Label

_USUAL = ("close", "adjclose", "price", "target", "value")
_AXES = 2  # rows and scores


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The target and the rule; ``column`` is the one whose next value it is ("": none), ``back``
    what the output is multiplied with and what is added then (None: it stays as it is).
    """

    target: TargetSchema
    rule: DecisionRule
    findings: tuple[Finding, ...]
    column: str = ""
    back: tuple[float, float] | None = None
    doubts: tuple[str, ...] = ()
    title: str = ""
    piece: Piece | None = None


def answers_of(
    network: Network,
    columns: Columns,
    scale: Scale,
    parts: Parts,
    pieces: Pieces,
    said: Said,
    wishes: Wishes,
) -> list[Answer]:
    """The meanings, the likeliest first.

    Raises:
        UnsupportedModelError: the network gives several numbers that are no scores.
        UsageError: labels do not fit.
    """
    shape = compile_network(network).outputs[0].shape
    if len(shape) != _AXES or shape[1] is None:
        raise UnsupportedModelError(f"the network answers a window with shape {shape}")
    units, activation = shape[1], activation_of(network)
    if activation in {"softmax", "sigmoid"} and _is_classes(activation, units, said):
        return [_classes(units, wishes)]
    if units != 1:
        raise UnsupportedModelError(
            f"the network gives {units} numbers for a window, which is not supported; one is",
        )
    return list(_values(columns, scale, parts, pieces, said, wishes))


def _is_classes(activation: str, units: int, said: Said) -> bool:
    """A sigmoid may also bound a value that is scaled back."""
    return activation == "softmax" or units > 1 or not said.inverts


def _classes(units: int, wishes: Wishes) -> Answer:
    name = wishes.target or "class"
    wanted = max(units, 2)
    labels: tuple[Label, ...] = tuple(wishes.labels or range(wanted))
    if len(labels) != wanted:
        raise UsageError(f"the recipe needs {wanted} labels", received=str(len(labels)))
    listed = ", ".join(map(str, labels))
    told = Finding("labels", listed, "convention", "", "assumed")
    doubts: tuple[str, ...] = (f"no list of labels lies beside the model: answers are {listed}",)
    if wishes.labels:
        told, doubts = Finding("labels", listed, "user", "", "confirmed"), ()
    findings = (*_target_finding(name, wishes), told)
    if units > 1:
        target = TargetSchema(name, "multiclass", "a score for each class", labels)
        rule = DecisionRule("argmax", "the class with the largest score", labels)
        return Answer(target, rule, findings, doubts=doubts)
    target = TargetSchema(name, "binary", "a probability", labels)
    usual = wishes.threshold is None
    origin = "the usual threshold for a probability" if usual else "given"
    at = 0.5 if wishes.threshold is None else wishes.threshold
    if not usual:
        findings = (*findings, Finding("threshold", f"{at:g}", "user", "", "confirmed"))
    return Answer(target, DecisionRule("threshold", origin, labels, at), findings, doubts=doubts)


def _target_finding(name: str, wishes: Wishes) -> tuple[Finding, ...]:
    if wishes.target:
        return (Finding("target", name, "user", "", "confirmed"),)
    return (Finding("target", name, "convention", "", "assumed"),)


def _values(
    columns: Columns, scale: Scale, parts: Parts, pieces: Pieces, said: Said, wishes: Wishes
) -> Iterator[Answer]:
    """The next value of a column; more than one where nothing says of which."""
    own = _own_scaler(scale, parts, wishes)
    if own is not None:
        yield _by_own(own, pieces, wishes)
        return
    places = list(_places(columns.names, said, wishes))
    if not _is_scaled(scale) or wishes.target_scaler == "none":
        place, finding, doubt = places[0]
        unscaled = Finding("scaling of the answer", "none", "convention", "", "assumed")
        yield _next(columns.names[place], finding, None, unscaled, doubt)
        return
    inverted = bool(said.inverts or said.factors)
    sure = len(places) == 1 and (inverted or scale.fitted == "request")
    for place, finding, doubt in places[:3]:
        back = _back(scale, place)
        told = _told_back(scale, place, columns, pieces, said)
        doubts = () if sure and not doubt else (doubt or "the answer is scaled back",)
        found = _next(columns.names[place], finding, back, told, "")
        yield replace(found, doubts=doubts)
    if len(places) == 1 and not sure:
        unscaled = Finding("scaling of the answer", "none", "convention", "", "assumed")
        doubt = "the answer stays as the network gives it"
        plain = _next(columns.names[0], places[0][1], None, unscaled, doubt)
        yield replace(plain, column="", title="the answer is the network's own number")


def _is_scaled(scale: Scale) -> bool:
    return scale.fitted == "request" or scale.affine is not None


def _own_scaler(scale: Scale, parts: Parts, wishes: Wishes) -> Piece | None:
    """A scaler of one column that is not that of the window."""
    free = [
        one
        for one in parts.pieces
        if one.is_scaler and one.width == 1 and (scale.piece is None or one is not scale.piece)
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


def _by_own(piece: Piece, pieces: Pieces, wishes: Wishes) -> Answer:
    """The answer in the unit of its own scaler."""
    assert isinstance(piece.fitted, Affine)  # noqa: S101 (a scaler)
    (factor,), (offset,) = piece.fitted.inverse()
    name = wishes.target or (piece.names[0] if piece.names else "answer")
    told = Finding(
        "scaling of the answer",
        f"{piece.fitted.name}, inverted",
        "user" if wishes.target_scaler else "file",
        pieces.short(piece.path),
        "confirmed" if wishes.target_scaler else "stated",
    )
    findings = (*_target_finding(name, wishes), told)
    target = TargetSchema(f"next {name}", "regression", "the network gives one number")
    rule = DecisionRule("value", "the prediction is the model's output")
    return Answer(target, rule, findings, back=(factor, offset), piece=piece)


def _places(names: Sequence[str], said: Said, wishes: Wishes) -> Iterator[tuple[int, Finding, str]]:
    """The column whose next value the answer is, the likeliest first."""
    if wishes.target:
        same = [at for at, name in enumerate(names) if same_name(name) == same_name(wishes.target)]
        if same:
            yield same[0], Finding("target", names[same[0]], "user", "", "confirmed"), ""
            return
    if len(names) == 1:
        yield 0, Finding("target", names[0], "model", "the only column", "inferred"), ""
        return
    stated = {place: where for place, where in said.places if place < len(names)}
    if len(stated) == 1:
        ((place, where),) = stated.items()
        yield place, Finding("target", names[place], "code", where, "inferred"), ""
        return
    usual = [at for word in _USUAL for at, name in enumerate(names) if same_name(name) == word]
    for place in dict.fromkeys([*stated, *usual, 0]):
        name = names[place]
        told = Finding("target", name, "convention", "", "inferred")
        yield place, told, f"the answer is the next {name}"


def _back(scale: Scale, place: int) -> tuple[float, float] | None:
    """What leads from the scaled column back to its unit; the request says it where it scales."""
    if scale.affine is None:
        return None
    factors, offsets = scale.affine.inverse()
    return factors[place], offsets[place]


def _told_back(scale: Scale, place: int, columns: Columns, pieces: Pieces, said: Said) -> Finding:
    name = columns.names[place]
    if scale.piece is None:
        what, origin, source = f"the range of {name} in the request, inverted", "code", ""
    else:
        what = f"{scale.piece.fitted.name} of {name}, inverted"
        origin, source = "file", pieces.short(scale.piece.path)
    if said.inverts:
        source = ", ".join(filter(None, (source, said.inverts[0])))
    return Finding("scaling of the answer", what, origin, source, "inferred")  # type: ignore[arg-type]


def _next(
    name: str, finding: Finding, back: tuple[float, float] | None, told: Finding, doubt: str
) -> Answer:
    target = TargetSchema(f"next {name}", "regression", "the network gives one number")
    rule = DecisionRule("value", "the prediction is the model's output")
    title = f"the answer is the next {name}"
    return Answer(target, rule, (finding, told), name, back, (doubt,) if doubt else (), title)
