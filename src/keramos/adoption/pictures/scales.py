"""What the numbers of a picture are, by name: a range, or the means of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.types.schema import Picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.adoption.pictures.way import Order, Scale

SCALES: Mapping[str, Picture] = {
    "0..1": Picture(0, 0, divide=255.0),
    "-1..1": Picture(0, 0, divide=127.5, subtract=1.0),
    "0..255": Picture(0, 0),
    "caffe": Picture(0, 0, mode="BGR", means=(103.939, 116.779, 123.68)),
    "torch": Picture(
        0, 0, divide=255.0, means=(0.485, 0.456, 0.406), deviations=(0.229, 0.224, 0.225)
    ),
}
"""What a person calls a scale -> a picture with its numbers; caffe and torch are those of
``preprocess_input`` of VGG and ResNet, and of DenseNet.
"""
USUAL = ("0..1", "-1..1", "0..255")

_NEAR = 1e-6
_DIGITS = 9


def scaled(picture: Picture, scale: str) -> Picture:
    """A picture with the numbers of a scale; caffe turns the colours round."""
    by = SCALES[scale]
    mode = by.mode if by.means and picture.mode != "L" else picture.mode
    return with_numbers(replace(picture, mode=mode), by)


def with_numbers(picture: Picture, by: Picture) -> Picture:
    """A picture with the numbers of another one."""
    return replace(
        picture,
        divide=by.divide,
        subtract=by.subtract,
        means=by.means,
        deviations=by.deviations,
    )


def of_arithmetic(scale: Scale, order: Order) -> tuple[str, Picture] | None:
    """The name and the numbers of what a source reckons with the bytes of each colour; None where
    no picture has such numbers.
    """
    colours = scale[:1] if order == "L" else scale
    if any(times == 0 for times, _ in colours):
        return None
    for name, by in SCALES.items():
        turned = name == "caffe" and order != "BGR"
        if not turned and (order != "L" or name in USUAL) and _near(colours, _numbers(by)):
            return name, by
    if len(set(colours)) == 1:
        times, plus = colours[0]
        if times < 0:
            return _inverted(-times, plus, len(colours))
        divide, subtract = round(1 / times, _DIGITS), round(-plus, _DIGITS)
        sign = "-" if subtract >= 0 else "+"
        name = f"x / {divide:g} {sign} {abs(subtract):g}"
        return name, Picture(0, 0, divide=divide, subtract=subtract)
    means = tuple(round(-plus / times, _DIGITS) for times, plus in colours)
    deviations = tuple(round(1 / times, _DIGITS) for times, _ in colours)
    name = f"(x - {_listed(means)}) / {_listed(deviations)}"
    return name, Picture(0, 0, means=means, deviations=deviations)


def _inverted(times: float, plus: float, colours: int) -> tuple[str, Picture]:
    """A positive number less the bytes: deviations of -1 turn the sign."""
    divide, mean = round(1 / times, _DIGITS), round(plus, _DIGITS)
    numbers = Picture(0, 0, divide=divide, means=(mean,) * colours, deviations=(-1.0,) * colours)
    return f"{mean:g} - x / {divide:g}", numbers


def _listed(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(f'{one:.6g}' for one in numbers)})"


def _numbers(picture: Picture) -> Scale:
    means, deviations = picture.means or (0.0,) * 3, picture.deviations or (1.0,) * 3
    return tuple(
        (1 / picture.divide / deviation, (-picture.subtract - mean) / deviation)
        for mean, deviation in zip(means, deviations, strict=True)
    )


def _near(some: Scale, others: Scale) -> bool:
    pairs = zip(some, others, strict=False)
    return all(
        abs(a - c) <= _NEAR * abs(c) and abs(b - d) <= _NEAR * max(1.0, abs(d))
        for (a, b), (c, d) in pairs
    )
