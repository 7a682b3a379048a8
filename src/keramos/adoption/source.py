"""The source of an app as syntax trees. It is never run."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_BYTES = 1 << 20
_MOST_FILES = 60


def trees(paths: Sequence[str]) -> Iterator[tuple[str, ast.Module]]:
    """The name and the tree of each file of Python, and of each notebook as one file."""
    for path in list(map(Path, paths))[:_MOST_FILES]:
        try:
            if path.stat().st_size > (_MOST_BYTES << 3 if path.suffix == ".ipynb" else _MOST_BYTES):
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            tree = ast.parse(_cells(text) if path.suffix == ".ipynb" else text)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield path.name, tree


def _cells(text: str) -> str:
    """The cells of code of a notebook, without those that are not Python and without magics."""
    document = json.loads(text)
    found = document.get("cells", ()) if isinstance(document, dict) else ()
    kept: list[str] = []
    for cell in found if isinstance(found, list) else ():
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = "".join(map(str, source)).splitlines()
        code = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!", "?")))
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if len(kept) * 100 < _MOST_BYTES and len(code) < _MOST_BYTES:
            kept.append(code)
    return "\n".join(kept)[:_MOST_BYTES]
