"""JSON objects, read strictly: bounded before they are parsed, and with one meaning only.

RFC 8259 lets readers differ on repeated keys, on numbers without bounds and on lone surrogates;
Python also reads NaN and Infinity. A model's config has none of them, so a text that has is
refused.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from math import isfinite
from typing import TYPE_CHECKING, NoReturn

from keramos.errors import CorruptModelError, LimitExceededError, quoted

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_NAMES = {
    bool: "true or false",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a text",
    type(None): "null",
}
_DIGITS = 20  # of the longest 64-bit number
_SURROGATE = rb"\\u[dD][89a-fA-F]"


def parse_json(data: bytes, where: str, limits: Limits) -> dict[str, object]:
    """A JSON object.

    Raises:
        CorruptModelError: it is not one, or has several meanings.
        LimitExceededError: it is too long, has too many values or nests too deep.
    """
    value = parse_json_value(data, where, limits)
    if isinstance(value, str):  # what json.dump(model.to_json()) leaves
        value = parse_json_value(value.encode(), where, limits)
    if not isinstance(value, dict):
        raise CorruptModelError(
            "the JSON text is not an object",
            received=_NAMES[type(value)],
            path=where,
        )
    return value


def parse_json_value(data: bytes, where: str, limits: Limits) -> object:
    """Any JSON value, as strictly.

    Raises:
        CorruptModelError: it is not JSON, or has several meanings.
        LimitExceededError: it is too long, has too many values or nests too deep.
    """
    _check_size(data, where, limits)
    return _Reader(where).value(data)


def _check_size(data: bytes, where: str, limits: Limits) -> None:
    if len(data) > limits.config_bytes:
        raise LimitExceededError(
            f"the JSON text has more than {limits.config_bytes:,} bytes, the limit (config_bytes)",
            received=f"{len(data):,}",
            path=where,
        )
    nodes = 1 + data.count(b",") + data.count(b"[") + data.count(b"{")
    if nodes > limits.json_nodes:
        raise LimitExceededError(
            f"the JSON text holds more than {limits.json_nodes:,} values, the limit (json_nodes)",
            received=f"about {nodes:,}",
            path=where,
        )
    if _depth(data) > limits.json_depth:
        raise LimitExceededError(
            f"the JSON text nests deeper than {limits.json_depth} levels, the limit (json_depth)",
            path=where,
        )


def _depth(data: bytes) -> int:
    """How deep brackets outside of strings nest, found without recursion."""
    brackets = _STRING.sub(b"", data).translate(None, _OTHERS)
    if brackets.count(b"[") + brackets.count(b"{") < len(brackets) // 2:
        return 0  # more are closed than opened: the parser says where
    return max(accumulate((1 if mark in b"[{" else -1 for mark in brackets), initial=0))


class _Reader:
    """One text; its methods are what the parser calls for numbers and objects."""

    def __init__(self, where: str) -> None:
        self._where = where

    def value(self, data: bytes) -> object:
        """The text as Python values."""
        try:
            found: object = json.loads(
                data.decode("utf-8"),
                object_pairs_hook=self.unique,
                parse_constant=self.constant,
                parse_int=self.whole,
                parse_float=self.number,
            )
            if re.search(_SURROGATE, data):
                json.dumps(found, ensure_ascii=False).encode()
        except ValueError as error:
            raise CorruptModelError(
                f"the text is not readable JSON: {str(error)[:200]}",
                path=self._where,
            ) from None
        return found

    def unique(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """An object in which no key is said twice."""
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise CorruptModelError(
                f"the JSON text says {quoted(twice)} twice in one object; refusing to guess which "
                "counts",
                path=self._where,
            )
        return found

    def constant(self, word: str) -> NoReturn:
        """NaN and Infinity, which JSON does not have."""
        raise CorruptModelError(
            "the JSON text holds a word where a number is expected",
            received=word,
            path=self._where,
        )

    def whole(self, digits: str) -> int:
        """A whole number of at most 64 bits."""
        if len(digits) > _DIGITS:
            raise CorruptModelError(
                f"the JSON text holds a whole number of {len(digits):,} digits",
                received=f"{digits[:20]}...",
                path=self._where,
            )
        return int(digits)

    def number(self, digits: str) -> float:
        """A number that is one: 1e999 is not."""
        found = float(digits)
        if not isfinite(found):
            raise CorruptModelError(
                "the JSON text holds a number that is too large to compute with",
                received=digits[:20],
                path=self._where,
            )
        return found
