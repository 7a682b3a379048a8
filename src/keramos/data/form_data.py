"""What a form sends: texts and files, in their order or by the name of their field.

Sources: RFC 7578 (multipart/form-data) and the URL standard (application/x-www-form-urlencoded).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from keramos.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
_DISPOSITION = re.compile(rb"^content-disposition:([^\r\n]*)$", re.IGNORECASE | re.MULTILINE)
MULTIPART = "multipart/form-data"
_MOST_PARTS = 10_000
_LONGEST_HEAD = 8192
_MOST_PARAMETERS = 32
_ESCAPED = ((b"%0D", b"\r"), (b"%0A", b"\n"), (b"%22", b'"'))
"""How browsers write these characters in the name of a field."""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of text and files by name; of equal names the last counts. Lines end in a line feed;
    a file that was not chosen is absent.
    """

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One field as it was sent; ``name`` is None where it has none, ``file`` None for a text, ""
    where no file was chosen.
    """

    name: str | None
    file: str | None
    data: bytes

    def text(self) -> str:
        """The text of the field.

        Raises:
            RequestError: it is not UTF-8.
        """
        return _lines(_decoded(self.data, "text"))


def read_form(content_type: str, body: bytes) -> Form:
    """The fields of a body.

    Raises:
        RequestError: the body is not of that type, or the type is no form.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return _by_name(parts_of(content_type, body))
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


def _by_name(parts: Iterable[Part]) -> Form:
    """Fields by name; a part without one is left out, as browsers send none."""
    form = Form()
    for part in parts:
        if part.name is not None and part.file is None:
            form.texts[part.name] = part.text()
        elif part.name is not None and part.data:
            form.files[part.name] = part.data
    return form


def parts_of(content_type: str, body: bytes) -> Iterator[Part]:
    """The fields of a body of multipart/form-data, in their order.

    Raises:
        RequestError: the body is not of that type.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise RequestError("the form has no boundary", received=content_type[:100])
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    first = -2 if body.startswith(mark[2:]) else body.find(mark)
    if first == -1:
        raise RequestError("the body has no part")
    at = first + len(mark)
    for _ in range(_MOST_PARTS):
        if body.startswith(b"--", at):
            return
        end = body.find(mark, at)
        if end < 0:
            raise RequestError("the form ends within a part")
        yield _part(body, at, end)
        at = end + len(mark)
    raise RequestError(f"the form has more than {_MOST_PARTS:,} parts")


def _part(body: bytes, begin: int, end: int) -> Part:
    split = body.find(b"\r\n\r\n", begin, min(end, begin + _LONGEST_HEAD))
    if split < 0:
        raise RequestError("a part of the form has no end of its header")
    head, data = body[begin:split], body[split + 4 : end]
    said = _DISPOSITION.search(head.replace(b"\r\n", b"\n"))
    found = islice(_PARAMETER.finditer(said[1]), _MOST_PARAMETERS) if said else ()
    given = {one[1].lower(): one[3] if one[2] is None else one[2] for one in found}
    name, file = given.get(b"name"), given.get(b"filename*", given.get(b"filename"))
    return Part(
        None if name is None else _decoded(_unescaped(name), "name of a field"),
        None if file is None else file.decode(errors="replace"),
        data,
    )


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
