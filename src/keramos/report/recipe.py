"""The recipe of an adopted file as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UnsetType

from keramos.errors import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.types.adoption import Finding
    from keramos.types.artifact import Content
    from keramos.types.companions import LeftOut

_HEAD = ("value", "is", "from", "certainty")
_WIDEST = (28, 52, 40, 10)


def recipe_lines(
    content: Content, left_out: Sequence[LeftOut] = (), *, sure: bool = True
) -> list[str]:
    """A table of value, origin and certainty, then notes and the files that are not used."""
    adoption = content.adoption
    if isinstance(adoption, UnsetType):
        return []
    rows = [_HEAD, *(_row(one) for one in adoption.findings)]
    cut = [tuple(map(_cut, row, _WIDEST)) for row in rows]
    sizes = [max(map(len, column)) for column in zip(*cut, strict=True)]
    lines = [
        "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip()
        for row in cut
    ]
    head = "recipe" if sure else "proposed recipe"
    return [f"{head} ({adoption.family})", *lines, *_notes(adoption.notes, left_out)]


def _notes(notes: Sequence[str], left_out: Sequence[LeftOut]) -> Iterator[str]:
    for note in notes:
        yield f"note: {escaped(note)}"
    for one in left_out:
        name = one.path.rpartition("/")[2]
        yield f"left out: {escaped(name)}: {escaped(one.reason)[:200]}"


def _row(one: Finding) -> tuple[str, str, str, str]:
    source = f"{one.origin}: {one.source}" if one.source else one.origin
    return one.what, one.value, source, one.certainty


def _cut(text: str, most: int) -> str:
    text = escaped(text)
    return text if len(text) <= most else f"{text[: most - 3]}..."
