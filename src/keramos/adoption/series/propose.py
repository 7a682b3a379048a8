"""Recipes for models of a series."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.adoption.candidate import Candidate
from keramos.adoption.series.answer import Known
from keramos.adoption.series.answers import answers_of
from keramos.adoption.series.build import whole
from keramos.adoption.series.code import said_by
from keramos.adoption.series.columns import columns_of
from keramos.adoption.series.recipe import Recipe
from keramos.adoption.series.scale import scales_of
from keramos.adoption.series.traps import traps
from keramos.adoption.series.window import window_of
from keramos.adoption.tables.parts import parts_of
from keramos.errors import UnsupportedModelError, UsageError
from keramos.types.adoption import Finding, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.series.code import Said
    from keramos.adoption.series.window import Window
    from keramos.adoption.tables.parts import Parts
    from keramos.adoption.wishes import Wishes
    from keramos.types.artifact import Artifact
    from keramos.types.network import Network

FAMILY = "series"
_MOST_WINDOW = 1 << 16
_SETTINGS = frozenset({"window", "steps", "values"})


def recognise(artifact: Artifact, pieces: Pieces) -> bool:
    """Whether the model takes a window of rows, by its layers and the scalers beside it."""
    return _window(artifact.network, parts_of(pieces)) is not None


def _window(network: Network, parts: Parts) -> Window | None:
    return window_of(network, {piece.width for piece in parts.pieces if piece.is_scaler})


def propose(path: str, artifact: Artifact, pieces: Pieces, wishes: Wishes) -> list[Candidate]:
    """The recipes, the likeliest first.

    Raises:
        UnsupportedModelError: a piece is missing; says which.
        UsageError: what a person states does not fit.
    """
    network, parts = artifact.network, parts_of(pieces)
    window = _window(network, parts)
    if window is None:
        raise UnsupportedModelError("the model takes no window of a series")
    said = said_by(pieces.sources)
    length, told = _length(window, said, wishes)
    found = [
        (Recipe(window, length, columns, scale, answer), told)
        for scale in scales_of(path, network, window.width, parts, pieces, said, wishes)
        for columns in [columns_of(window.width, scale.piece, parts, pieces, said, wishes)]
        for known in [Known(columns, scale, parts, pieces, said, wishes, length)]
        for answer in answers_of(path, network, known)
    ]
    return [_candidate(path, network, recipe, told, pieces, said) for recipe, told in found]


def _length(window: Window, said: Said, wishes: Wishes) -> tuple[int, Finding]:
    """The rows of a window: of the model, of a person, or of the source.

    Raises:
        UnsupportedModelError: nothing says it.
        UsageError: what a person states is not that of the model, or no length.
    """
    unknown = sorted(set(wishes.settings) - _SETTINGS)
    if unknown:
        raise UsageError("the recipe of series has no such setting", option=unknown[0])
    stated = wishes.settings.get("window")
    if stated is not None and (type(stated) is not int or not 1 < stated <= _MOST_WINDOW):
        raise UsageError("the window is a number of rows", option="window", received=repr(stated))
    if window.length is not None:
        if stated not in (None, window.length):
            raise UsageError(
                f"the model takes windows of {window.length} rows",
                option="window",
                received=str(stated),
            )
        return window.length, Finding("window", f"{window.length} rows", "model")
    if isinstance(stated, int):
        return stated, Finding("window", f"{stated} rows", "user", "", "confirmed")
    lengths = {length for length, _ in said.windows}
    if len(lengths) != 1:
        raise UnsupportedModelError(
            "the model takes windows of any length, and nothing says which it was trained with",
            remedy="State it in a recipe: settings = {window = 60}",
        )
    length, where = said.windows[0]
    return length, Finding("window", f"{length} rows", "code", where, "inferred")


def _candidate(
    path: str, network: Network, recipe: Recipe, told: Finding, pieces: Pieces, said: Said
) -> Candidate:
    used = [one for one in (recipe.scale.piece, recipe.answer.piece) if one is not None]
    return Candidate(
        FAMILY,
        _title(pieces.short(path), recipe),
        (
            Finding("model", pieces.short(path), "file"),
            told,
            recipe.columns.finding,
            recipe.scale.finding,
            *recipe.answer.findings,
        ),
        partial(whole, network, recipe, "" if said.inverts else next(iter(said.factors), "")),
        doubts=tuple(_doubts(recipe)),
        notes=tuple(traps(network, recipe, pieces, said)),
        parts=(
            *(
                Part(
                    pieces.short(one.path),
                    one.companion.sha256,
                    f"scikit-learn {one.version}" if one.version else "",
                )
                for one in dict.fromkeys(used)
            ),
            *recipe.answer.files,
        ),
    )


def _title(name: str, recipe: Recipe) -> str:
    scale = recipe.scale.piece.fitted.name if recipe.scale.piece else recipe.scale.finding.value
    answer = f", {recipe.answer.title}" if recipe.answer.title else ""
    names = recipe.columns.names
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")  # noqa: PLR2004
    return f"{name} with {recipe.length} rows of {listed}, {scale}{answer}"


def _doubts(recipe: Recipe) -> Iterator[str]:
    yield from filter(None, (recipe.scale.doubt, recipe.columns.doubt))
    yield from recipe.answer.doubts
