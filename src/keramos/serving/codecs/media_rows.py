"""Rows of bodies that are not JSON: a picture, and a form with pictures or texts.

Types of media: RFC 9110, section 8.3. Names of formats do not count: a picture is what its bytes
say.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from keramos.data.form_data import MULTIPART, parts_of
from keramos.errors import RequestError, quoted, shown
from keramos.serving.core.memory import reserve
from keramos.serving.core.refusals import MediaTypeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keramos.data.form_data import Part
    from keramos.serving.core.bodies import Media, ModelSchemas
    from keramos.serving.core.messages import Request
    from keramos.serving.core.served import Served
    from keramos.types.schema import ColumnSchema

PICTURE = "image/*"
_NOT_JSON = ("image/", "audio/", "video/", "multipart/")
_BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}


def media_rows(served: Served, request: Request) -> list[object] | None:
    """The rows of a picture (one) or of a form (one a file or text, in their order); None where
    the type of a body may be JSON.

    Raises:
        MediaTypeError: the model takes no such body.
        RequestError: it is not what its type says.
    """
    said = request.headers.get("content-type", "")
    kind = said.partition(";")[0].strip().lower()
    if not kind.startswith(_NOT_JSON):
        return None
    column = _only_column(served)
    if column is None or kind not in _types(column) | _of_pictures(column, kind):
        raise _refused(served, kind)
    if kind != MULTIPART:
        return [{column.name: request.body}]
    reserve(len(request.body))  # each part is a copy
    read = _files if column.kind == "image" else _texts
    rows: list[object] = [{column.name: cell} for cell in read(column.name, said, request.body)]
    if not rows:
        raise RequestError("the form has no field", remedy=_remedy(column))
    return rows


@contextmanager
def read_as_json(served: Served) -> Iterator[None]:
    """A body that is not JSON is refused with how the model takes pictures: a client that sends one
    without its type sends what looks like damaged JSON.
    """
    try:
        yield
    except RequestError as error:
        column = _only_column(served)
        if column is not None and column.kind == "image":
            error.at(remedy=_remedy(column))
        raise


def form_media(model: ModelSchemas) -> Media:
    """The types of media that a model takes beside JSON, for the OpenAPI document."""
    column = _only_column(model.served)
    if column is None:
        return {}
    cell = _BINARY if column.kind == "image" else {"type": "string"}
    many = {"type": "array", "items": cell, "minItems": 1}
    form = {"type": "object", "properties": {column.name: many}, "required": [column.name]}
    schemas = {PICTURE: _BINARY, MULTIPART: form}
    return {kind: {"schema": schemas[kind]} for kind in sorted(_types(column))}


def _only_column(served: Served) -> ColumnSchema | None:
    """The column of pictures or texts of a model that has no other."""
    content = served.model.content
    columns = content.schema.columns if content else ()
    return columns[0] if [one.kind for one in columns] in (["image"], ["text"]) else None


def _types(column: ColumnSchema) -> set[str]:
    return {MULTIPART, PICTURE} if column.kind == "image" else {MULTIPART}


def _of_pictures(column: ColumnSchema, kind: str) -> set[str]:
    return {kind} if column.kind == "image" and kind.startswith("image/") else set()


def _refused(served: Served, kind: str) -> MediaTypeError:
    column = _only_column(served)
    why, remedy = _reason(served) if column is None else ("", _remedy(column))
    return MediaTypeError(
        f"model {quoted(served.name)} takes no body of this type{why and f': {why}'}",
        received=shown(kind),
        remedy=remedy,
    )


def _reason(served: Served) -> tuple[str, str]:
    """Why a model takes no form and no picture, and how it takes what it takes."""
    content = served.model.content
    if content is None:
        why = "it has no schema, so no column that a file or a field could be a cell of"
        return why, 'Send arrays as application/json: {"instances": [...]} or {"inputs": {...}}'
    columns = content.schema.columns
    listed = shown(", ".join(column.name for column in columns))
    if any(column.kind in ("image", "text") for column in columns):
        why = f"a row has {len(columns)} columns ({listed}), and a form does not say which is whose"
        return why, 'Send rows as application/json, a picture in them as {"b64": "..."}'
    if columns[0].kind == "series":
        why = "it takes the rows of a series"
        return why, f'Send {{"{columns[0].name}": [[...], ...]}} in rows as application/json'
    return "its columns are neither pictures nor texts", "Send rows as application/json"


def _remedy(column: ColumnSchema) -> str:
    if column.kind == "image":
        return (
            f"Send files as {MULTIPART} (curl -F {column.name}=@photo.jpg), or one picture as "
            "image/jpeg, image/png ..."
        )
    return f"Send a field {quoted(column.name)} of {MULTIPART}, or JSON as application/json"


def _files(column: str, said: str, body: bytes) -> Iterable[bytes]:
    """The files of a form; one that was not chosen in a browser is left out."""
    for part in parts_of(said, body):
        if part.file is None:
            raise RequestError(
                f"field {_named(part)} of the form is a text, and the model takes pictures",
                remedy=f"Send each as a file: curl -F {column}=@photo.jpg",
            )
        if part.file or part.data:
            yield part.data


def _texts(column: str, said: str, body: bytes) -> Iterable[object]:
    """The texts of a form, which may be files in UTF-8."""
    for part in parts_of(said, body):
        if part.name != column:
            raise RequestError(
                f"the form has a field {_named(part)}, and the model takes {quoted(column)}"
            )
        if part.file is None:
            yield part.text()
        elif part.file or part.data:
            yield _text_or_bytes(part.data)


def _named(part: Part) -> str:
    return "without a name" if part.name is None else quoted(part.name)


def _text_or_bytes(data: bytes) -> object:
    try:
        return data.decode()
    except UnicodeDecodeError:  # refused with its row
        return data
