"""What the network's answers mean: labels, threshold, or a value that is scaled back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import same_name
from keramos.adoption.tables.parts import words_of
from keramos.errors import UnsupportedModelError, UsageError
from keramos.tabular.fitted.columns import Affine
from keramos.tabular.fitted.label_binarizer import LabelBinarizer
from keramos.tabular.fitted.label_encoder import LabelEncoder
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.types.adoption import Finding
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.adoption.tables.parts import Parts, Piece
    from keramos.adoption.wishes import Wishes
    from keramos.types.adoption import Certainty, Origin

Label = str | int | bool
_TARGET_WORDS = frozenset(
    {"y", "target", "output", "labels", "class", "classes", "outcome", "result", "prediction"}
)


_TWO = 2
_NO_AND_YES = frozenset(
    {("no", "yes"), ("n", "y"), ("false", "true"), ("fail", "pass"), ("negative", "positive")}
)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The target and the rule, what scales the answer back (None: nothing does), and what is known
    and what is not.
    """

    target: TargetSchema
    rule: DecisionRule
    scaling: tuple[float, float] | None
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    used: tuple[Piece, ...]


def answers_of(
    units: int, activation: str, found: Arrangement, parts: Parts, pieces: Pieces, wishes: Wishes
) -> Answers:
    """The meaning of ``units`` outputs with an activation.

    Raises:
        UnsupportedModelError: several numbers a row have no meaning here.
    """
    placed = {id(piece) for piece in found.used}
    free = [piece for piece in parts.pieces if id(piece) not in placed]
    name, told = _target_name(found, free, wishes)
    if activation == "softmax" or (activation == "sigmoid" and units > 1):
        return _classes(units, name, told, found, free, parts, pieces, wishes)
    if activation == "sigmoid":
        return _binary(name, told, found, free, pieces, wishes)
    if units != 1:
        raise UnsupportedModelError(
            f"the network gives {units} numbers a row that are no scores of classes"
        )
    return _value(name, told, free, pieces, wishes)


def _target_name(found: Arrangement, free: Sequence[Piece], wishes: Wishes) -> tuple[str, Finding]:
    if wishes.target:
        return wishes.target, Finding("target", wishes.target, "user", "", "confirmed")
    for piece in free:
        if len(piece.names) == 1 and piece.names[0] not in found.names:
            name = piece.names[0]
            return name, Finding("target", name, "file", piece.path.rpartition("/")[2])
    if found.evidence is not None:
        taken = {same_name(name) for name in found.names}
        left = [name for name in found.evidence.table.columns if same_name(name) not in taken]
        if left and left[-1] == list(found.evidence.table.columns)[-1]:
            return left[-1], Finding("target", left[-1], "data", "the last column", "assumed")
    free_name = next(
        name for name in ("target", "answer", "outcome", "result") if name not in found.names
    )
    return free_name, Finding("target", free_name, "convention", "", "assumed")


def _classes(
    units: int,
    name: str,
    told: Finding,
    found: Arrangement,
    free: Sequence[Piece],
    parts: Parts,
    pieces: Pieces,
    wishes: Wishes,
) -> Answers:
    notes: list[str] = []
    labels, finding, used = _labels(units, name, found, free, parts, pieces, wishes, notes)
    doubts = _order(labels) if finding.origin == "data" else ()
    target = TargetSchema(name, "multiclass", "the network gives a score for each class", labels)
    rule = DecisionRule("argmax", "the class with the largest score", labels)
    return Answers(target, rule, None, (told, finding), doubts, tuple(notes), used)


def _order(labels: Sequence[Label]) -> tuple[str, ...]:
    """Words in ascending order are what most people's encoders give, and not all."""
    words = tuple(str(label).lower() for label in labels)
    if all(isinstance(label, int) for label in labels) or words in _NO_AND_YES:
        return ()
    return (f"the outputs are {', '.join(map(str, labels))}, in this order",)


def _table_labels(found: Arrangement, name: str, units: int) -> tuple[Label, ...]:
    """The values of the target in the table, ascending, if they are as many as the outputs."""
    column = found.evidence.column(name) if found.evidence else None
    if column is None or found.evidence is None:
        return ()
    values = found.evidence.values(column)
    if len(values) != units:
        return ()
    if found.evidence.is_text(column):
        return tuple(sorted(values))
    numbers = sorted(float(value) for value in values)
    whole = all(number.is_integer() for number in numbers)
    return tuple(int(number) for number in numbers) if whole else ()


def _labels(
    units: int,
    name: str,
    placed: Arrangement,
    free: Sequence[Piece],
    parts: Parts,
    pieces: Pieces,
    wishes: Wishes,
    notes: list[str],
) -> tuple[tuple[Label, ...], Finding, tuple[Piece, ...]]:
    """The names of the outputs: from a person, an encoder of the target, or a list."""
    if wishes.labels:
        given = tuple(wishes.labels)
        if len(given) != units:
            raise UsageError(f"the recipe needs {units} labels", received=str(len(given)))
        return given, _told(given, "user", "", "confirmed"), ()
    ordered = sorted(free, key=lambda piece: -len(_TARGET_WORDS & set(piece.words)))
    for piece in ordered:
        found = _encoder_labels(piece)
        if not found or _is_of_a_column(piece, placed):
            continue
        if len(found) == units:
            return found, _told(found, "file", pieces.short(piece.path), "inferred"), (piece,)
        notes.append(
            f"{pieces.short(piece.path)} has {len(found)} classes, the network gives {units} scores"
        )
    for path, names in {**parts.labels, **parts.lists}.items():
        if len(names) == units and len(set(names)) == units:
            return tuple(names), _told(names, "file", pieces.short(path), "inferred"), ()
    known = _table_labels(placed, name, units)
    if known:
        return known, _told(known, "data", f"the values of {name}, ascending", "inferred"), ()
    numbers = tuple(range(units))
    notes.append("no file names the classes: they are numbered from 0")
    return numbers, _told(numbers, "convention", "", "assumed"), ()


def _encoder_labels(piece: Piece) -> tuple[Label, ...]:
    if isinstance(piece.fitted, (LabelEncoder, LabelBinarizer)):
        classes = piece.fitted.classes
    elif isinstance(piece.fitted, OneHotEncoder) and len(piece.fitted.categories) == 1:
        classes = piece.fitted.categories[0]
    else:
        return ()
    return tuple(_label(one) for one in classes)


def _label(value: object) -> Label:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (str, int, bool)) else str(value)


def _told(labels: Sequence[object], origin: Origin, source: str, certainty: Certainty) -> Finding:
    shown = ", ".join(map(str, labels[:8])) + (" ..." if len(labels) > 8 else "")  # noqa: PLR2004
    return Finding("labels", shown, origin, source, certainty)


def _binary(
    name: str,
    told: Finding,
    placed: Arrangement,
    free: Sequence[Piece],
    pieces: Pieces,
    wishes: Wishes,
) -> Answers:
    labels, finding, used = _two_labels(name, placed, free, pieces, wishes)
    doubts = _order(labels) if finding.origin == "data" else ()
    stated = wishes.threshold is not None
    threshold = 0.5 if wishes.threshold is None else wishes.threshold
    origin = "given" if stated else "the usual threshold for a probability"
    rule = DecisionRule("threshold", origin, labels, threshold)
    target = TargetSchema(name, "binary", "the network gives one probability", labels)
    limit = Finding(
        "threshold",
        f"{threshold:g}",
        "user" if stated else "convention",
        "",
        "confirmed" if stated else "assumed",
    )
    return Answers(target, rule, None, (told, finding, limit), doubts, (), used)


def _two_labels(
    name: str, placed: Arrangement, free: Sequence[Piece], pieces: Pieces, wishes: Wishes
) -> tuple[tuple[Label, ...], Finding, tuple[Piece, ...]]:
    """The negative and the positive label: from a person, an encoder of the target, the table."""
    if wishes.labels:
        given = tuple(wishes.labels)
        if len(given) != _TWO:
            raise UsageError("the recipe needs two labels", received=str(len(given)))
        return given, _told(given, "user", "", "confirmed"), ()
    for piece in free:
        found = _encoder_labels(piece)
        if len(found) != _TWO or _is_of_a_column(piece, placed):
            continue
        if _is_target(piece, name, len(free)):
            return found, _told(found, "file", pieces.short(piece.path), "inferred"), (piece,)
    known = _table_labels(placed, name, _TWO)
    if known:
        return known, _told(known, "data", f"the values of {name}, ascending", "inferred"), ()
    return (0, 1), _told((0, 1), "convention", "", "assumed"), ()


def _is_of_a_column(piece: Piece, found: Arrangement) -> bool:
    """Whether an encoder that was not placed belongs to a column nevertheless: its classes are
    those of one that was, or its file has the name of a column.
    """
    if any(one is not piece and one.classes == piece.classes for one in found.used):
        return True
    return any(set(words_of(name)) <= set(piece.words) for name in found.names if words_of(name))


def _is_target(piece: Piece, name: str, others: int) -> bool:
    words = set(piece.words)
    said = same_name(piece.key) == same_name(name) or bool(set(words_of(name)) & words)
    return said or bool(_TARGET_WORDS & words) or others == 1


def _value(
    name: str, told: Finding, free: Sequence[Piece], pieces: Pieces, wishes: Wishes
) -> Answers:
    rule = DecisionRule("value", "the prediction is the model's output")
    target = TargetSchema(name, "regression", "the network gives one number")
    scalers = [
        piece
        for piece in free
        if isinstance(piece.fitted, Affine)
        and piece.fitted.inputs == 1
        and (wishes.target_scaler is None or piece.path.endswith(wishes.target_scaler))
    ]
    if wishes.target_scaler == "none" or not scalers:
        finding = Finding("scaling of the answer", "none", "convention", "", "assumed")
        return Answers(target, rule, None, (told, finding), (), (), ())
    piece = scalers[0]
    assert isinstance(piece.fitted, Affine)  # noqa: S101 (chosen above)
    (scale,), (offset,) = piece.fitted.inverse()
    finding = Finding(
        "scaling of the answer",
        f"{piece.fitted.name}, inverted",
        "file",
        pieces.short(piece.path),
    )
    doubts = () if len(scalers) == 1 else ("several files could scale the answer back",)
    return Answers(target, rule, (scale, offset), (told, finding), doubts, (), (piece,))


def with_factors(answers: Answers, parts: Parts, pieces: Pieces) -> list[Answers]:
    """The answers, and where a lone number beside the model may be what the target was divided by,
    those times the number first.
    """
    if answers.rule.kind != "value" or answers.scaling is not None:
        return [answers]
    found = []
    for path, number in parts.numbers.items():
        words = set(words_of(path.rpartition("/")[2]))
        if words & (_TARGET_WORDS | {"max", "price", "scale"}) and number not in (0.0, 1.0):
            source = pieces.short(path)
            finding = Finding("scaling of the answer", f"times {number:g}", "file", source)
            kept = tuple(one for one in answers.findings if one.what != finding.what)
            found.append(replace(answers, scaling=(number, 0.0), findings=(*kept, finding)))
    return [*found, answers]


def title_of(answers: Answers) -> str:
    """What the answer is scaled by, in a word or two; "" for nothing."""
    if answers.scaling is None:
        return ""
    scale, offset = answers.scaling
    return f", answer times {scale:g}" + (f" plus {offset:g}" if offset else "")
