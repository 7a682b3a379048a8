"""Layers of keras.layers.reshaping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def flatten(s: Site) -> Value:
    """All axes but the rows as one."""
    return s.g.op("Flatten", s.x, axis=1)


LAYERS = {"Flatten": Lowering(flatten, ignored=("data_format",))}
