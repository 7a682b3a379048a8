"""Raw input in forms: an example that the file has, and rows of a series from pasted text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.errors import DataError
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from keramos.types.artifact import Content
    from keramos.types.schema import ColumnPreparation, Series

_MOST_CHARACTERS = 1_000_000
_CUT = re.compile(r"[,;\t|]")
_NUMBER = re.compile(r'"?[-+]?(\d[\d _]*)?[.,]?\d+([eE][-+]?\d+)?"?')
RAW = frozenset({"image", "text", "series"})
"""Kinds of columns whose cells people give as files, passages and pasted tables."""


def is_raw(content: Content) -> bool:
    """Whether the model takes one picture, one text or one series."""
    return len(content.schema.columns) == 1 and content.schema.columns[0].kind in RAW


def example_cell(content: Content, item: ColumnPreparation, row: int = 0) -> str:
    """A golden cell as text, as forms have it: base64 of a picture, a text, lines of a series."""
    golden = content.golden
    kept = golden.inputs[0][row] if golden is not None and golden.inputs else None
    if item.series:
        scaled = (
            item.series.fitted == "request"
        )  # golden windows are kept as the network takes them
        rows = KINDS["series"].example(item) if kept is None or scaled else kept
        return series_text(rows, item.series)
    return str(kept) if isinstance(kept, str) else ""


def series_text(rows: object, series: Series) -> str:
    """Rows as lines of delimited text below the names of the columns."""
    listed = rows if isinstance(rows, (list, tuple)) else []
    cells = [one if isinstance(one, (list, tuple)) else [one] for one in listed]
    lines = [",".join(f"{value:.9g}" for value in row) for row in cells]
    return "\n".join([",".join(map(_quoted, series.columns)), *lines])


def series_cell(text: str, series: Series) -> list[list[float]]:
    """The rows of pasted text, the oldest first, or in the order of a column of dates. Where the
    first line has only numbers, its columns are those of the model.

    Raises:
        DataError: it is not delimited text with the columns of the series, or too long to paste.
    """
    from keramos.data.delimited import read_delimited  # noqa: PLC0415 (few files have series)
    from keramos.inference.series import series_of  # noqa: PLC0415 (few files have series)

    if len(text) > _MOST_CHARACTERS:
        raise DataError(
            f"the text has more than {_MOST_CHARACTERS:,} characters",
            received=f"{len(text):,} characters",
            remedy="Use keramos predict with a file",
        )
    first = next((line for line in text.splitlines() if line.strip()), "")
    cells = [cell.strip() for cell in _CUT.split(first)]
    if first and all(map(_NUMBER.fullmatch, cells)):
        delimiter = (_CUT.findall(first) or [","])[0]
        text = "\n".join([delimiter.join(map(_quoted, series.columns)), text])
    found: list[list[float]] = series_of(
        read_delimited(text.encode("utf-8", "replace"), "the text"), series
    ).tolist()
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if re.search(r'[",;\t|\r\n]', name) else name
