"""A model and everything that lay beside it -> one file that takes raw input."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.families import FAMILIES
from keramos.adoption.pieces import gather
from keramos.adoption.wishes import stated, wishes_of
from keramos.errors import ModelError, UnsupportedModelError, UsageError
from keramos.inference.summary import as_text, content_lines
from keramos.pipeline.adopted_file import save
from keramos.pipeline.comparison import compare
from keramos.pipeline.reading import about, opened
from keramos.types.adoption import Adoption, Question
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.adoption.candidate import Candidate, Published
    from keramos.adoption.pieces import Pieces
    from keramos.adoption.wishes import Wishes
    from keramos.errors import KeramosError
    from keramos.pipeline.adopted_file import Form
    from keramos.pipeline.comparison import Compared
    from keramos.types.artifact import Artifact, Content
    from keramos.types.companions import LeftOut
    from keramos.types.limits import Limits
    from keramos.types.network import Network
    from keramos.types.training import GoldenRows

_ALIKE = 1e-6


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Adopted:
    """A model that takes raw input, ready to be saved; ``difference`` is the largest between its
    answers and those of the original parts on golden rows.
    """

    network: Network
    content: Content
    difference: float
    left_out: tuple[LeftOut, ...] = ()
    original: Callable[[object], NDArray[np.float64]] | None = None
    published: Published | None = None
    source: Artifact | None = None

    def __repr__(self) -> str:
        """Columns, target, rule, and how near the answers are to those of the original parts."""
        near = ("difference", f"{self.difference:.3g} at most from the original parts")
        return as_text("keramos adoption", [*content_lines(self.content), near])

    @property
    def golden(self) -> GoldenRows:
        """The golden rows, with the answers of the original parts."""
        golden = self.content.golden
        if golden is None:  # every recipe is proven
            raise UnsupportedModelError("the recipe has no golden rows")
        return golden

    def compare(self, table: object) -> Compared:
        """The answers to a table, a folder of pictures or a series beside those of the original
        parts and, where its source does otherwise, of the app.

        Raises:
            DataError: the table lacks a column.
        """
        return compare(self.network, self.content, self.original, table, self.published)

    def save(self, path: str | Path, *, upgrade: bool = False) -> Form:
        """Write one ``.h5`` or ``.keras`` file, completely or not at all; gives which Keras opens
        it.

        A network that adoption leaves as it is stays as its Keras wrote it, in a file of the
        source's extension; ``upgrade`` writes it for current Keras, as all others are.

        Raises:
            UsageError: the extension is unknown.
            SaveError: the file could not be written; what was there before is untouched.
        """
        return save(path, self.network, self.content, self.source, upgrade=upgrade)


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """What was found: recipes, the likeliest first, and the question that decides between them
    (None: the pieces fit in one way only).
    """

    candidates: tuple[Candidate, ...]
    question: Question | None
    left_out: tuple[LeftOut, ...]

    def adopted(self, answer: int = 0) -> Adopted:
        """The answer's recipe, built and proven.

        Raises:
            MismatchError: it answers otherwise than the original parts.
        """
        chosen = self.candidates[answer]
        made = chosen.build()
        findings = chosen.findings
        if self.question is not None:
            findings = tuple(
                replace(one, certainty="confirmed") if one.certainty == "inferred" else one
                for one in findings
            )
        notes = (*chosen.notes, *made.notes, *_told(made.content.golden))
        adoption = Adoption(chosen.family, findings, chosen.parts, notes)
        content = replace(made.content, adoption=adoption)
        parts = (made.difference, self.left_out, made.original, made.published)
        return Adopted(made.network, content, *parts, chosen.source)

    def previews(self) -> list[str]:
        """The answers to the question; the first two with what they give for one raw input."""
        texts = list(self.question.answers if self.question else ())
        for place, one in enumerate(self.candidates[:2] if len(texts) > 1 else ()):
            texts[place] += f" ({one.build().preview})"
        return texts


def propose(
    model: str | Path,
    companions: Sequence[str | Path] = (),
    *,
    recipe: str | Path | Mapping[str, object] | Wishes | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Proposal:
    """The recipes for a model and its companions, or for a folder.

    Raises:
        UnsupportedModelError: no recipe was found; says what is missing.
        UsageError: there is no model, or the recipe is not one.
    """
    wishes = wishes_of(recipe)
    pieces = gather([os.fspath(path) for path in (model, *companions)], limits)
    models = _opened(_models(pieces, wishes), by, limits)
    candidates: list[Candidate] = []
    reasons: list[KeramosError] = []
    for path, artifact in models:
        try:
            candidates += _proposed(path, artifact, pieces, wishes)
        except ModelError as error:
            reasons.append(error)
    if not candidates:
        raise reasons[0]
    return Proposal(tuple(candidates), _question(candidates), pieces.left_out)


def adopt(
    model: str | Path,
    companions: Sequence[str | Path] = (),
    *,
    recipe: str | Path | Mapping[str, object] | Wishes | None = None,
    choose: int | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Adopted:
    """Fold a model and what lies beside it into one that takes raw input.

    Args:
        model: a model file, or a folder with one and its companions.
        companions: pickles, lists of labels, tables; nothing in them is run.
        recipe: values that a person states, a TOML file or a mapping; its keys are those of
            ``keramos.adoption.wishes.Wishes``.
        choose: the answer to the question, from 1 on, where the pieces fit in several ways.
        by: ``config`` or ``graph``, as for ``load``.
        limits: bounds on what the files may declare.

    Raises:
        UnsupportedModelError: no recipe was found, or several were and none was chosen.
        UsageError: there is no model, or the recipe is not one.
    """
    proposal = propose(model, companions, recipe=recipe, by=by, limits=limits)
    if proposal.question is None or choose is not None:
        return proposal.adopted(answer_of(proposal, choose))
    raise undecided(proposal).at(file=os.fspath(model))


def undecided(proposal: Proposal) -> UnsupportedModelError:
    """The question as an error, for whoever cannot be asked."""
    question = proposal.question or Question("", ())
    listed = "; ".join(f"{number}: {one}" for number, one in enumerate(question.answers, 1))
    return UnsupportedModelError(
        f"{question.text} {listed}",
        remedy="Choose an answer with choose= (--choose), or say it in a recipe",
    )


def answer_of(proposal: Proposal, choose: int | None) -> int:
    """The place of the recipe that an answer (from 1 on; None: the first) means.

    Raises:
        UsageError: there is no such answer.
    """
    if choose is None:
        return 0
    if not 1 <= choose <= len(proposal.candidates):
        raise UsageError(
            f"the answer must be 1 to {len(proposal.candidates)}",
            option="choose",
            received=str(choose),
        )
    return choose - 1


def _models(pieces: Pieces, wishes: Wishes) -> list[str]:
    if wishes.model is None:
        return list(pieces.models)
    found = [path for path in pieces.models if path.endswith(wishes.model)]
    if not found:
        raise UsageError("there is no such model", option="model", received=wishes.model)
    return found


def _opened(paths: Sequence[str], by: str | None, limits: Limits) -> list[tuple[str, Artifact]]:
    """The models that can be opened, each once: copies of one network count as one."""
    found: list[tuple[str, Artifact]] = []
    failed: list[KeramosError] = []
    for path in paths:
        try:
            with about(path):
                artifact = opened(path, by=by, limits=limits)
        except ModelError as error:
            failed.append(error)
            continue
        if not any(_same(artifact.network, other.network) for _, other in found):
            found.append((path, artifact))
    if not found:
        raise failed[0]
    return found


def _same(first: Network, second: Network) -> bool:
    pairs = [
        [array for layer in network.layers.values() for array in layer.weights]
        for network in (first, second)
    ]
    return len(pairs[0]) == len(pairs[1]) and all(
        a.shape == b.shape and np.array_equal(a, b) for a, b in zip(*pairs, strict=True)
    )


def _proposed(path: str, artifact: Artifact, pieces: Pieces, wishes: Wishes) -> list[Candidate]:
    with about(path):
        for family in FAMILIES:
            if wishes.family not in (None, family.name):
                continue
            if family.recognise(artifact, pieces):
                _check_keys(stated(wishes), family.reads, family.name)
                found = family.propose(path, artifact, pieces, wishes)
                return [replace(one, source=artifact) for one in _using(wishes, found)]
        names = ", ".join(family.name for family in FAMILIES)
        raise UnsupportedModelError(
            f"the model is of no family that can be adopted; there are {names}"
        )


def _check_keys(keys: Sequence[str], known: Collection[str], family: str) -> None:
    unread = [key for key in keys if key not in known]
    if unread:
        raise UnsupportedModelError(
            f"a recipe of {family} has no '{unread[0]}'",
            remedy=f"It has {', '.join(sorted(known))}",
        )


def _using(wishes: Wishes, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates in which everything that a person states is used."""
    unused = [next(_unused(wishes, one), None) for one in candidates]
    left = [one for one, key in zip(candidates, unused, strict=True) if key is None]
    if candidates and not left:
        raise UnsupportedModelError(
            f"the model and its companions cannot use the recipe's {unused[0]}",
            remedy="Leave that out of the recipe, or state what fits",
        )
    return left


def _unused(wishes: Wishes, candidate: Candidate) -> Iterator[str]:
    """What a person states and no finding of the candidate comes from."""
    found = {finding.what: finding for finding in candidate.findings}
    given = stated(wishes)
    yield from (key for key in ("labels", "threshold") if key in given and key not in found)
    if "columns" in given and not ("columns" in found and found["columns"].origin == "user"):
        yield f"{len(wishes.columns or ())} columns"
    for column, file in wishes.encoders.items():
        told = found.get(f"column {column}")
        source = "" if file == "none" else Path(file).name
        if told is None or (told.origin != "user" and Path(told.source).name != source):
            yield f"encoder of '{column}'"


def _told(golden: GoldenRows | None) -> list[str]:
    """What golden rows show: a network that answers all of them alike."""
    answers = np.array(golden.outputs) if golden is not None else np.empty((0, 1))
    if len(answers) > 1 and np.ptp(answers, axis=0).max(initial=0.0) <= _ALIKE * max(
        1.0, float(np.abs(answers).max())
    ):
        return [f"the network gives all {len(answers)} golden rows the same answer"]
    return []


def _question(candidates: Sequence[Candidate]) -> Question | None:
    if len(candidates) > 1:
        answers = tuple("; ".join((one.title, *one.doubts)) for one in candidates)
        return Question("The pieces fit in several ways. Which is right?", answers)
    (only,) = candidates
    if only.doubts:
        return Question("Is this right?", ("; ".join(only.doubts),))
    return None
