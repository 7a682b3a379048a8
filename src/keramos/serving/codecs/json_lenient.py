"""JSON as model servers accept it: NaN and Infinity are numbers, and bytes after the value are
ignored.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, cast

import msgspec

from keramos.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_decode = msgspec.json.Decoder().decode
_decoder = json.JSONDecoder()
_BEFORE = re.compile(r"[ \t\r\n\ufeff]*")


def parse(body: bytes) -> object:
    """The first JSON value of a body.

    Raises:
        RequestError: it is empty, not UTF-8, not JSON, or nested too deep.
    """
    try:
        return cast("object", _decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _slowly(body)


def _slowly(body: bytes) -> object:
    try:
        text = body.decode()
        start = cast("re.Match[str]", _BEFORE.match(text)).end()
        if start == len(text):
            raise RequestError("JSON Parse error: The document is empty")
        return cast("object", _decoder.raw_decode(text, start)[0])
    except UnicodeDecodeError as error:
        raise RequestError(f"JSON Parse error: not UTF-8 at offset: {error.start}") from None
    except json.JSONDecodeError as error:
        raise RequestError(f"JSON Parse error: {error.msg} at offset: {error.pos}") from None
    except RecursionError:
        raise RequestError("JSON Parse error: nested too deep") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise RequestError(f"JSON Parse error: {error}") from None


def parse_object(body: bytes) -> dict[str, object]:
    """The first JSON value of a body, which must be an object.

    Raises:
        RequestError: it is not.
    """
    value = parse(body)
    if not isinstance(value, dict):
        raise RequestError(f"JSON Value: {shown(value)} Is not object")
    return value


_MAX_SHOWN = 80
_LONG_INTEGER = "an integer of thousands of digits"


def shown(value: object) -> str:
    """A value as JSON for a message, shortened; no more of it is written than is shown."""
    try:
        text = json.dumps(_head(value, [_MAX_SHOWN]), default=str)
    except ValueError:  # Python writes no integer of thousands of digits
        return _LONG_INTEGER
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def shown_keys(value: Mapping[str, object]) -> str:
    """The keys of an object for a message, shortened."""
    return shown(sorted(islice(value, _MAX_SHOWN)))


def _head(value: object, left: list[int]) -> object:
    """The beginning of a value, of so many items at all depths as ``left`` counts down."""
    left[0] -= 1
    if isinstance(value, str):
        return value[: _MAX_SHOWN + 1]
    if isinstance(value, list):
        return [_head(item, left) for item in value[:_MAX_SHOWN] if left[0] > 0]
    if isinstance(value, dict):
        pairs = islice(value.items(), _MAX_SHOWN)
        return {key[: _MAX_SHOWN + 1]: _head(item, left) for key, item in pairs if left[0] > 0}
    return value
