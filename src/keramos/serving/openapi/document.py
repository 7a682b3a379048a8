"""The OpenAPI 3.1 document of a server, made from its routes
(https://spec.openapis.org/oas/v3.1.0).

Each model has paths and schemas of its own, made from its columns: a client made from the document
knows names, types, categories and which cells may be null.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Never, cast
from urllib.parse import quote

import msgspec

from keramos.errors import KeramosError, quoted
from keramos.serving.core.bodies import Error, ModelBody
from keramos.serving.core.logging import event
from keramos.serving.openapi.schemas import ServedSchemas, ref
from keramos.types.serving import ModelRef, State
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.serving.core.routes import Context, Route
    from keramos.serving.core.served import Served

Json = dict[str, object]

_log = logging.getLogger("keramos.serving")

_ABOUT = """Predictions of Keras models, in the protocols that clients already speak. Bodies may be
compressed (`Content-Encoding: gzip` or `deflate`). JSON bodies may hold the tokens NaN, Infinity
and -Infinity as numbers, and responses hold them where an output is not finite, as TensorFlow
Serving's do."""
_REASONS: Mapping[int, str] = {
    400: "The request is refused; the text says what is wrong, where, and what was received.",
    401: "The API key is missing or unknown.",
    403: "Loading and unloading is off; the server was not started with --admin.",
    404: "There is no such model, version or label.",
    408: "The request did not arrive in time.",
    413: "The body is larger than one request may be.",
    415: "The coding or type of the body is not known.",
    503: "The model is not ready, or too many connections are open.",
}
_ALSO_TEXT = frozenset({400, 415, 503})
"""Statuses of refusals that come before the path is known: malformed HTTP, too many connections."""

_REF = "#/components/schemas/{name}"
_TEXT: Json = {"text/plain": {"schema": {"type": "string"}}}


def document(context: Context, routes: Sequence[Route]) -> Json:
    """The operations of ``routes``, for each model that answers now."""
    models = list(_described(context))
    paths: dict[str, Json] = {}
    schemas = _static_schemas(routes)
    for one in models:
        schemas |= one.components
    for route in routes:
        for path, model, parameters in _variants(context, route, models):
            paths.setdefault(path, {})[route.method.lower()] = _operation(
                route, path, model, parameters
            )
            if model is not None:
                schemas |= {
                    f"{model.key}.{body.name}": body.schema(model) for body in _model_bodies(route)
                }
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


def _described(context: Context) -> Iterator[ServedSchemas]:
    """The models that answer; one that cannot be described is left out."""
    for at, served in enumerate(_newest(context), 1):
        try:
            yield ServedSchemas(served, _key(at, served))
        except Exception:  # noqa: BLE001 (one model must not take the others down)
            extra = event("fault", model=served.name)
            _log.exception("model %s cannot be described", quoted(served.name), extra=extra)


def _newest(context: Context) -> Iterator[Served]:
    for name in context.registry.names():
        try:
            yield context.registry.get(ModelRef(name))
        except KeramosError:
            continue  # no version of it answers: there is nothing to describe


def _key(number: int, served: Served) -> str:
    """A name for a model's schemas: OpenAPI allows fewer characters there than a file system."""
    allowed = re.sub(r"[^A-Za-z0-9_-]", "_", served.name)
    return allowed if allowed == served.name else f"{allowed}_{number}"


def _model_bodies(route: Route) -> list[ModelBody]:
    return [body for body in (route.request, route.response) if isinstance(body, ModelBody)]


def _static_types(route: Route) -> list[object]:
    bodies = (route.request, route.response, route.error)
    return [
        body
        for body in bodies
        if body not in {None, str, Never} and not isinstance(body, ModelBody)
    ]


def _static_schemas(routes: Sequence[Route]) -> dict[str, Json]:
    types = [Error, *(one for route in routes for one in _static_types(route))]
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    return cast("dict[str, Json]", schemas)


def _variants(
    context: Context, route: Route, models: Sequence[ServedSchemas]
) -> Iterator[tuple[str, ServedSchemas | None, list[Json]]]:
    """The paths of a route: for each model and each way to choose a version of it."""
    if "{name}" not in route.path:
        only = models[0] if len(models) == 1 else None
        # Among several models a body that depends on the model needs a path with its name.
        if only or not _model_bodies(route):
            yield route.paths()[0], only, []
        return
    for model in models:
        if not route.offered(model.served):
            continue
        for path in route.paths():
            parameters = _path_parameters(context, model.served, path)
            if all(parameters):
                yield path.replace("{name}", quote(model.served.name, safe="")), model, parameters


def _path_parameters(context: Context, served: Served, path: str) -> list[Json]:
    """Version and label, where a path has them; an empty one for a label where there is none."""
    registry = context.registry
    if "{version}" in path:
        known = [
            item.version for item in registry.statuses(served.name) if item.state is State.AVAILABLE
        ]
        return [_parameter("version", {"type": "integer", "enum": known})]
    if "{label}" in path:
        labels = sorted(registry.labels(served.name))
        return [_parameter("label", {"type": "string", "enum": labels}) if labels else {}]
    return []


def _parameter(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(
    route: Route, path: str, model: ServedSchemas | None, parameters: list[Json]
) -> Json:
    name = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")
    made: Json = {
        "operationId": f"{route.method.lower()}_{name}",
        "summary": route.summary,
        "tags": [route.tag],
    }
    in_query = [
        {"name": name, "in": "query", "schema": {"type": "boolean", "default": default}}
        for name, default in route.query.items()
    ]
    if parameters or in_query:
        made["parameters"] = [*parameters, *in_query]
    if route.request is not None:
        made["requestBody"] = _request(route, model)
    return made | {"responses": _responses(route, model)}


def _schema(body: object, model: ServedSchemas | None) -> Json:
    if isinstance(body, ModelBody):
        return ref(f"{model.key if model else ''}.{body.name}")
    (schema,), _ = msgspec.json.schema_components([body], ref_template=_REF)
    return cast("Json", schema)


def _request(route: Route, model: ServedSchemas | None) -> Json:
    body = route.request
    media: Json = {"schema": _schema(body, model)}
    if not isinstance(body, ModelBody) or model is None:
        required = any(field.required for field in msgspec.structs.fields(cast("type", body)))
        return {"required": required, "content": {"application/json": media, **route.media}}
    media["examples"] = {
        name.replace(" ", "-"): {"value": value} for name, value in body.examples(model).items()
    }
    more = {**body.media(model), **route.media}
    return {"required": True, "content": {"application/json": media, **more}}


def _responses(route: Route, model: ServedSchemas | None) -> Json:
    found: Json = {}
    if route.response is not Never:
        found["200"] = {"description": "Done."} | _content(route, model)
    for code in sorted({*route.statuses, HTTPStatus.UNAUTHORIZED}):
        found[str(code)] = {"description": _REASONS[code], "content": _refusal(route, code)}
    return found


def _content(route: Route, model: ServedSchemas | None) -> Json:
    if route.response is None:
        return {}
    if route.response is str:
        return {"content": _TEXT}
    media = {"application/json": {"schema": _schema(route.response, model)}}
    return {"content": {**media, **route.media}}


def _refusal(route: Route, code: int) -> Json:
    """The protocol's own errors; those about the connection are text, those about keys keramos'."""
    if code == HTTPStatus.UNAUTHORIZED:
        return {"application/json": {"schema": ref("Error")}}
    if route.error is str or code == HTTPStatus.REQUEST_TIMEOUT:
        return _TEXT
    media: Json = {"application/json": {"schema": _schema(route.error, None)}}
    return media | (_TEXT if code in _ALSO_TEXT else {})
