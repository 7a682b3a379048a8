"""What reads and writes the files of a job: Arrow (extra ``tables``), or without it Python alone,
for text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from keramos.errors import Problem
    from keramos.inference.scored import Batch, Batches, Schema
    from keramos.scoring.chunks import Reader
    from keramos.scoring.formats import Format

    Keys = Mapping[str, str | tuple[str, ...] | NDArray[np.int64]]

KEYS = {"file": "string", "row": "int64"}
"""Columns that tell rows apart, and their types: the file in which a row is, and its number there,
from 1, without a header.
"""

REJECTS = {
    "file": "string",
    "row": "int64",
    "column": "string",
    "rule": "string",
    "value": "string",
}
"""Columns of the list of bad cells and their types; ``row`` counts the rows of the file from 1,
without a header.
"""


class Writer(Protocol):
    """An open file."""

    def write(self, batch: Batch) -> None:
        """Add rows."""

    def close(self) -> None:
        """Write what is left and close the file."""


class Backend(Protocol):
    """What a job needs of files and batches."""

    @property
    def batches(self) -> Batches:
        """How batches are stored."""

    @property
    def readers(self) -> Mapping[str, Callable[..., Reader]]:
        """Format -> reader of a file."""

    @property
    def rejects(self) -> Schema:
        """The columns ``REJECTS``."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What writing raises about cells that a format cannot hold."""

    def texts(self, names: Sequence[str]) -> Schema:
        """Columns of text."""

    def selected(self, schema: Schema, names: Sequence[str]) -> Schema:
        """Some of the columns."""

    def with_text(self, batch: Batch, name: str, value: str) -> Batch:
        """The batch and a column of one text."""

    def keyed(self, batch: Batch, keys: Keys) -> Batch:
        """The batch with the columns of ``keys`` before its own."""

    def with_keys(self, schema: Schema, keys: Sequence[str]) -> Schema:
        """The columns of ``keyed``."""

    def kept_type(self, kind: str) -> str:
        """The type of a column that answers carry along."""

    def listed(self, file: str, problems: Sequence[Problem]) -> Batch:
        """Bad cells of a file as rows of ``rejects``."""

    def open_writer(
        self, path: Path, form: Format, schema: Schema, *, header: bool = True
    ) -> Writer:
        """A new file at ``path``."""

    def stream_writer(self, form: Format, schema: Schema) -> Writer:
        """A writer on standard output, which stays open."""

    def join_columns(self, parts: Sequence[Path], path: Path, form: Format, schema: Schema) -> None:
        """One file of the rows of all parts, in a format that is not text."""
