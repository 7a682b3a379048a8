"""Contrast-limited adaptive histogram equalisation:
keras.layers.preprocessing.image_preprocessing.clahe.

Formula: K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV (1994),
as Keras 3 takes it: 256 bins a tile, what is over the limit spread over all bins once, the curves
of the four nearest tiles interpolated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import expand, reshape, size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value

_BINS = 256
_FULL = (0.0, 255.0)


def clahe(
    s: LayerCall,
    *,
    value_range: tuple[float, float] = (0, 255),
    clip_limit: float = 4.0,
    tile_grid_size: list[int] = [8, 8],  # noqa: B006 (Keras' default; never changed)
    data_format: str | None = "channels_last",
) -> Value:
    """Each pixel through the curves of its own surroundings; images of known sides."""
    if s.x.rank != 4:
        raise s.unsupported("shape of the input", s.x.shape, "images in batches are needed")
    if len(tile_grid_size) != 2 or min(tile_grid_size) < 1:
        raise s.unsupported("tile_grid_size", tile_grid_size, "two numbers from 1 on are needed")
    first = data_format == "channels_first"
    x = s.g.op("Transpose", s.x, perm=[0, 2, 3, 1]) if first else s.x
    low, high = (float(value) for value in value_range)
    pixels = s.g.cast(s.g.op("Clip", _ranged(s, x, (low, high), _FULL), 0.0, 255.0), "int64")
    y = _ranged(
        s,
        _interpolated(s, pixels, _curves(s, pixels, tile_grid_size, clip_limit)),
        _FULL,
        (low, high),
    )
    return s.g.op("Transpose", y, perm=[0, 3, 1, 2]) if first else y


def _ranged(s: LayerCall, x: Value, old: tuple[float, float], new: tuple[float, float]) -> Value:
    """Values from one range into another, each step rounded as Keras does."""
    if old == new:
        return x
    share = s.g.op("Div", s.g.op("Sub", x, old[0]), float(np.float32(old[1]) - np.float32(old[0])))
    return s.g.op(
        "Add", s.g.op("Mul", share, float(np.float32(new[1]) - np.float32(new[0]))), new[0]
    )


def _curves(s: LayerCall, pixels: Value, grid: list[int], limit: float) -> Value:
    """The new value of each old one, for every tile: (rows, tiles down, tiles across, channels,
    256).
    """
    g, rows, channels = s.g, size(pixels, 0), known(pixels.shape[3], "channels")
    for axis, tiles in enumerate(grid, 1):
        pixels = g.op(
            "Gather", pixels, _mirrored(known(pixels.shape[axis], "pixels"), tiles), axis=axis
        )
    tall, wide = ((pixels.shape[axis] or 0) // tiles for axis, tiles in enumerate(grid, 1))
    tiled = reshape(g, pixels, rows, grid[0], tall, grid[1], wide, channels)
    tiled = g.op("Transpose", tiled, perm=[0, 1, 3, 5, 2, 4])
    tiled = reshape(g, tiled, rows, grid[0], grid[1], channels, tall * wide)
    none = expand(
        g, g.const(np.zeros((1,) * 5, "float32")), rows, grid[0], grid[1], channels, _BINS
    )
    one = expand(
        g, g.const(np.ones((1,) * 5, "float32")), rows, grid[0], grid[1], channels, tall * wide
    )
    counts = g.op("ScatterElements", none, tiled, one, axis=4, reduction="add")
    if limit > 0:
        clipped = g.op("Min", counts, float(np.float32(limit * (tall * wide) / _BINS)))
        excess = g.op("ReduceSum", g.op("Sub", counts, clipped), [4], keepdims=1)
        counts = g.op("Add", clipped, g.op("Div", excess, float(_BINS)))
    return _spread(s, g.op("CumSum", counts, np.asarray(4, "int64")), tall * wide)


def _mirrored(length: int, tiles: int) -> NDArray[np.int64]:
    """Which old place each new one shows, the end mirrored until every tile is full."""
    return np.pad(np.arange(length), (0, -length % tiles), "symmetric")


def _spread(s: LayerCall, sums: Value, area: int) -> Value:
    """Running counts stretched over 0 to 255; a tile of one value stays."""
    g = s.g
    least = g.op("ReduceMin", sums, [4], keepdims=1)
    room = g.op("Sub", float(area), least)
    room = g.op("Where", g.op("Equal", room, 0.0), 1.0, room)
    scaled = g.op("Div", g.op("Mul", g.op("Sub", sums, least), 255.0), room)
    return g.op("Clip", scaled, 0.0, 255.0)


def _interpolated(s: LayerCall, pixels: Value, curves: Value) -> Value:
    """Pixels through the curves of the four nearest tiles, weighted by nearness; edges count
    twice.
    """
    g, (_, down, across, channels, _) = s.g, curves.shape
    places = [
        _places(known(pixels.shape[axis], "pixels"), known(curves.shape[axis], "tiles"))
        for axis in (1, 2)
    ]
    (tops, bottoms, y), (lefts, rights, x) = places
    flat = reshape(
        g, curves, size(curves, 0), (down or 0) * (across or 0) * (channels or 0) * _BINS
    )
    own = g.op("Add", pixels, np.arange(channels or 0) * _BINS)
    step = (channels or 0) * _BINS

    def at(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Value:
        places = g.op("Add", own, (rows * (across or 0) * step)[:, None, None])
        places = g.op("Add", places, (columns * step)[:, None])
        wanted = reshape(g, places, size(pixels, 0), -1)
        return reshape(
            g,
            g.op("GatherElements", flat, wanted, axis=1),
            *[size(pixels, axis) for axis in range(4)],
        )

    upper, lower = (
        _mixed(s, at(rows, lefts), at(rows, rights), x[:, None]) for rows in (tops, bottoms)
    )
    return _mixed(s, upper, lower, y[:, None, None])


def _places(
    length: int, tiles: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The tile before and after each pixel along an axis, and how near the latter is."""
    side = -(-length // tiles)
    place = (np.arange(length, dtype="float32") - np.float32(side / 2)) / np.float32(
        side
    ) + np.float32(1)
    before = np.floor(place)
    ends = [np.clip(tile - 1, 0, tiles - 1).astype("int64") for tile in (before, before + 1)]
    return ends[0], ends[1], place - before


def _mixed(s: LayerCall, a: Value, b: Value, share: NDArray[np.float32]) -> Value:
    return s.g.op("Add", s.g.op("Mul", a, np.float32(1) - share), s.g.op("Mul", b, share))
