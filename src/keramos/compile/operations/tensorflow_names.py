"""Reader of ``tensorflow_names.txt``: TensorFlow's names, each with the function that computes it.

The file begins with a description of its columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(NamedTuple):
    """A row of the file.

    ``kind`` is symbol, alias or node. ``function`` is the symbol in a row of kind alias.
    ``parameters`` maps TensorFlow's arguments, in their order, to parameters of the function.
    """

    kind: str
    name: str
    function: str
    parameters: dict[str, str]


def rows() -> Iterator[Row]:
    """All rows, in the order of the file."""
    text = Path(__file__).with_suffix(".txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            kind, name, function, *pairs = line.split()
            yield Row(kind, name, function, dict(pair.split("=") for pair in pairs))
