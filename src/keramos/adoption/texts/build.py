"""A recipe of texts -> content for the network as it is, proven on a few texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.candidate import Published, Whole
from keramos.adoption.texts.original import by_parts
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.types.artifact import Content
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Preparation,
    Schema,
    TargetPreparation,
)
from keramos.types.training import GoldenRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.adoption.texts.answers import Answers
    from keramos.adoption.texts.recipe import Recipe
    from keramos.types.network import Network
    from keramos.types.table import Table

_USUAL = ("Hello, how are you?", "I love this, it's the best!", "this is terrible; I hate it", "")
_LONGEST = 200
_SHOWN = 60
_ALIKE = 1e-6


def whole(
    network: Network,
    recipe: Recipe,
    answers: Answers,
    column: str,
    seen: Sequence[str],
    shown: str = "",
    app: tuple[Recipe, str] | None = None,
) -> Whole:
    """The network with a schema of one text, its rule, and golden texts.

    ``seen`` are texts from beside the model, ``shown`` one whose answer people are shown,
    ``app`` the recipe of the source beside it and where that is.
    """
    compiled = compile_network(network)
    session, name = Session(compiled), compiled.inputs[0].name
    texts = golden_texts(recipe.words, seen)
    preparation = ColumnPreparation(column, name, "text", "refuse")
    if recipe.text is not None:
        preparation = ColumnPreparation(column, name, "text", "refuse", text=recipe.text)

    def run(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(session.run({name: values})[0], "float64")

    def original(table: object) -> NDArray[np.float64]:
        return run(_by_parts(recipe, preparation, _texts(table, column)))

    fed = prepared(preparation, texts)
    outputs, expected = run(fed), run(_by_parts(recipe, preparation, texts))
    content = Content(
        schema=Schema((ColumnSchema(column, "text", "the model takes one text"),), answers.target),
        preparation=Preparation("minmax", False, (preparation,), TargetPreparation(), ()),
        rule=answers.rule,
        golden=GoldenRows(
            (tuple(texts),),
            tuple(map(tuple, expected.tolist())),
            absolute=1e-5,
            relative=1e-4,
            reference="original parts",
        ),
    )
    difference = float(np.abs(outputs - expected).max(initial=0.0))
    shown = shown or texts[0]
    preview = _preview(shown, run(prepared(preparation, [shown]))[0], answers)
    notes = tuple(_one_label(expected, answers))
    published = None
    if app is not None and app[0].text is not None and app[0].text != recipe.text:
        theirs = ColumnPreparation(column, name, "text", "refuse", text=app[0].text)
        published = Published(
            app[1], lambda table: run(_by_parts(app[0], theirs, _texts(table, column)))
        )
    return Whole(network, content, difference, preview, original, notes, published)


def _one_label(outputs: NDArray[np.float64], answers: Answers) -> Iterator[str]:
    """A network that names one label for every golden text, whatever its words are."""
    rule = answers.rule
    if rule.kind == "value" or np.ptp(outputs, axis=0).max() <= _ALIKE:
        return  # the same answer to all is told of every family
    single = outputs.shape[1] == 1
    chosen = outputs[:, 0] >= rule.threshold if single else outputs.argmax(axis=1)
    if len(set(chosen.tolist())) == 1:
        label = rule.labels[int(chosen[0])]
        yield f"the network names {label} for all {len(outputs)} golden texts, whatever they say"


def prepared(column: ColumnPreparation, texts: Sequence[str]) -> NDArray[np.generic]:
    """What the network takes of texts."""
    from keramos.tabular.texts.table import encoder_of  # noqa: PLC0415 (few files have texts)

    if not column.text:
        return np.array(texts, object).reshape(-1, 1)
    return encoder_of(column.text).many(texts)[0]


def _by_parts(
    recipe: Recipe, column: ColumnPreparation, texts: Sequence[str]
) -> NDArray[np.generic]:
    return prepared(column, texts) if recipe.text is None else by_parts(recipe.text, texts)


def golden_texts(words: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Up to twelve short texts: some from beside the model, some of words that it knows, usual
    ones, and an empty one.
    """
    known = [" ".join(words[at : at + 5]) for at in range(0, min(len(words), 15), 5)]
    mixed = [f"{words[0].upper()}! qqqq {words[-1]}"] if words else []
    beside = [text for text in dict.fromkeys(seen) if len(text) <= _LONGEST]
    return list(dict.fromkeys([*beside[:4], *known, *mixed, *_USUAL]))


def _texts(table: Table | object, column: str) -> list[str]:
    columns = getattr(table, "columns", {})
    return [str(cell) for cell in columns[column].values.tolist()]


def _preview(text: str, scores: NDArray[np.float64], answers: Answers) -> str:
    """What one text gives."""
    said = repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
    labels = answers.rule.labels
    if not labels:
        return f"{said} gives {scores[0]:.3g}"
    single = len(scores) == 1
    best = int(scores[0] >= answers.rule.threshold) if single else int(scores.argmax())
    return f"{said} gives {labels[best]}, {float(scores.max()):.3g}"
