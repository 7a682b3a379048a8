"""The OpenAPI 3.1 document of a server (https://spec.openapis.org/oas/v3.1.0).

Each model has paths of its own, so that each has schemas made from its columns; a client made from
the document knows names, types, categories and which cells may be null.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from keramos.errors import KeramosError
from keramos.serving.openapi import models
from keramos.serving.openapi.operations import LABELS, OPERATIONS, VERSIONS
from keramos.serving.openapi.shared import SCHEMAS, WHY, ref
from keramos.types.serving import ModelRef, State
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.serving.core.routes import Context, Route
    from keramos.serving.core.served import Served
    from keramos.serving.openapi.operations import Operation

Json = dict[str, object]

_ABOUT = """Answers of Keras models, in the protocols that clients already speak. Bodies may be
compressed (`Content-Encoding: gzip` or `deflate`). JSON bodies may hold the tokens NaN, Infinity
and -Infinity as numbers, and replies hold them where an output is not finite, as TensorFlow
Serving's do."""
_BINARY: Json = {
    "application/octet-stream": {
        "schema": {"description": "JSON, then little-endian tensors, as Triton has it."}
    }
}
_TIMEOUT, _UNAUTHORIZED = 408, 401
_ALSO_TEXT = frozenset({400, 415, 503})
"""What cannot be read as HTTP, or has one connection too many, is refused before its path is
known.
"""

_CSV, _PARQUET = "text/csv", "application/vnd.apache.parquet"


def document(context: Context, routes: Sequence[Route]) -> Json:
    """Operations of ``routes``, with those of each model that answers now."""
    served = [(_key(place, one), one) for place, one in enumerate(_newest(context), 1)]
    schemas: dict[str, Json] = dict(SCHEMAS)
    for key, one in served:
        schemas |= models.schemas(one, key)
    paths: dict[str, dict[str, Json]] = {}
    for operation in OPERATIONS:
        for path, made in _operations(context, operation, served):
            if _answers(routes, operation.method.upper(), path):
                paths.setdefault(path, {})[operation.method] = made
    return {
        "openapi": "3.1.0",
        "info": {"title": "keramos", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],  # whether keys are needed is said by 401
    }


def _newest(context: Context) -> Iterator[Served]:
    for name in context.registry.names():
        try:
            yield context.registry.get(ModelRef(name))
        except KeramosError:
            continue  # no version of it answers: there is nothing to describe


def _key(place: int, served: Served) -> str:
    """A name for a model's schemas; OpenAPI takes fewer characters there than a file system in
    names of files.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", served.name)
    return plain if plain == served.name else f"{plain}_{place}"


def _answers(routes: Sequence[Route], method: str, path: str) -> bool:
    asked = path.replace("{version}", "1").replace("{label}", "a")
    return any(one.method == method and one.pattern.fullmatch(asked) for one in routes)


def _operations(
    context: Context, operation: Operation, served: Sequence[tuple[str, Served]]
) -> Iterator[tuple[str, Json]]:
    if "{M}" not in operation.path:
        only = served[0] if len(served) == 1 else None
        if only or not operation.takes.startswith(
            "."
        ):  # else a model must be named, in a path of its own
            yield operation.path, _operation(operation, operation.path, only, [])
        return
    for one in served:
        if operation.needs not in _abilities(one[1]):
            continue
        for at in ("", *operation.at):
            parameters = _PARAMETERS[at](context, one[1])
            if parameters is not None:
                path = operation.path.replace("{M}", quote(one[1].name, safe="")).replace(
                    "{at}", at
                )
                yield path, _operation(operation, path, one, parameters)


def _abilities(served: Served) -> set[str]:
    content = served.model.content
    if content is None:
        return {"any"}
    return {"any", "columns", "regress" if content.rule.kind == "value" else "classify"}


def _versions(context: Context, served: Served) -> list[Json]:
    known = [
        item.version
        for item in context.registry.statuses(served.name)
        if item.state is State.AVAILABLE
    ]
    return [_parameter("version", {"type": "integer", "enum": known})]


def _labels(context: Context, served: Served) -> list[Json] | None:
    labels = sorted(context.registry.labels(served.name))
    return [_parameter("label", {"type": "string", "enum": labels})] if labels else None


def _parameter(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_PARAMETERS: dict[str, Callable[[Context, Served], list[Json] | None]] = {
    "": lambda *_: [],
    VERSIONS: _versions,
    LABELS: _labels,
}


def _operation(
    operation: Operation, path: str, one: tuple[str, Served] | None, parameters: list[Json]
) -> Json:
    name = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")
    made: Json = {
        "operationId": f"{operation.method}_{name}",
        "summary": operation.title,
        "tags": [operation.tag],
    }
    if path.endswith("/decide"):
        partial: Json = {
            "name": "partial",
            "in": "query",
            "schema": {"type": "boolean", "default": False},
        }
        parameters = [*parameters, partial]
    if parameters:
        made["parameters"] = parameters
    if operation.takes:
        made["requestBody"] = _body(operation, one)
    return made | {"responses": _responses(operation, one)}


def _named(name: str, one: tuple[str, Served] | None) -> Json:
    return ref(f"{one[0]}{name}" if name.startswith(".") and one else name)


def _body(operation: Operation, one: tuple[str, Served] | None) -> Json:
    media: Json = {"schema": _named(operation.takes, one)}
    content: dict[str, object] = {"application/json": media}
    if one is not None and operation.takes.startswith("."):
        found = models.examples(one[1])[operation.takes[1:]]
        media["examples"] = {
            name.replace(" ", "-"): {"value": value} for name, value in found.items()
        }
        table = one[1].model.content
        if operation.takes == ".table" and table is not None:
            content[_CSV] = {"schema": {"type": "string"}, "example": models.csv_example(table)}
            content[_PARQUET] = {
                "schema": {"description": "A table; its columns are found by name."}
            }
        if operation.takes == ".infer":
            content |= _BINARY
    return {"required": operation.takes != "OipIndexRequest", "content": content}


def _responses(operation: Operation, one: tuple[str, Served] | None) -> Json:
    good: Json = {"description": "Done."}
    if operation.gives:
        content: Json = {"application/json": {"schema": _named(operation.gives, one)}}
        good["content"] = content | _BINARY if operation.takes == ".infer" else content
    found: Json = {} if operation.refused else {"200": good}
    for code in sorted({*operation.codes, _UNAUTHORIZED}):
        found[str(code)] = {"description": WHY[code], "content": _refusal(operation, code)}
    return found


def _refusal(operation: Operation, code: int) -> Json:
    """Errors in the protocol's own form; those about the connection, or of probes, as text."""
    text: Json = {"text/plain": {"schema": {"type": "string"}}}
    if operation.text or code == _TIMEOUT:
        return text
    media: Json = {
        "application/json": {"schema": ref("Error" if code == _UNAUTHORIZED else operation.error)}
    }
    return media | (text if code in _ALSO_TEXT else {})
