"""Lists of labels: one name a line, with or without its number, and JSON in three forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError
from keramos.types.companions import Intents, Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERED = re.compile(r"(\d{1,6})[ \t:,]+(.*)")
_TEACHABLE = ("labels", "wordLabels")
"""Under which names Teachable Machine lists classes: of pictures and poses, and of sounds."""

_MOST_BYTES = 4 << 20
_MOST_LABELS = 100_000
_MOST_CHARACTERS = 1_000


def labels_of_text(data: bytes) -> Labels:
    """The names of a ``labels.txt``: ``0 cat`` (Teachable Machine) or ``cat``.

    Numbers are taken off only where they are 0, 1, 2 ... in order; a number may be part of a name.

    Raises:
        CorruptModelError: it is not UTF-8 text, or has no line.
        LimitExceededError: it is longer than a list of labels may be.
    """
    if data.startswith(b"version https://git-lfs"):
        raise UnsupportedModelError("the file is a pointer of Git LFS, the file was not fetched")
    if len(data) > _MOST_BYTES:
        raise LimitExceededError(f"the list of labels has more than {_MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorruptModelError("the list of labels is not UTF-8 text") from None
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    if not lines:
        raise CorruptModelError("the list of labels is empty")
    found = [_NUMBERED.fullmatch(line) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    if numbers == list(range(len(lines))):
        lines = [match[2] for match in found if match]
    return _checked([line.strip() for line in lines])


def labels_of_json(value: object) -> Labels | None:
    """The names in ``["cat"]``, ``{"cat": 0}``, ``{"0": "cat"}`` or a ``metadata.json``; None for
    any other JSON.
    """
    for key in _TEACHABLE if isinstance(value, dict) else ():
        if isinstance(value, dict) and isinstance(value.get(key), list):
            value = value[key]
    if isinstance(value, list):
        return _checked(value) if value and _are_text(value) else None
    if not isinstance(value, dict) or not value:
        return None
    pairs = [*value.items()]
    if _are_text([name for _, name in pairs]):
        pairs = [(name, int(key)) for key, name in pairs if str(key).isdecimal()]
    pairs = [(name, int(place)) for name, place in pairs if _is_place(place)]
    by_place = dict(sorted((place, name) for name, place in pairs))
    if list(by_place) != list(range(len(value))):
        return None
    return _checked([str(name) for name in by_place.values()])


def intents_of_json(value: object) -> Intents | None:
    """The tags, patterns and responses of an ``intents.json``; None for any other JSON."""
    entries = value.get("intents") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not entries:
        return None
    if not all(isinstance(entry, dict) and isinstance(entry.get("tag"), str) for entry in entries):
        return None
    return Intents(
        tuple(entry["tag"] for entry in entries),
        tuple(_texts(entry.get("patterns")) for entry in entries),
        tuple(_texts(entry.get("responses")) for entry in entries),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _are_text(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked(names: Sequence[str]) -> Labels:
    if len(names) > _MOST_LABELS or any(len(name) > _MOST_CHARACTERS for name in names):
        raise CorruptModelError("the list has more or longer names than labels have")
    return Labels(tuple(names))
