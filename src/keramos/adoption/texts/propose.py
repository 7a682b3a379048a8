"""Recipes for models of one text."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.adoption.candidate import Candidate
from keramos.adoption.texts.answers import answers_of
from keramos.adoption.texts.bags import bags, word_lists
from keramos.adoption.texts.build import whole
from keramos.adoption.texts.code import said_by
from keramos.adoption.texts.different import different
from keramos.adoption.texts.matrices import matrices, vectorized, vectorizers
from keramos.adoption.texts.network import table_of, taken_by
from keramos.adoption.texts.recipe import Recipe
from keramos.adoption.texts.vocabularies import sequences, tokenizers
from keramos.errors import UnsupportedModelError, UsageError
from keramos.types.adoption import Finding
from keramos.types.companions import Intents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.answers import Answers
    from keramos.adoption.texts.code import Said
    from keramos.adoption.texts.network import Taken
    from keramos.adoption.wishes import Wishes
    from keramos.types.artifact import Artifact

FAMILY = "texts"
_SETTINGS = ("length", "padding", "truncating", "cleaning")
_MOST = 8
"""Candidates of one model."""


def recognise(artifact: Artifact, pieces: Pieces) -> bool:
    """Whether the model takes a text, or what a vocabulary beside it makes of one."""
    taken = taken_by(artifact.network)
    if taken is None:
        return bool(table_of(artifact.network) and tokenizers(pieces))
    if taken.takes != "row":
        return True
    width = taken.length
    kinds = (word_lists(pieces, width), vectorizers(pieces, width), _of_width(pieces, width))
    return any(next(iter(found), None) is not None for found in kinds)


def _of_width(pieces: Pieces, width: int) -> Iterator[object]:
    """Tokenizers whose matrices have as many columns as the network takes numbers."""
    for _, tokenizer in tokenizers(pieces):
        if (tokenizer.num_words or len(tokenizer.words) + 1) == width:
            yield tokenizer


def propose(path: str, artifact: Artifact, pieces: Pieces, wishes: Wishes) -> list[Candidate]:
    """The recipes, the likeliest first.

    Raises:
        UnsupportedModelError: no vocabulary or list of labels fits; the source changes texts first.
        UsageError: a setting has a value that no recipe has.
    """
    _check_settings(wishes)
    network = artifact.network
    taken = taken_by(network)
    if taken is None or not taken.units:
        raise UnsupportedModelError(
            "the network does not turn one text into one row of scores: models with several texts, "
            "or that write a text word by word, need the program that calls them"
        )
    said = said_by(pieces.sources)
    if wishes.model is None:
        _check_loaded(path, pieces, said)
    column = wishes.columns[0] if wishes.columns and len(wishes.columns) == 1 else "text"
    seen = _seen(pieces)
    app = _app(taken, pieces, said, wishes)
    pairs, shown = _pairs(path, artifact, taken, pieces, said, wishes)
    return [
        Candidate(
            FAMILY,
            f"{pieces.short(path)} with {recipe.title}",
            (
                Finding("model", pieces.short(path), "file"),
                *_column(wishes),
                *recipe.findings,
                *answers.findings,
            ),
            partial(whole, network, recipe, answers, column, seen, shown, app),
            tuple(one for one in (recipe.sides, *recipe.doubts, *answers.doubts) if one),
            (*recipe.notes, *answers.notes),
            (*recipe.parts, *answers.parts),
        )
        for recipe, answers in pairs
    ]


def _app(taken: Taken, pieces: Pieces, said: Said, wishes: Wishes) -> tuple[Recipe, str] | None:
    """The recipe of the source and where it is said, where a person states another one."""
    if taken.takes in {"text", "row"} or not wishes.settings or not said.paddings:
        return None
    try:
        found = next(iter(sequences(taken, pieces, said, {})), None)
    except UnsupportedModelError:
        return None
    told = [one for one in found.findings if one.origin == "code"] if found else []
    how = ", ".join(f"{one.what} {one.value}" for one in told)
    return (found, f"{told[0].source}: {how}") if found and told else None


def _pairs(
    path: str, artifact: Artifact, taken: Taken, pieces: Pieces, said: Said, wishes: Wishes
) -> tuple[list[tuple[Recipe, Answers]], str]:
    """Recipes with what their answers mean, and a text that shows how the first two differ."""
    found = list(_recipes(taken, pieces, said, wishes))
    kept, shown = different(artifact.network, found)
    pairs = [
        (recipe, answers)
        for recipe in kept
        for answers in answers_of(
            path, artifact.network, taken.units, recipe.words, pieces, said, wishes
        )
    ]
    return pairs[:_MOST], shown


def _recipes(taken: Taken, pieces: Pieces, said: Said, wishes: Wishes) -> Iterator[Recipe]:
    if taken.takes == "text":
        how = Finding("text", "the network's own layers read it", "model")
        yield Recipe(None, "its own layers", (), (how,))
        return
    if taken.takes == "row":
        yield from bags(taken, pieces, said)
        yield from vectorized(taken, pieces)
        _check_cleaning(said, wishes)
        yield from matrices(taken, pieces, said)
        return
    _check_cleaning(said, wishes)
    yield from sequences(taken, pieces, said, wishes.settings)


def _check_cleaning(said: Said, wishes: Wishes) -> None:
    if said.cleaning and wishes.settings.get("cleaning") != "none":
        raise UnsupportedModelError(
            f"the app changes texts before the tokenizer has them ({said.cleaning[0]}), which is "
            "code",
            remedy='Say settings = {cleaning = "none"} in a recipe if texts come as they were then',
        )


def _check_loaded(path: str, pieces: Pieces, said: Said) -> None:
    """Of several models the one counts that the source loads."""
    loaded = {Path(name).name for name in said.models}
    beside = {Path(model).name for model in pieces.models}
    if loaded & beside and Path(path).name not in loaded:
        raise UnsupportedModelError(
            f"the app loads {', '.join(sorted(loaded & beside))[:200]}, not this model"
        )


def _column(wishes: Wishes) -> Iterator[Finding]:
    if wishes.columns and len(wishes.columns) == 1:
        yield Finding("columns", wishes.columns[0], "user", "", "confirmed")


def _check_settings(wishes: Wishes) -> None:
    unknown = [name for name in wishes.settings if name not in _SETTINGS]
    if unknown or wishes.settings.get("cleaning", "none") != "none":
        raise UsageError(
            "the recipe of texts has no such setting",
            option=unknown[0] if unknown else "cleaning",
            remedy=f"There are {', '.join(_SETTINGS)}",
        )


def _seen(pieces: Pieces) -> Sequence[str]:
    """Texts beside the model: the patterns of intents."""
    found = [one.value for one in pieces.companions if isinstance(one.value, Intents)]
    return [text for value in found for texts in value.patterns for text in texts[:1]]
