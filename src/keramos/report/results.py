"""Decisions as files: CSV, TSV, JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.errors import Problem
    from keramos.inference.decisions import Records

    Renderer = Callable[[Sequence[str], Records], str]

PROBLEM_COLUMNS = ("row", "column", "value", "reason")


def problem_records(problems: Sequence[Problem]) -> Records:
    """One record a cell that breaks a rule."""
    return [{name: getattr(problem, name) for name in PROBLEM_COLUMNS} for problem in problems]


def _delimited(delimiter: str) -> Renderer:
    def render(names: Sequence[str], rows: Records) -> str:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, names, delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return buffer.getvalue()

    return render


def _json_lines(_: Sequence[str], rows: Records) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


RENDERERS: dict[str, Renderer] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _json_lines,
}
"""File extension -> text of the records under their names, which a table without rows has too."""
