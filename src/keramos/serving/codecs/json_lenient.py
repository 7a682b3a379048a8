"""JSON as model servers accept it: NaN and Infinity are numbers, and bytes after the value are
ignored. The value of a key that appears twice in an object is ``Unreadable``.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, cast

import msgspec

from keramos.errors import RequestError
from keramos.serving.codecs.json_pieces import decode_pieces
from keramos.serving.codecs.json_structure import BLOCK, Structure
from keramos.serving.core.limits import MAX_DEPTH
from keramos.serving.core.memory import reserve
from keramos.tabular.cell import Unreadable
from keramos.tabular.json_keys import DECODER, may_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

_decode = msgspec.json.Decoder().decode
_BEFORE = re.compile(r"[ \t\r\n\ufeff]*")


def parse(body: bytes) -> object:
    """The first JSON value of a body.

    Raises:
        RequestError: it is empty, not UTF-8, not JSON, nested too deep, or holds more than one
            request may.
        NotReadyError: the memory for requests is taken at the moment.
    """
    if len(body) <= BLOCK and body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return _value(body)
    structure = Structure(body)
    reserve(structure.memory())
    if len(body) <= BLOCK:
        return _value(body)
    return decode_pieces(body, structure, _piece)


def _value(body: bytes) -> object:
    try:
        value = cast("object", _decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _slowly(body, 0)[0]
    return _slowly(body, 0)[0] if may_repeat(value, body.count(b":")) else value


def _piece(piece: bytes, begin: int) -> object:
    """The value of a piece, which nothing may follow."""
    try:
        value = cast("object", _decode(piece))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value, rest = _slowly(piece, begin)
    else:
        if not may_repeat(value, piece.count(b":")):
            return value
        value, rest = _slowly(piece, begin)
    if rest.strip():
        raise RequestError(f"JSON Parse error: Extra data at offset: {begin + len(piece)}")
    return value


def _slowly(body: bytes, begin: int) -> tuple[object, str]:
    """The first value and what follows it; ``begin`` is the position of the body in a longer
    one.
    """
    try:
        text = body.decode()
        start = cast("re.Match[str]", _BEFORE.match(text)).end()
        if start == len(text):
            raise RequestError("JSON Parse error: The document is empty")
        value, end = DECODER.raw_decode(text, start)
    except UnicodeDecodeError as error:
        at = begin + error.start
        raise RequestError(f"JSON Parse error: not UTF-8 at offset: {at}") from None
    except json.JSONDecodeError as error:
        at = begin + error.pos
        raise RequestError(f"JSON Parse error: {error.msg} at offset: {at}") from None
    except RecursionError:
        raise RequestError("JSON Parse error: nested too deep") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise RequestError(f"JSON Parse error: {error}") from None
    return cast("object", value), text[end:]


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
    if isinstance(value, Unreadable):
        return f"{value.shown}: {value.reason}"
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
