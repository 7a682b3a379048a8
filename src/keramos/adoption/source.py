"""The source of an app as syntax trees. It is never run."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.platform.read_file import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_BYTES = 1 << 19
"""Of all sources together; a tree takes a hundred times the memory of its text."""

_MOST_OF_ONE = 1 << 18
_MOST_OF_NOTEBOOKS = 1 << 25
"""With their outputs."""

_MOST_FILES = 60


def trees(paths: Sequence[str]) -> Iterator[tuple[str, ast.Module]]:
    """The name and the tree of each file of Python, and of each notebook as one file."""
    code, outputs = _MOST_BYTES, _MOST_OF_NOTEBOOKS
    for path in list(map(Path, paths))[:_MOST_FILES]:
        notebook = path.suffix == ".ipynb"
        try:
            most = outputs if notebook else min(code, _MOST_OF_ONE)
            text = read_file(path, most).decode(errors="replace")
            if notebook:
                outputs, text = outputs - len(text), _cells(text)
            if len(text) > min(code, _MOST_OF_ONE):
                continue
            code -= len(text)
            tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield path.name, tree


def _cells(text: str) -> str:
    """The cells of code of a notebook, without those that are not Python and without magics."""
    document = json.loads(text)
    found = document.get("cells", ()) if isinstance(document, dict) else ()
    kept: list[str] = []
    left = _MOST_OF_ONE
    for cell in found if isinstance(found, list) else ():
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = "".join(map(str, source)).splitlines()
        code = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!", "?")))
        left -= len(code)
        if left < 0:
            break
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        kept.append(code)
    return "\n".join(kept)
