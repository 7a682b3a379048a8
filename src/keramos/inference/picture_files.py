"""Pictures that a table names: files in its folder, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import DataError
from keramos.inference.pictures import SUFFIXES, picture_bytes
from keramos.tabular.cell import Refused
from keramos.types.table import Column

if TYPE_CHECKING:
    from keramos.types.table import Table

OUTSIDE = "a path that leads out of the folder of the table"
ABSENT = "there is no such file in the folder of the table"
REMOTE = "a path, and the table is not a file of this machine: give the pictures themselves"
_LONGEST = 4096


def is_path(cell: object) -> bool:
    """Whether a cell is a text with the extension of a picture."""
    if not isinstance(cell, str) or not 0 < len(cell) <= _LONGEST:
        return False
    return os.path.splitext(cell.strip())[1].lower() in SUFFIXES  # noqa: PTH122 (no Path of a NUL)


def folder_of(table: str) -> Path | None:
    """The folder of a table; the current one for standard input, None for a URL or a query."""
    if table == "-":
        return Path.cwd().resolve()
    local = "://" not in table and Path(table).exists()
    return Path(os.path.realpath(Path(table).parent)) if local else None


def picture_named(path: str, folder: Path | None) -> bytes | Refused:
    """The bytes of a picture below a folder; links are followed no further than that."""
    if folder is None:
        return Refused(REMOTE)
    if "\0" in path:
        return Refused(ABSENT)
    place = Path(os.path.realpath(folder / path.strip()))
    if folder not in place.parents:
        return Refused(OUTSIDE)
    if not place.is_file():
        return Refused(ABSENT)
    try:
        return picture_bytes(place)
    except DataError as error:
        return Refused(error.what)


def with_pictures(table: Table, name: str) -> Table:
    """A table with the pictures that a column names; paths that are none stay, and are refused."""
    if name not in table.columns:
        return table
    folder, column = folder_of(table.source), table.columns[name]
    values = column.values.astype(object)
    for row, cell in enumerate(values.tolist()):
        found = picture_named(cell, folder) if is_path(cell) else None
        values[row] = found if isinstance(found, bytes) else cell
    return replace(table, columns={**table.columns, name: Column(values, column.missing)})
