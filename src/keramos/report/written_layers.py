"""Which layers are written in which forms, as real models of each showed."""

from __future__ import annotations

from pathlib import Path

TABLE = Path(__file__).with_name("written_layers.txt")
"""One line a class: the forms that a model of it, with the options that it needs, is written in."""


def written_layers() -> dict[str, frozenset[str]]:
    """Class -> the words of the forms."""
    lines = (line.split(":") for line in TABLE.read_text(encoding="utf-8").splitlines())
    return {kind: frozenset(forms.split()) for kind, forms in lines}
