"""What the scores of a text model mean: labels, threshold and where they are known from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.adoption.tables.propose import activation_of
from keramos.errors import KeramosError, UnsupportedModelError
from keramos.tabular.fitted.attributes import cells
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Intents, Labels, Record
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.code import Said
    from keramos.adoption.wishes import Wishes
    from keramos.types.adoption import Certainty, Origin
    from keramos.types.companions import Companion
    from keramos.types.network import Network
    from keramos.types.schema import Label, Task

_ENCODERS = frozenset({"LabelEncoder", "LabelBinarizer"})
_WORDS = frozenset(
    {"label", "labels", "classes", "class", "tags", "categories", "emotions", "names"}
)
_PADDING = "(padding)"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels in the order of the scores, where they are from and what has to be confirmed."""

    labels: tuple[Label, ...]
    origin: Origin
    source: str = ""
    doubt: str = ""
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The target and the rule, with what is told about them."""

    target: TargetSchema
    rule: DecisionRule
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def answers_of(
    path: str,
    network: Network,
    units: int,
    words: Sequence[str],
    pieces: Pieces,
    said: Said,
    wishes: Wishes,
) -> list[Answers]:
    """What the scores may mean, the likeliest first.

    Raises:
        UnsupportedModelError: the lists beside the model are for another number of scores.
    """
    activation = activation_of(network)
    if units == 1 and activation not in {"sigmoid", "hard_sigmoid"} and not wishes.labels:
        return [_value(wishes)]
    needed = max(units, 2)
    found = list(_labelled(path, needed, words, pieces, said, wishes))
    kept = [one for one in found if len(one.labels) == needed]
    if found and not kept and any(one.origin in {"file", "user"} for one in found):
        listed = ", ".join(
            f"{one.source or 'the recipe'} has {len(one.labels)}" for one in found[:4]
        )
        raise UnsupportedModelError(
            f"no list of labels fits the {needed} answers of the network: {listed}",
            remedy="Give the right one, or state labels in a recipe",
        )
    if not kept:
        numbers = tuple(str(place) for place in range(needed))
        doubt = f"no list of labels lies beside the model: answers are called 0 to {needed - 1}"
        kept = [Labelled(numbers, "convention", "", doubt)]
    return [_answers(one, units, activation, said, wishes) for one in _distinct(kept)]


def _distinct(found: Sequence[Labelled]) -> list[Labelled]:
    """Lists that name the answers otherwise; a list of the source counts only where no file has
    one.
    """
    kept: list[Labelled] = []
    for one in found:
        sure = bool(kept) and not kept[0].doubt
        if sure and (kept[0].origin == "user" or one.origin == "code"):
            continue
        if not any(tuple(map(str, one.labels)) == tuple(map(str, other.labels)) for other in kept):
            kept.append(one)
    return kept[:2]


def _value(wishes: Wishes) -> Answers:
    target = TargetSchema(wishes.target or "value", "regression", "the network gives one number")
    rule = DecisionRule("value", "the network gives one number without a bound")
    return Answers(target, rule, (Finding("answer", "a number as it is", "model"),))


def _answers(found: Labelled, units: int, activation: str, said: Said, wishes: Wishes) -> Answers:
    task: Task = "binary" if units == 1 else "multiclass"
    labels = _apart(found.labels)
    target = TargetSchema(
        wishes.target or "label", task, "the network gives a score for each class", labels
    )
    sure: Mapping[str, Certainty] = {"user": "confirmed", "file": "stated"}
    text = ", ".join(map(str, labels))[:200]
    findings = [
        Finding("labels", text, found.origin, found.source, sure.get(found.origin, "assumed"))
    ]
    if wishes.target:
        findings.append(Finding("target", wishes.target, "user", "", "confirmed"))
    doubts: tuple[str, ...] = (found.doubt,) if found.doubt else ()
    if units > 1:
        rule = DecisionRule("argmax", "the class with the largest score", labels)
        if activation in {"sigmoid", "hard_sigmoid"}:
            doubts += ("each score stands for itself (sigmoid), and only the largest is named",)
    else:
        threshold, origin, where = _threshold(said, wishes)
        rule = DecisionRule("threshold", where or "the usual threshold", labels, threshold)
        certain = sure.get(origin, "assumed")
        findings.append(Finding("threshold", f"{threshold:g}", origin, where, certain))
    parts = (found.part,) if found.part else ()
    return Answers(target, rule, tuple(findings), doubts, (), parts)


def _threshold(said: Said, wishes: Wishes) -> tuple[float, Origin, str]:
    if wishes.threshold is not None:
        return wishes.threshold, "user", ""
    if said.named:
        return said.named[0].threshold, "code", said.named[0].where
    return 0.5, "convention", ""


def _apart(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Positions are the identity of classes, not names: repeated names get their position."""
    often = {label for label, count in Counter(labels).items() if count > 1}
    return tuple(
        f"{label} ({place})" if label in often else label for place, label in enumerate(labels)
    )


def _labelled(
    path: str, needed: int, words: Sequence[str], pieces: Pieces, said: Said, wishes: Wishes
) -> Iterator[Labelled]:
    """All lists that may name the scores, the most certain first."""
    if wishes.labels:
        yield Labelled(tuple(wishes.labels), "user")
        return
    if needed == 2 and said.named:  # noqa: PLR2004 (below and above a threshold)
        one = said.named[0]
        doubt = "" if one.sure else f"the scores are named as {one.where} does"
        yield Labelled((one.below, one.above), "code", one.where, doubt)
    beside = sorted(pieces.companions, key=lambda one: Path(one.path).parent != Path(path).parent)
    if wishes.labels_from:
        beside = [one for one in beside if one.path.endswith(wishes.labels_from)]
    for companion in beside:
        names = tuple(_label(one) for one in _names(companion))
        if names and tuple(map(str, names)) != tuple(words):
            source = pieces.short(companion.path)
            yield Labelled(names, "file", source, "", Part(source, companion.sha256))
    for companion in beside:
        if isinstance(companion.value, Intents):
            yield from _tags(companion, pieces)
    if needed == len(words) + 1:
        yield Labelled((_PADDING, *words), "file", "the vocabulary itself")
    lists = [one for one in said.lists if len(one[0]) == needed and len(set(one[0])) == needed]
    for names_in_code, where in lists[:2]:
        yield Labelled(names_in_code, "code", where, f"the labels are those of {where}")


def _tags(companion: Companion, pieces: Pieces) -> Iterator[Labelled]:
    """The tags of intents in alphabetical order, as encoders number them."""
    value, source = companion.value, pieces.short(companion.path)
    tags = tuple(sorted(set(value.tags))) if isinstance(value, Intents) else ()
    doubt = f"the tags of {source} are taken in alphabetical order"
    yield Labelled(tags, "file", source, doubt, Part(source, companion.sha256))


def _label(value: object) -> Label:
    if isinstance(value, (str, bool, int)):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else str(value)


def _names(companion: Companion) -> Sequence[object]:
    """The names in a file that may list labels; none for others."""
    value = companion.value
    if isinstance(value, Record) and value.kind.name in _ENCODERS:
        value = value.state.get("classes_")
    elif not _WORDS & set(re.split(r"[^a-z]+", Path(companion.path).stem.lower())):
        return ()
    if isinstance(value, dict):
        by_place = {place: name for name, place in value.items() if type(place) is int}
        by_place = by_place or {key: name for key, name in value.items() if type(key) is int}
        value = [by_place.get(place) for place in range(len(value))]
    if isinstance(value, Labels):
        value = value.names
    try:
        found = cells(value, "labels")
    except KeramosError:
        return ()
    return found if all(isinstance(one, (str, int, float)) for one in found) else ()
