"""What people should know about a series and its app: things that are odd or likely mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.adoption.series.window import layers_of
from keramos.adoption.tables.evidence import same_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.series.code import Said
    from keramos.adoption.series.recipe import Recipe
    from keramos.types.network import Network

_FLAT = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def traps(network: Network, recipe: Recipe, pieces: Pieces, said: Said) -> Iterator[str]:
    """Each in one sentence."""
    kinds = {layer.kind for layer in layers_of(network)}
    inside = sorted({"Normalization", "Rescaling"} & kinds)
    if inside and recipe.scale.piece is not None:
        yield f"the network has a {inside[0]} layer of its own beside the scaler: scaled twice"
    if said.factors and not said.inverts:
        yield (
            f"{said.factors[0]} scales answers back without their minimum: what that app shows is "
            "too low by the minimum of the column; this file adds it"
        )
    if recipe.scale.fitted == "request":
        yield (
            "the scale is fitted on the request: the answer to the same last rows depends on how "
            "many rows before them are sent"
        )
    if recipe.scale.piece is not None and said.fits and not said.loads:
        yield f"{said.fits[0]} fits a scaler of its own; this file uses the saved one"
    if (lengths := {length for length, _ in said.windows}) and recipe.length not in lengths:
        listed = ", ".join(map(str, sorted(lengths)))
        yield f"the source names windows of {listed} rows, and the model takes {recipe.length}"
    if said.loops and recipe.answer.steps == 1 and recipe.answer.of_columns:
        rounds, where = said.loops[0]
        yield (
            f"{where} runs the network {rounds or 'several'} times on its own answers; this file "
            f"answers one step. For more: settings = {{steps = {rounds or 5}}} in a recipe"
        )
    yield from _files(recipe, pieces)


def _files(recipe: Recipe, pieces: Pieces) -> Iterator[str]:
    used = {piece.path for piece in (recipe.scale.piece, recipe.answer.piece) if piece is not None}
    for companion in pieces.companions:
        name = companion.path.rpartition("/")[2]
        if companion.path not in used and "scal" in same_name(name):
            yield f"{pieces.short(companion.path)} is not used"
