"""Changing the size of an axis of space: each new place is a weighted sum of old places, one matrix
an axis.

Kernels and sample points are TensorFlow's (``tf.image.resize``): pixels have their centre at one
half, kernels that reach beyond the edge leave out what is not there, and weights sum to 1. Older
files sample at other points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Graph, Value

    Numbers = NDArray[np.float64]


class Kernel(NamedTuple):
    """A function of the distance in pixels, and how far it reaches."""

    weight: Callable[[Numbers], Numbers]
    radius: float


def _triangle(d: Numbers) -> Numbers:
    return np.maximum(1 - d, 0)


def _keys(d: Numbers) -> Numbers:
    """Keys' cubic with a = -1/2 (Keys 1981)."""
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0))


def _mitchell(d: Numbers) -> Numbers:
    """Mitchell and Netravali 1988 with B = C = 1/3."""
    near, far = (
        (7 * d**3 - 12 * d**2 + 16 / 3) / 6,
        (-7 / 3 * d**3 + 12 * d**2 - 20 * d + 32 / 3) / 6,
    )
    return np.where(d < 1, near, np.where(d < 2, far, 0))


def _lanczos(radius: int) -> Kernel:
    def weight(d: Numbers) -> Numbers:
        return np.where(d < radius, np.sinc(d) * np.sinc(d / radius), 0)

    return Kernel(weight, radius)


def _gaussian(d: Numbers) -> Numbers:
    return np.where(d < 1.5, np.exp(-2 * d**2), 0)


KERNELS: dict[str, Kernel] = {
    "bicubic": Kernel(_keys, 2),
    "bilinear": Kernel(_triangle, 1),
    "gaussian": Kernel(_gaussian, 1.5),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "mitchellcubic": Kernel(_mitchell, 2),
}


def _half_pixel(old: int, new: int) -> Numbers:
    return (np.arange(new) + 0.5) * old / new - 0.5


def _from_start(old: int, new: int) -> Numbers:
    """TensorFlow 1: the first places fall together."""
    return np.arange(new) * old / new


def _corners(old: int, new: int) -> Numbers:
    """TensorFlow 1 with ``align_corners``: the first places fall together, and the last."""
    return np.arange(new) * (old - 1) / max(new - 1, 1)


def _theano(old: int, new: int) -> Numbers:
    """Theano's ``bilinear_upsampling`` by a whole ratio."""
    ratio = new // old
    return (np.arange(new) - (ratio - 1) // 2) / ratio


_ROWS = 128
_TABLE = 1024
"""TensorFlow looks bicubic weights up in a table of so many steps a pixel."""

_POINTS = {
    "corners": _corners,
    "from_start": _from_start,
    "half_pixel": _half_pixel,
    "theano": _theano,
}
"""Name -> where the new places are among the old ones."""


def _nearest(old: int, new: int) -> Numbers:
    places = np.minimum(
        np.floor((np.arange(new, dtype="float32") + 0.5) * np.float32(old / new)), old - 1
    )
    return np.asarray(np.eye(old)[places.astype(int)])


def _area(old: int, new: int) -> Numbers:
    """Means over the stretch of old places that each new place covers."""
    edges = np.arange(new + 1) * old / new
    start, stop = (
        np.maximum(edges[:-1, None], np.arange(old)),
        np.minimum(edges[1:, None], np.arange(old) + 1),
    )
    cover = np.maximum(stop - start, 0)
    return np.asarray(cover / cover.sum(axis=1, keepdims=True))


def matrix(
    g: Graph,
    old: int,
    new: int,
    method: str,
    *,
    antialias: bool = False,
    points: str = "half_pixel",
) -> Numbers:
    """(new, old) weights of a kernel at sample points.

    Raises:
        UnsupportedModelError: the method has no kernel here.
        LimitExceededError: there are more of them than any image needs.
    """
    g.reserve_constants("a resizing", old, new)
    if method in ("nearest", "area"):
        return _nearest(old, new) if method == "nearest" else _area(old, new)
    kernel = KERNELS.get(method)
    if kernel is None:
        raise UnsupportedModelError(
            f"the interpolation is not supported; nearest, area, {', '.join(KERNELS)} are",
            option="interpolation",
            received=repr(method),
        )
    places = _POINTS[points](old, new)
    if method == "bicubic" and not antialias:
        places = np.floor(places) + np.rint((places - np.floor(places)) * _TABLE) / _TABLE
    wide = max(old / new, 1.0) if antialias else 1.0
    weights = np.empty((new, old))
    for rows in range(
        0, new, _ROWS
    ):  # a few at a time: the intermediate results of all would take several times more
        part = kernel.weight(np.abs(places[rows : rows + _ROWS, None] - np.arange(old)) / wide)
        weights[rows : rows + _ROWS] = part / part.sum(axis=1, keepdims=True)
    return weights


def resample(g: Graph, x: Value, axis: int, weights: Numbers) -> Value:
    """X with one axis replaced by weighted sums of it."""
    if (
        weights.shape[0] == weights.shape[1] == np.count_nonzero(weights)
        and (np.diagonal(weights) == 1).all()
    ):
        return x
    letters = "abcdefg"[: x.rank]
    equation = f"{letters},z{letters[axis]}->{letters.replace(letters[axis], 'z')}"
    return g.op("Einsum", x, weights.astype(x.dtype), equation=equation)
