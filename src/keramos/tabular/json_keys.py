"""Keys that a JSON object says twice, of which readers take the first or the last: the value of
such a key is ``Unreadable``, so whoever needs it refuses it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import cast

from keramos.tabular.cell import Unreadable, show

TWICE = "the key appears more than once in the object"


def may_repeat(value: object, colons: int) -> bool:
    """Whether objects in a JSON text may say a key twice; ``value`` is the decoded text and
    ``colons`` how many colons it has: one a key, and those inside strings.
    """
    found, level = 0, [value]
    while level and found < colons:
        objects = [item for item in level if type(item) is dict]
        found += sum(map(len, objects))
        inside = [*(item for item in level if type(item) is list), *map(dict.values, objects)]
        level = [item for items in inside for item in items if type(item) in (dict, list)]
    return found < colons


def repeats(text: bytes) -> bool:
    """Whether an object of a JSON text says a key twice."""
    found = False

    def hook(pairs: list[tuple[str, object]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    json.loads(text, object_pairs_hook=hook, parse_int=len, parse_float=len)
    return found


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON by its pairs, for ``object_pairs_hook``."""
    row = dict(pairs)
    if len(row) < len(pairs):
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                given = [value for name, value in pairs if name == key]
                row[key] = Unreadable(", ".join(map(show, given)), TWICE)
    return row


DECODER = json.JSONDecoder(object_pairs_hook=once)
"""Decodes a text in which keys may be repeated, and the words NaN and Infinity."""


def decoded_object(text: bytes) -> dict[str, object]:
    """A JSON object in which keys may be repeated.

    Raises:
        ValueError: it is not one.
    """
    value = DECODER.decode(text.decode())
    if type(value) is not dict:
        raise ValueError("not an object")
    return cast("dict[str, object]", value)
