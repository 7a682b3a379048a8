"""Any outside table -> Table: paths by their extension, DataFrames, rows, dicts of columns."""

from __future__ import annotations

import gzip
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.data.delimited import check_names, read_delimited
from keramos.data.json_lines import from_rows, read_json_lines
from keramos.errors import DataError, MissingExtraError, UsageError
from keramos.tabular.columns import array_column, cells_column, table_of
from keramos.types.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from keramos.types.table import Column

    Reader = Callable[[bytes, str], Table]

_TABLES = "keramos.data.arrow"
FORMATS: dict[str, str | Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".parquet": f"{_TABLES}:read_parquet",
    ".pq": f"{_TABLES}:read_parquet",
    ".arrow": f"{_TABLES}:read_ipc",
    ".feather": f"{_TABLES}:read_ipc",
    ".ipc": f"{_TABLES}:read_ipc",
    ".xlsx": "keramos.data.excel:read_excel",
}
"""File extension -> reader; one given as module:function needs the extra ``tables``."""


def as_table(source: object) -> Table:
    """A table from whatever the caller has.

    Args:
        source: a path (``-`` reads CSV from standard input), a ``Table``, rows (a sequence of
            dicts), a dict of columns, or any DataFrame that narwhals knows.

    Raises:
        DataError: it cannot be read as a table.
        UsageError: it is none of these, or its file extension is unknown.
        MissingExtraError: reading it needs the extra ``tables``.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, Path)):
        return read_table(source)
    if isinstance(source, Mapping):
        return table_of(
            "dict of columns",
            {name: column_of(name, cells) for name, cells in _by_name(source).items()},
        )
    if isinstance(source, Sequence) and all(isinstance(row, Mapping) for row in source):
        return from_rows([dict(row) for row in source], "rows")
    return _from_frame(source)


def read_table(path: str | Path) -> Table:
    """A table from a file, by its extension (``.gz`` may follow).

    Raises:
        DataError: the file does not exist or does not hold such a table.
        UsageError: the extension is unknown.
        MissingExtraError: the format needs the extra ``tables``.
    """
    if str(path) == "-":
        return read_delimited(sys.stdin.buffer.read(), "standard input")
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    extension = (suffixes[:-1] if zipped else suffixes)[-1:]
    if not extension or extension[0] not in FORMATS:
        raise UsageError(
            f"the extension is not of a known table format; known are {', '.join(FORMATS)}",
            file=str(path),
        )
    data = _bytes(path)
    try:
        data = gzip.decompress(data) if zipped else data
    except (OSError, EOFError) as error:
        raise DataError(f"the file is not a readable gzip file: {error}", file=str(path)) from None
    return _reader(extension[0])(data, str(path))


def _bytes(path: Path) -> bytes:
    if not path.exists():
        raise DataError("the file does not exist", file=str(path))
    if not path.is_file():
        raise DataError("the path is not a regular file", file=str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror}", file=str(path)) from None


def _reader(extension: str) -> Reader:
    reader = FORMATS[extension]
    if not isinstance(reader, str):
        return reader
    module, name = reader.split(":")
    return cast("Reader", getattr(extra(module, f"{extension} files"), name))


def extra(module: str, what: str) -> ModuleType:
    """A module that needs the extra ``tables``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{what} need {error.name}", remedy="Install it with: pip install 'keramos[tables]'"
        ) from None


def _by_name(columns: Mapping[object, object]) -> dict[str, object]:
    check_names(list(map(str, columns)), "dict of columns")
    return {str(name): cells for name, cells in columns.items()}


def column_of(name: str, cells: object) -> Column:
    """A column from a list, a tuple, a range, an array, or a Series of any library.

    Raises:
        UsageError: it is something else.
    """
    if isinstance(cells, Sequence) and not isinstance(cells, (str, bytes, bytearray, memoryview)):
        return cells_column(cells)
    if not isinstance(cells, np.ndarray) and hasattr(cells, "to_pylist"):  # Arrow
        return cells_column(cells.to_pylist())
    if hasattr(cells, "__array__"):
        return array_column(np.asarray(cells))
    raise UsageError(
        "a column is a list or an array", column=name, received=f"a {type(cells).__name__}"
    )


def _from_frame(frame: object) -> Table:
    from_frame = cast(
        "Callable[[object], Table]",
        getattr(extra("keramos.data.frames", "DataFrames"), "from_frame"),  # noqa: B009
    )
    return from_frame(frame)
