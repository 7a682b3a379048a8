"""What the ways of an app's pictures say about the pictures of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.adoption.pictures.code import Hint
from keramos.adoption.pictures.scales import of_arithmetic, with_numbers
from keramos.types.schema import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pictures.walk import Fed
    from keramos.adoption.pictures.way import Way

_TEACHABLE = (1 / 127, 1 / 127.5)


@dataclass(frozen=True, slots=True)
class Prepared:
    """How a source prepares pictures: the picture, the name of its scale, where it is fed to the
    model, and what is told about it. ``whole`` says that the recipe has all of it.
    """

    picture: Picture
    scale: str
    where: str
    told: str
    way: Way
    whole: bool
    trains: bool


def prepared_by(fed: Sequence[Fed], height: int, width: int, colours: int) -> list[Prepared]:
    """The distinct ways of pictures of a size, those of a training only where no other is known."""
    found: list[Prepared] = []
    for one in fed:
        made = _prepared(one, height, width, colours)
        if made is None or any(made.picture == other.picture for other in found):
            continue
        found.append(made)
    asked = [one for one in found if not one.trains]
    return asked or found


def unlike(fed: Sequence[Fed], colours: int) -> Iterator[str]:
    """Sentences about pictures that are fed and that no recipe for the network has."""
    for one in fed:
        way, why = one.way, list(one.way.others)
        if (way.order == "L") != (colours == 1):
            why.append("gray pictures" if way.order == "L" else "pictures in colours")
        if why and not one.trains:
            yield f"{one.where} feeds what no recipe for this network has: {', '.join(why[:3])}"
            return


def other_sizes(fed: Sequence[Fed], height: int, width: int) -> Iterator[str]:
    """Sentences about pictures that are fed in another size than the network takes."""
    asked = [one.way for one in fed if not one.trains]
    sizes = [(*way.size, way.resized) for way in asked if way.size is not None]
    if any(one[:2] == (width, height) for one in sizes):
        return
    for wide, high, where in sizes[:1]:
        yield f"{where} resizes to {wide} x {high}, and the network takes {width} x {height}"


def _prepared(fed: Fed, height: int, width: int, colours: int) -> Prepared | None:
    way = fed.way
    if (way.order == "L") != (colours == 1) or way.size not in (None, (width, height)):
        return None
    if way.fit is None and not way.scaled and not way.others:
        return None
    numbers = of_arithmetic(way.scale, way.order)
    if numbers is None:
        return None
    scale, by = numbers
    fit, method = way.fit or ("stretch", "bicubic")
    turned = way.turned or way.decoder == "opencv"
    picture = Picture(
        width,
        height,
        way.order,
        fit,
        method,
        orientation="apply" if turned else "ignore",
        order="resize" if way.gray == "resize" else "convert",
    )
    told = _told(fed, scale)
    whole = not way.others and way.fit is not None
    return Prepared(with_numbers(picture, by), scale, fed.where, told, way, whole, fed.trains)


def _told(fed: Fed, scale: str) -> str:
    way = fed.way
    how = f"{way.resized} calls {way.call}" if way.fit else "no line that was followed resizes it"
    because = f"{way.scaled} scales so" if way.scaled else f"no line scales it ({scale})"
    said = f"{because}; {how}"
    if fed.trains:
        said += "; so the training had it"
    if way.others:
        said += f"; not in the recipe: {', '.join(way.others[:3])}"
    return said


def hints_of(found: Sequence[Prepared]) -> list[Hint]:
    """The same as single statements, way after way."""
    return [hint for one in found for hint in _hints(one)]


def _hints(one: Prepared) -> Iterator[Hint]:
    way = one.way
    times, plus = way.scale[0]
    near = len(set(way.scale)) == 1 and plus == -1 and _TEACHABLE[1] <= times + 1e-9
    scale = "-1..1" if near and times <= _TEACHABLE[0] + 1e-9 else one.scale
    yield Hint("scale", scale, way.scaled or one.where)
    if way.fit:
        yield Hint("fit", "/".join(way.fit), way.resized, way.call)
    if way.order == "BGR":
        yield Hint("mode", "BGR", one.where)
    if way.decoder == "opencv":
        yield Hint("decoder", "opencv", one.where)
        if way.order == "RGB":
            yield Hint("mode", "RGB", one.where, "cvtColor")


def same_pictures(one: Picture, other: Picture) -> bool:
    """Whether two recipes differ in nothing but the turn of a camera."""
    return replace(one, orientation=other.orientation) == other
