"""Which recipes of texts a network can tell apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.tabular.texts.table import encoder_of
from keramos.types.texts import KerasWords, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Items

    from numpy.typing import NDArray

    from keramos.adoption.texts.recipe import Recipe
    from keramos.types.network import Network

_ALIKE = 1e-6
_MOST_WORDS = 2_000


def different(network: Network, recipes: Items[Recipe]) -> tuple[list[Recipe], str]:
    """Recipes that answer otherwise, and a text that shows how the first two do.

    Where sides differ and answers do not, as before a layer that takes the mean of all words,
    nobody needs to be asked.
    """
    if len(recipes) <= 1:
        return list(recipes), ""
    session, name = Session(compile_network(network)), ""
    name = compile_network(network).inputs[0].name
    kept: list[tuple[Recipe, NDArray[np.float64]]] = []
    texts = list(_probes(recipes[0]))
    for recipe in recipes:
        if recipe.text is None:
            continue
        given = encoder_of(recipe.text).many(texts)[0]
        found = np.asarray(session.run({name: given})[0], "float64")
        if not any(
            recipe.words == other.words and np.abs(found - answers).max() <= _ALIKE
            for other, answers in kept
        ):
            kept.append((recipe, found))
    left = [recipe for recipe, _ in kept]
    if len(left) == 1:
        return [replace(left[0], sides="")], ""
    gaps = np.abs(kept[0][1] - kept[1][1]).reshape(len(texts), -1).max(axis=1)
    return left, texts[int(gaps.argmax())]


def _probes(recipe: Recipe) -> Iterator[str]:
    """A text of few words, one of almost as many as fit, one of more, and one of odd words."""
    numbers = recipe.text.numbers if recipe.text else None
    length = numbers.length if isinstance(numbers, Sequence) else 0
    characters = recipe.text and isinstance(recipe.text.words, KerasWords)
    joint = "" if characters and recipe.text.words.characters else " "  # type: ignore[union-attr]
    known = recipe.words[1:40] or recipe.words
    yield joint.join(known[:3])
    yield joint.join(known[: max(1, min(length - 1, len(known)))])
    more = min(length + 3, _MOST_WORDS)
    yield joint.join([known[place % len(known)] for place in range(more)])
    yield joint.join([word for word in recipe.words if not word.isalnum()][:40])
    yield joint.join(known[:3]).capitalize()
