"""JSON as model servers accept it: NaN and Infinity are numbers, and bytes after the value are
ignored.
"""

from __future__ import annotations

import json
import re
from typing import cast

import msgspec

from keramos.errors import RequestError

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


def shown(value: object) -> str:
    """A value as JSON for a message, shortened."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
