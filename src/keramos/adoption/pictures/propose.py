"""The recipes of a model that takes one picture: how it is cut, resized and scaled, and the names
of its answers.

Teachable Machine's exports are recognised by their architecture, which fixes everything. For
others the files say size and labels, and a person chooses the scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from keramos.adoption.candidate import Candidate
from keramos.adoption.pictures.build import whole
from keramos.adoption.pictures.by_way import (
    hints_of,
    other_sizes,
    prepared_by,
    same_pictures,
    unlike,
)
from keramos.adoption.pictures.code import fit_of, hints
from keramos.adoption.pictures.flow import ways_of
from keramos.adoption.pictures.labels import labels_of
from keramos.adoption.pictures.scales import SCALES, USUAL, scaled
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError, UsageError
from keramos.tabular.media.resample import METHODS
from keramos.types.adoption import Finding
from keramos.types.schema import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.adoption.pictures.by_way import Prepared
    from keramos.adoption.pictures.code import Fit, Hint, Method
    from keramos.adoption.pieces import Pieces
    from keramos.adoption.wishes import Wishes
    from keramos.types.artifact import Artifact
    from keramos.types.network import Layer, Network

_Origin = Literal["family", "convention", "model", "code"]

FAMILY = "pictures"
_TEACHABLE = 224
_SCALERS = frozenset({"Rescaling", "Normalization"})
_MOST_WAYS = 3
_PICTURE = 4  # axes: rows, height, width, colours


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a picture is prepared, why, and what has to be confirmed."""

    picture: Picture
    scale: str
    origin: _Origin
    doubts: tuple[str, ...] = ()
    stated: frozenset[str] = frozenset()
    """The settings that a person stated."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """What the source says: ``lines`` one by one, ``followed`` the ways of its pictures to the
    model, ``said`` the statements of the ways, or the lines where no way is known; ``unlike`` tells
    of pictures that are fed to the model and that no recipe has.
    """

    lines: list[Hint]
    said: list[Hint]
    followed: list[Prepared]
    notes: tuple[str, ...]
    unlike: tuple[str, ...]


def recognise(artifact: Artifact, pieces: Pieces) -> bool:
    """Whether the model takes one picture with one or three colours."""
    del pieces
    return _size(artifact.network) is not None


def propose(path: str, artifact: Artifact, pieces: Pieces, wishes: Wishes) -> list[Candidate]:
    """The recipes, the likeliest first.

    Raises:
        UnsupportedModelError: the labels do not fit the outputs, or the outputs are not scores.
        UsageError: a setting has a value that no recipe has.
    """
    network = artifact.network
    source = _read(network, pieces.sources)
    labels = labels_of(path, network, pieces, wishes, source.lines)
    return [
        Candidate(
            FAMILY,
            f"pixels in {recipe.scale}, {_fit(recipe.picture)}",
            (*_findings(recipe), *labels.findings, *_said_of_answers(network, wishes)),
            partial(whole, network, recipe.picture, labels, wishes, _app(network, recipe, source)),
            doubts=(*recipe.doubts, *labels.doubts),
            notes=(*labels.notes, *recipe.notes),
            parts=labels.parts,
        )
        for recipe in _recipes(network, source, wishes)
    ]


def is_teachable_machine(network: Network) -> bool:
    """Whether the architecture is that of Teachable Machine's image export.

    A MobileNet for 224 x 224 x 3 and, as models inside a Sequential, a Dense of 100 with ReLU and a
    softmax without bias.
    """
    inner = [layer.network for layer in network.layers.values() if layer.network is not None]
    if len(inner) != 2 or _size(network) != (_TEACHABLE, _TEACHABLE, 3):  # noqa: PLR2004 (body and head)
        return False
    dense = [layer for layer in inner[1].layers.values() if layer.kind == "Dense"]
    if len(dense) != 2:  # noqa: PLR2004 (hidden and answer)
        return False
    hidden, answer = dense
    return (
        hidden.config.get("units") == 100  # noqa: PLR2004 (Teachable Machine's own)
        and answer.config.get("use_bias") is False
        and answer.config.get("activation") == "softmax"
    )


def _size(network: Network) -> tuple[int, int, int] | None:
    """Height, width and colours of the one picture that a network takes."""
    try:
        inputs = compile_network(network).inputs
    except UnsupportedModelError:
        return None
    if len(inputs) != 1 or len(inputs[0].shape) != _PICTURE:
        return None
    _, height, width, colours = inputs[0].shape
    if height is None or width is None or colours not in {1, 3}:
        return None
    return height, width, colours


def _read(network: Network, paths: Sequence[str]) -> _Source:
    """What the source says about pictures of the network's size."""
    lines, fed = hints(paths), ways_of(paths)
    height, width, colours = _size(network) or (0, 0, 0)
    followed = prepared_by(fed, height, width, colours)
    said = hints_of(followed) if followed else lines
    notes = tuple(other_sizes(fed, height, width))
    return _Source(lines, said, followed, notes, tuple(unlike(fed, colours)))


def _recipes(network: Network, source: _Source, wishes: Wishes) -> list[_Recipe]:
    """What is found, with what a person states in its place; a stated scale leaves one recipe."""
    found = [replace(one, notes=(*one.notes, *source.notes)) for one in _found(network, source)]
    if not wishes.settings:
        return found
    _check_settings(wishes.settings, found[0].picture.mode)
    scale = wishes.settings.get("scale")
    if scale is not None:
        found = [next((one for one in found if one.scale == scale), found[0])]
    return [_stated(one, wishes.settings) for one in found]


def _found(network: Network, source: _Source) -> Iterator[_Recipe]:
    height, width, colours = _size(network) or (0, 0, 0)
    mode: Literal["RGB", "L"] = "RGB" if colours > 1 else "L"
    plain = Picture(width, height, mode)
    if is_teachable_machine(network):
        yield from _teachable(plain, source.said)
        return
    inside = any(layer.kind in _SCALERS for layer in _layers(network))
    if not source.followed:
        found = _by_lines(plain, source.said, inside=inside)
        yield from (replace(one, doubts=(*one.doubts, *source.unlike)) for one in found)
        return
    if inside:
        yield from _scaled_inside(source.followed)
        return
    ways = source.followed[:_MOST_WAYS]
    yield from (_Recipe(one.picture, one.scale, "code", (one.told,)) for one in ways)
    first = ways[0].picture
    for scale in USUAL:
        if all(one.scale != scale for one in ways):
            told = f"as {ways[0].where} does, but for what the pixels are divided by"
            yield _Recipe(scaled(first, scale), scale, "convention", (told,))


def _scaled_inside(followed: Sequence[Prepared]) -> Iterator[_Recipe]:
    """Bytes, which the model scales itself; and what the source does, where it scales them too."""
    plain = next((one for one in followed if one.scale == "0..255"), None)
    base = (plain or followed[0]).picture
    doubt = f"the model scales the pixels itself; {(plain or followed[0]).told}"
    yield _Recipe(scaled(base, "0..255"), "0..255", "model", (doubt,))
    if plain is None:
        twice = f"{followed[0].told}: they are scaled twice, before the model and in it"
        yield _Recipe(followed[0].picture, followed[0].scale, "code", (twice,))


def _by_lines(plain: Picture, said: Sequence[Hint], *, inside: bool) -> Iterator[_Recipe]:
    """What single lines of the source say, where no picture was followed to the model."""
    fit, method, how = _fit_said(said)
    told = [hint for hint in said if hint.what == "scale" and hint.value in SCALES]
    stated = [hint.value for hint in told if plain.mode == "RGB" or hint.value in USUAL]
    scales = ("0..255",) if inside else tuple(dict.fromkeys([*stated, *USUAL]))
    size = _colours(replace(plain, fit=fit, method=method), said)
    for scale in scales:
        because = next((f"{one.where} scales so" for one in told if one.value == scale), "")
        because = because or ("the model scales the pixels itself" if inside else "")
        doubt = f"{because or 'no file says what the pixels are divided by'}; {how}"
        origin: _Origin = "model" if inside else "code" if because else "convention"
        yield _Recipe(scaled(size, scale), scale, origin, (doubt,))


def _fit_said(said: Sequence[Hint]) -> tuple[Fit, Method, str]:
    """How the source fits a picture, or what is usual."""
    for hint in said:
        if hint.what == "fit":
            fit, method = fit_of(hint.value)
            return fit, method, f"{hint.where} calls {hint.call}"
    return "stretch", "bicubic", "no file says how it is resized"


def _colours(size: Picture, said: Sequence[Hint]) -> Picture:
    """The order of colours, and whether the camera's turn is applied, as the source has them."""
    modes = [hint for hint in said if hint.what == "mode"]
    opencv = any(hint.what == "decoder" for hint in said)
    found = size
    if size.mode == "L":
        fits = [hint for hint in said if hint.what == "fit"]
        gray = [hint for hint in modes if hint.value == "L"]
        after = fits and gray and said.index(fits[0]) < said.index(gray[0])
        found = replace(found, order="resize") if after and not opencv else found
    elif opencv:
        turned = any(hint.value == "RGB" and "cvtColor" in hint.call for hint in modes)
        found = replace(found, mode="RGB" if turned else "BGR")
    elif any(hint.value == "BGR" for hint in modes):
        found = replace(found, mode="BGR")
    return replace(found, orientation="apply") if opencv else found


def _teachable(size: Picture, said: Sequence[Hint]) -> Iterator[_Recipe]:
    """The family's recipe; and what the source does instead, where it scales otherwise."""
    picture = scaled(replace(size, fit="crop", method="lanczos"), "-1..1")
    scales = {hint.value: hint for hint in said if hint.what == "scale"}
    other = scales.get("0..1")
    if other is None or "-1..1" in scales:
        yield _Recipe(picture, "-1..1", "family", notes=tuple(_otherwise(size, said)))
        return
    yield _Recipe(picture, "-1..1", "family", ("so Teachable Machine trained it",))
    fit, method, how = _fit_said(said)
    picture = scaled(_colours(replace(size, fit=fit, method=method), said), "0..1")
    doubt = f"{other.where} scales so, which is not what the training saw; {how}"
    yield _Recipe(picture, "0..1", "code", (doubt,))


def _app(network: Network, recipe: _Recipe, source: _Source) -> tuple[Picture, str] | None:
    """How the source prepares pictures, and where; None where it says nothing or does the same."""
    if source.followed:
        other = (one for one in source.followed if not same_pictures(recipe.picture, one.picture))
        found = next((one for one in other if not one.trains), None)
        if found is None:
            return None
        less = "" if found.whole else ", without what no recipe has"
        how = f"pixels in {found.scale}, {found.picture.mode}, {_fit(found.picture)}{less}"
        return found.picture, f"{found.way.place or found.where}: {how}"
    return _app_by_lines(network, recipe, source.said)


def _app_by_lines(
    network: Network, recipe: _Recipe, said: Sequence[Hint]
) -> tuple[Picture, str] | None:
    fits = [hint for hint in said if hint.what == "fit"]
    scales = [hint for hint in said if hint.what == "scale" and hint.value in SCALES]
    if not fits and not scales:
        return None
    height, width, colours = _size(network) or (0, 0, 0)
    plain = Picture(width, height, "RGB" if colours > 1 else "L")
    stretches = [hint for hint in fits if fit_of(hint.value)[0] != "crop"]
    fit, method, _ = _fit_said(stretches or fits)
    if not fits:
        fit, method = recipe.picture.fit, recipe.picture.method
    scale = scales[0].value if scales else recipe.scale
    if plain.mode == "L" and scale not in USUAL:
        return None
    found = scaled(_colours(replace(plain, fit=fit, method=method), said), scale)
    where = (stretches or fits or scales)[0].where
    same = same_pictures(recipe.picture, found)
    return None if same else (found, f"{where}: pixels in {scale}, {found.mode}, {_fit(found)}")


def _otherwise(size: Picture, said: Sequence[Hint]) -> Iterator[str]:
    """What the source does to pictures that the training of Teachable Machine did not."""
    fits = [hint for hint in said if hint.what == "fit"]
    stretches = [hint for hint in fits if fit_of(hint.value)[0] != "crop"]
    turned = _colours(size, said).mode == "BGR"
    if stretches:
        yield (
            f"{stretches[0].where} calls {stretches[0].call}: a picture that is stretched"
            f"{', its blue before its red,' if turned else ''} is another one than the training "
            "saw, and that app may answer otherwise than this file"
        )


def _check_settings(settings: Mapping[str, object], mode: str) -> None:
    """Refuse a setting, or a value of one, that no recipe has."""
    allowed: Mapping[str, tuple[str, ...]] = {
        "scale": tuple(SCALES) if mode != "L" else USUAL,
        "fit": ("crop", "stretch"),
        "method": METHODS,
        "mode": ("RGB", "BGR") if mode != "L" else ("L",),
        "orientation": ("ignore", "apply"),
        "order": ("convert", "resize"),
    }
    for name, value in settings.items():
        if name not in allowed or value not in allowed[name]:
            listed = "; ".join(f"{key}: {', '.join(words)}" for key, words in allowed.items())
            raise UsageError(
                "the recipe of pictures has no such setting",
                option=name,
                received=repr(value),
                remedy=f"There are {listed}",
            )


def _stated(found: _Recipe, settings: Mapping[str, object]) -> _Recipe:
    """A recipe with the values of ``settings``; what they do not name stays as it was found."""
    scale = str(settings.get("scale", found.scale))
    others: dict[str, Any] = {name: value for name, value in settings.items() if name != "scale"}
    picture = scaled(found.picture, scale) if "scale" in settings else found.picture
    picture = replace(picture, **others)  # words that were checked
    doubts = () if "scale" in settings else found.doubts
    return _Recipe(picture, scale, found.origin, doubts, frozenset(settings), found.notes)


def _layers(network: Network) -> Iterator[Layer]:
    for layer in network.layers.values():
        yield layer
        if layer.network is not None:
            yield from _layers(layer.network)


def _fit(picture: Picture) -> str:
    how = "the middle is cut out" if picture.fit == "crop" else "the whole picture is stretched"
    return f"{how} and resized to {picture.width} x {picture.height} ({picture.method})"


def _findings(recipe: _Recipe) -> tuple[Finding, ...]:
    picture = recipe.picture
    return (
        Finding("size", f"{picture.width} x {picture.height}", "model"),
        _finding(recipe, "colours", picture.mode, {"mode"}),
        _finding(recipe, "fit", _fit(picture), {"fit", "method"}),
        _finding(recipe, "scale", recipe.scale, {"scale"}),
    )


def _said_of_answers(network: Network, wishes: Wishes) -> Iterator[Finding]:
    """The target and, for a single score, the threshold that a person states."""
    if wishes.target:
        yield Finding("target", wishes.target, "user", "", "confirmed")
    single = compile_network(network).outputs[0].shape[1:] == (1,)
    if wishes.threshold is not None and single:
        yield Finding("threshold", f"{wishes.threshold:g}", "user", "", "confirmed")


def _finding(recipe: _Recipe, name: str, value: str, settings: set[str]) -> Finding:
    """A value that a person states in one of ``settings``, or as it was found."""
    if settings & recipe.stated:
        return Finding(name, value, "user", "", "confirmed")
    if recipe.origin == "family":
        return Finding(name, value, "family", "Teachable Machine", "stated")
    return Finding(name, value, recipe.origin, "", "assumed")
