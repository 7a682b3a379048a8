"""What a form of a page sends: texts and files by the name of their field.

Sources: RFC 7578 (multipart/form-data) and the URL standard (application/x-www-form-urlencoded).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from keramos.errors import RequestError

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb';\s*name="([^"]*)"', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:([^\r\n]*)$", re.IGNORECASE | re.MULTILINE)
_MOST_PARTS = 10_000
_LONGEST_HEAD = 8192
_ESCAPED = ((b"%0D", b"\r"), (b"%0A", b"\n"), (b"%22", b'"'))
"""How browsers write these characters in the name of a field."""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of text and files by name; of equal names the last counts. Lines end in a line feed;
    a file that was not chosen is absent.
    """

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def read_form(content_type: str, body: bytes) -> Form:
    """The fields of a body.

    Raises:
        RequestError: the body is not of that type, or the type is no form.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(
                body.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_PARTS,
            )
        except ValueError:  # not UTF-8, or too many fields
            raise RequestError("the body is not form data in UTF-8") from None
        return Form({name: _lines(text) for name, text in pairs})
    raise RequestError(
        "the body is no form",
        received=content_type[:100] or "no content type",
        remedy="Send multipart/form-data or application/x-www-form-urlencoded",
    )


def _multipart(content_type: str, body: bytes) -> Form:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise RequestError("the form has no boundary", received=content_type[:100])
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    form = Form()
    first = -2 if body.startswith(mark[2:]) else body.find(mark)
    if first == -1:
        raise RequestError("the body has no part")
    at = first + len(mark)
    for _ in range(_MOST_PARTS):
        if body.startswith(b"--", at):
            return form
        end = body.find(mark, at)
        if end < 0:
            raise RequestError("the form ends within a part")
        _take(form, body, at, end)
        at = end + len(mark)
    raise RequestError(f"the form has more than {_MOST_PARTS:,} parts")


def _take(form: Form, body: bytes, begin: int, end: int) -> None:
    """Put one part into the form; a part without a name is left out, as browsers send none."""
    split = body.find(b"\r\n\r\n", begin, min(end, begin + _LONGEST_HEAD))
    if split < 0:
        raise RequestError("a part of the form has no end of its header")
    head, data = body[begin:split], body[split + 4 : end]
    said = _DISPOSITION.search(head.replace(b"\r\n", b"\n"))
    name = _NAME.search(said[1]) if said else None
    if said is None or name is None:
        return
    key = _decoded(_unescaped(name[1]), "name of a field")
    if _FILE.search(said[1]) is None:
        form.texts[key] = _lines(_decoded(data, "text"))
    elif data:
        form.files[key] = data


def _unescaped(name: bytes) -> bytes:
    for written, meant in _ESCAPED:
        name = name.replace(written, meant)
    return name


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise RequestError(f"a {what} in the form is not UTF-8") from None


def _lines(text: str) -> str:
    """Browsers end lines in CR LF, whatever was typed or pasted."""
    return text.replace("\r\n", "\n")
