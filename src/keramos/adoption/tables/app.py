"""What the source of an app leaves out between a raw row and its answer. It is never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from keramos.adoption.candidate import Published
from keramos.adoption.source import trees
from keramos.adoption.tables.build import original
from keramos.tabular.fitted.chain import Chain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from keramos.adoption.tables.answers import Answers
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.network import Network
    from keramos.types.schema import Schema

_TRAINS = frozenset({"compile", "fit_generator"})
_NUMBERS = frozenset({"mean_", "scale_", "var_", "min_", "data_min_", "data_max_", "data_range_"})
"""What a scaler learned, for whoever scales by hand."""
_SCALES = frozenset({"transform", "fit_transform", "preprocess", "make_pipeline"}) | _NUMBERS
_INVERTS = frozenset({"inverse_transform"}) | _NUMBERS


@dataclass(frozen=True, slots=True)
class App:
    """A source that asks a model: where it asks, whether anything in the sources scales rows or
    scales answers back, and where a scaler is fitted on what is asked ("": nowhere).
    """

    where: str
    scales: bool
    inverts: bool
    fits: str = ""


def app_of(paths: Sequence[str]) -> App | None:
    """The app among the sources; those that train are left out."""
    words: set[str] = set()
    asked, fits = "", ""
    for name, tree in trees(paths):
        said = dict(_words(tree))
        if _TRAINS & said.keys():
            continue
        words |= said.keys()
        if "load_model" in said and "predict" in said:
            asked = asked or f"{name}:{said['predict']}"
            fits = fits or (f"{name}:{said['fit_transform']}" if "fit_transform" in said else "")
    if not asked:
        return None
    return App(asked, bool(words & _SCALES), bool(words & _INVERTS), fits)


def _words(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Attributes and names of a source with the first line of each."""
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Name))]
    for node in sorted(found, key=lambda one: -one.lineno):
        yield (node.attr if isinstance(node, ast.Attribute) else node.id), node.lineno


def told(app: App | None, found: Arrangement, answers: Answers) -> Iterator[str]:
    """What the app does otherwise than the recipe, each in one sentence."""
    if app is None:
        return
    scalers = _scalers(found)
    if scalers and not app.scales:
        yield f"{app.where} asks the model, and no line of the source scales a row"
    if scalers and app.fits:
        yield f"{app.fits} fits a scaler on the rows that are asked, not on those of the training"
    if _is_inverted(answers) and not app.inverts:
        yield f"{app.where} asks the model, and no line of the source scales the answer back"


def published(
    app: App | None,
    body: Network,
    shape: tuple[int, ...],
    found: Arrangement,
    answers: Answers,
    schema: Schema,
) -> Published | None:
    """What the app answers, where it leaves a scaler out; None where it does not, or fits one."""
    how = []
    if app is None or app.fits:
        return None
    theirs, back = found, answers
    if not app.scales and (scalers := _scalers(found)):
        theirs = replace(found, transform=without(found.transform, scalers))
        how.append("rows that are not scaled")
    if not app.inverts and _is_inverted(answers):
        back = replace(answers, scaling=None)
        how.append("answers that are not scaled back")
    if not how:
        return None
    text = f"{app.where}: {' and '.join(how)}"
    return Published(text, partial(original, body, shape, theirs, back, schema))


def _scalers(found: Arrangement) -> list[Fitted]:
    return [piece.fitted for piece in found.used if piece.is_scaler]


def _is_inverted(answers: Answers) -> bool:
    """Whether a scaler scales the answer back."""
    return answers.scaling is not None and any(piece.is_scaler for piece in answers.used)


def without(transform: Fitted, left_out: Collection[Fitted]) -> Fitted:
    """A transform without some of its steps."""
    if any(transform is one for one in left_out):
        return Chain(())
    if isinstance(transform, Chain):
        return Chain(tuple(without(step, left_out) for step in transform.steps))
    return transform
