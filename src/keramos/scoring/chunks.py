"""What readers give: pieces of a file in order, each ready to be made into a batch by any
thread.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from keramos.errors import DataError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.inference.scored import Batch, Schema
    from keramos.types.scoring import Position

BATCH_ROWS = 1 << 17
"""Rows of one batch of a file that is stored by columns."""


_DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)


class Malformed(NamedTuple):
    """A row that is none: its number in the piece, from 1, the rule it breaks, and what was
    received.
    """

    row: int
    rule: str
    value: str
    column: str = ""


class Loaded(Frozen, frozen=True, eq=False):
    """The ``rows`` rows of a piece: ``batch`` has those that are rows, ``malformed`` lists the
    others.

    ``numbers`` are the numbers in the piece, from 1, of the batch's rows; None where all are in it.
    ``names`` are the files of the rows, where each is one.
    """

    batch: Batch
    rows: int
    numbers: NDArray[np.int64] | None = None
    malformed: tuple[Malformed, ...] = ()
    names: tuple[str, ...] = ()


class Chunk(Frozen, frozen=True, eq=False):
    """A piece of a file. ``load`` may be called by any thread; ``offset`` is the place in the file
    after the piece, and ``stored`` how many bytes of the file as it is stored were read up to
    there.
    """

    load: Callable[[], Loaded]
    offset: int
    stored: int


class Reader(Protocol):
    """An open file."""

    schema: Schema
    """Of all its columns."""

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Its rows from ``start`` on, with these columns."""


@contextmanager
def readable(name: str, where: str = "", *others: type[Exception]) -> Iterator[None]:
    """Turn an error about a damaged file, also of ``others``, into a DataError that says where it
    is.
    """
    try:
        yield
    except _DAMAGE + others as error:
        reason = str(error).strip().partition("\n")[0]
        place = f"{name}, {where}" if where else name
        raise DataError(
            f"the file cannot be read: {reason}",
            file=place,
            remedy="Restore the file, or score the others without it",
        ) from None


def check_columns(schema: Schema, name: str) -> None:
    """Refuse a file in which a name stands for two columns.

    Raises:
        DataError: names the column.
    """
    twice = [column for column in schema.names if schema.names.count(column) > 1]
    if twice:
        raise DataError(
            "the column name appears more than once",
            file=name,
            column=twice[0],
            remedy="Rename one",
        )
