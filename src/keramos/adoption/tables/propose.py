"""Recipes for models of tables."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from keramos.adoption.candidate import Candidate
from keramos.adoption.tables.answers import answers_of, title_of, with_factors
from keramos.adoption.tables.app import app_of, published, told
from keramos.adoption.tables.arrange import arrangements, same_answers
from keramos.adoption.tables.build import whole
from keramos.adoption.tables.parts import parts_of
from keramos.adoption.tables.traps import traps
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.types.adoption import Finding, Part

if TYPE_CHECKING:
    from keramos.adoption.candidate import Whole
    from keramos.adoption.pieces import Pieces
    from keramos.adoption.tables.answers import Answers
    from keramos.adoption.tables.app import App
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.adoption.tables.parts import Parts
    from keramos.adoption.wishes import Wishes
    from keramos.types.artifact import Artifact
    from keramos.types.network import Network, TensorSpec

_MOST_COLUMNS = 5_000
_TEXT_LAYERS = frozenset({"Embedding", "TextVectorization"})
_SPACE_LAYERS = ("Conv2D", "Conv3D", "DepthwiseConv")


def recognise(artifact: Artifact, pieces: Pieces) -> bool:
    """Whether the model takes one row of numbers (or one step, or one channel of it)."""
    del pieces
    spec = _row_spec(artifact.network)
    if spec is None:
        return False
    kinds = {layer.kind for layer in artifact.network.layers.values()}
    return not kinds & _TEXT_LAYERS and not any(kind.startswith(_SPACE_LAYERS) for kind in kinds)


def _row_spec(network: Network) -> TensorSpec | None:
    specs = compile_network(network).inputs
    if len(specs) != 1 or not specs[0].dtype.startswith("float"):
        return None
    return specs[0] if row_shape(specs[0].shape[1:]) else None


def row_shape(shape: tuple[int | None, ...]) -> tuple[int, ...] | None:
    """The shape of one row's input, if it holds one row of numbers."""
    sizes = [size for size in shape if size is not None]
    if len(sizes) != len(shape) or not 1 <= len(sizes) <= 2 or max(sizes) > _MOST_COLUMNS:  # noqa: PLR2004
        return None
    return tuple(sizes) if len(sizes) == 1 or 1 in sizes else None


def propose(model: str, artifact: Artifact, pieces: Pieces, wishes: Wishes) -> list[Candidate]:
    """The recipes for a model, the likeliest first.

    Raises:
        UnsupportedModelError: no transforms make the row that the network takes; says why.
    """
    compiled = compile_network(artifact.network)
    shape = row_shape(compiled.inputs[0].shape[1:]) or ()
    width = max(shape, default=0)
    parts = parts_of(pieces)
    found = list(arrangements(width, model, parts, pieces, wishes))
    complete = [one for one in found if not one.missing]
    if not complete:
        raise UnsupportedModelError(_why(width, found, parts), file=model, remedy=_REMEDY)
    kept = _distinct(sorted(complete, key=lambda one: -one.affinity))
    units = max((size or 1 for size in compiled.outputs[0].shape[1:]), default=1)
    activation = activation_of(artifact.network)
    app = app_of(pieces.sources)
    return [
        _candidate(artifact.network, shape, one, parts, pieces, model, answers, app)
        for one in kept
        for answers in with_factors(
            answers_of(units, activation, one, parts, pieces, wishes), parts, pieces
        )
    ]


_REMEDY = 'Say which columns enter in a recipe: columns = ["age", ...] (--recipe recipe.toml)'


def _why(width: int, found: list[Arrangement], parts: Parts) -> str:
    if found:
        columns = ", ".join(found[0].missing[:6])
        return f"a piece is missing: the table has text in {columns}, which no file encodes"
    sizes = sorted({piece.width for piece in parts.pieces if not piece.is_encoder})
    there = f"transforms give {', '.join(map(str, sizes))}" if sizes else "no transform is there"
    return f"the network takes {width} numbers a row, and nothing says what they are: {there}"


def _distinct(found: list[Arrangement]) -> list[Arrangement]:
    """One arrangement for each transform; of those the best that no name puts far behind."""
    kept: list[Arrangement] = []
    for one in found:
        if not any(same_answers(one.transform, other.transform) for other in kept):
            kept.append(one)
    best = kept[0].affinity
    return [one for one in kept if one.affinity > best - 1]


def _kinds(network: Network) -> set[str]:
    return {layer.kind for layer in network.layers.values()}


def activation_of(network: Network) -> str:
    """What the last layer applies."""
    (last, *_) = network.outputs
    layer = network.layers[last.layer]
    while layer.network is not None:
        layer = layer.network.layers[layer.network.outputs[0].layer]
    if layer.kind in {"Softmax", "Activation"}:
        return str(layer.config.get("activation", "softmax")).lower()
    return str(layer.config.get("activation", "linear"))


def _candidate(
    body: Network,
    shape: tuple[int, ...],
    found: Arrangement,
    parts: Parts,
    pieces: Pieces,
    model: str,
    answers: Answers,
    app: App | None,
) -> Candidate:
    used = {piece.companion.path: piece for piece in (*found.used, *answers.used)}
    return Candidate(
        family="tables",
        title=f"{pieces.short(model)} with {found.title}{title_of(answers)}",
        findings=(
            Finding("model", pieces.short(model), "file"),
            *found.findings,
            *answers.findings,
        ),
        build=partial(_built, body, shape, found, answers, app),
        doubts=(*found.doubts, *answers.doubts),
        notes=(
            *found.notes,
            *answers.notes,
            *traps(found, answers, parts, pieces, _kinds(body)),
            *told(app, found, answers),
        ),
        parts=tuple(
            Part(
                pieces.short(path),
                piece.companion.sha256,
                f"scikit-learn {piece.version}" if piece.version else "",
            )
            for path, piece in used.items()
        ),
    )


def _built(
    body: Network, shape: tuple[int, ...], found: Arrangement, answers: Answers, app: App | None
) -> Whole:
    """The whole, with what the app answers where it leaves a scaler out."""
    made = whole(body, shape, found, answers)
    other = published(app, body, shape, found, answers, made.content.schema)
    return replace(made, published=other)
