"""Steps that no built-in layer computes: the host takes them on raw columns of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import UnsupportedModelError
from keramos.tabular.fitted.front import NO_FILL, Raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.schema import ColumnStep


def host_row(name: str, front: Front, row: Row, steps: Sequence[ColumnStep]) -> Row:
    """The row, each column with one more step of the host.

    Raises:
        UnsupportedModelError: a column is not raw any more, or may be missing.
    """
    del front
    found: Row = []
    for piece, step in zip(row, steps, strict=True):
        if not isinstance(piece, Raw) or piece.fill is not NO_FILL:
            raise UnsupportedModelError(
                f"no built-in layer computes the {name}, and it does not stand first, where the "
                "host could compute it"
            )
        found.append(Raw(piece.place, piece.fill, (*piece.steps, step)))
    return found
