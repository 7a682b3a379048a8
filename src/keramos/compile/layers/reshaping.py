"""Layers of keras.layers.reshaping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def flatten(s: Site, *, data_format: str | None = "channels_last") -> Value:
    """All axes but the rows as one, channels last; a row of a single number becomes one column."""
    x = s.x
    if data_format == "channels_first" and x.rank > 2:  # noqa: PLR2004 (rows and channels alone have no order)
        x = s.g.op("Transpose", x, perm=[0, *range(2, x.rank), 1])
    return s.g.op("Flatten", x, axis=1)


LAYERS = {"Flatten": Lowering(flatten)}
