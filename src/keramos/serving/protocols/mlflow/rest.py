"""MLflow's scoring protocol, 2.x and 3.x: /invocations in each of its shapes, /ping, /health and
/version.

Wire facts: ``mlflow/pyfunc/scoring_server``. Where one model is served it is the one that answers;
among several, ``/models/M/invocations`` says which.
"""

from __future__ import annotations

from functools import partial
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serving.codecs.json_lenient import parse_object, shown, shown_keys
from keramos.serving.codecs.json_numbers import tensor_text
from keramos.serving.codecs.json_rows import column_feeds, instance_feeds
from keramos.serving.codecs.row_cells import check_count, column_names
from keramos.serving.codecs.row_pieces import feeds_by_piece, feeds_of_parts, rows_of_table
from keramos.serving.core.bodies import BODY_ERRORS
from keramos.serving.core.counters import Call
from keramos.serving.core.memory import reserve
from keramos.serving.core.messages import Reply, json_reply
from keramos.serving.core.refusals import listed_problems
from keramos.serving.core.routes import Route, ref_of
from keramos.serving.protocols.mlflow.bodies import CSV, PARQUET, SCORED, TABLE, MlflowError
from keramos.types.serving import ModelRef
from keramos.version import __version__

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context, Refusal
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds

_DELIMITERS = (b",", b";", b"\t", b"|")
_ROW_BYTES, _CELL_BYTES, _COLUMN_BYTES = 112, 56, 512
"""Bytes that Python takes for a list of cells, for a short text in it, and for a column."""

_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def invocations(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST /invocations: a table or tensors in, one prediction a row out."""
    served = context.registry.get(_asked(context, match))
    kind, _, parameter = request.headers.get("content-type", "").partition(";")
    read = _READERS.get(kind.strip().lower())
    if read is None or parameter.strip().lower() not in {"", "charset=utf-8"}:
        said = (
            f"content-type must be {', '.join(_READERS)}, in UTF-8; received "
            f"{shown(kind + parameter)}"
        )
        return Reply(415, said.encode(), "text/plain; charset=utf-8")
    outputs = context.registry.run(served, read(served, request.body, context.max_rows))
    texts = [tensor_text(array) for array in outputs]
    if len(texts) == 1:
        return Reply(body=('{"predictions":' + texts[0] + "}").encode())
    names = (spec.name for spec in served.model.outputs)
    listed = ",".join(f'"{name}":{text}' for name, text in zip(names, texts, strict=True))
    return Reply(body=('{"predictions":{' + listed + "}}").encode())


def _asked(context: Context, match: re.Match[str]) -> ModelRef:
    if "name" in match.groupdict():
        return ref_of(match)
    names = context.registry.names()
    if len(names) != 1:
        raise RequestError(
            f"{len(names)} models are served",
            remedy=f"Use POST /models/M/invocations, where M is one of {', '.join(names)}",
        )
    return ModelRef(names[0])


def _json(served: Served, body: bytes, most: int) -> Feeds:
    value = parse_object(body)
    if "signature_name" in value:
        raise RequestError('"signature_name" parameter is currently not supported')
    given = [key for key in _KEYS if key in value]
    if len(given) != 1:
        raise RequestError(
            f"the body must have exactly one of {', '.join(_KEYS)}", received=shown_keys(value)
        )
    return _SHAPES[given[0]](served, value[given[0]], most)


def _split(served: Served, value: object, most: int) -> Feeds:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise RequestError(
            "dataframe_split must be an object with 'data', a list of rows", received=shown(value)
        )
    if extra := sorted(set(value) - {"columns", "index", "data"}):
        raise RequestError(
            "dataframe_split has the keys columns, index and data", received=shown(extra)
        )
    columns, rows = value.get("columns"), value["data"]
    if columns is None or not column_names(served):
        return instance_feeds(served, rows, most, tensors=not column_names(served))
    if not isinstance(columns, list):
        raise RequestError(
            "'columns' of dataframe_split must be a list of names", received=shown(columns)
        )
    names = [name if isinstance(name, str) else shown(name) for name in columns]
    if len(set(names)) < len(names):
        raise RequestError("dataframe_split names a column twice", received=shown(columns))
    check_count(len(rows), most)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise RequestError(
                f"row {number} of dataframe_split must have {len(columns)} values",
                received=shown(row),
            )
    named = [dict(zip(names, row, strict=True)) for row in rows]
    return instance_feeds(served, named, most, tensors=False)


def _csv(served: Served, body: bytes, most: int) -> Feeds:
    from keramos.data.delimited import read_delimited  # noqa: PLC0415 (start-up time)

    _check_columns(served)
    lines = body.count(b"\n")
    cells = lines + max(body.count(delimiter) for delimiter in _DELIMITERS)
    filled = (line for line in BytesIO(body) if line.strip())
    head = b"".join(islice(filled, 2))  # the header, and before it perhaps a line sep=
    columns = max(head.count(delimiter) for delimiter in _DELIMITERS)
    reserve(_ROW_BYTES * lines + _CELL_BYTES * cells + _COLUMN_BYTES * columns)
    table = read_delimited(body, "the body")
    check_count(table.rows, most)
    return feeds_by_piece(
        served.model, table.rows, lambda begin, end: rows_of_table(table, begin, end)
    )


def _parquet(served: Served, body: bytes, most: int) -> Feeds:
    from keramos.serving.codecs.parquet import parquet_tables  # noqa: PLC0415 (start-up time)

    _check_columns(served)
    rows, tables = parquet_tables(body, column_names(served), most)
    return feeds_of_parts(served.model, rows, ((table.rows, table) for table in tables))


def _check_columns(served: Served) -> None:
    if not column_names(served):
        raise RequestError(
            "a plain Keras file names no columns",
            remedy="Send tensors as JSON under 'instances' or 'inputs'",
        )


_SHAPES: dict[str, Callable[[Served, object, int], Feeds]] = {
    "dataframe_split": _split,
    "dataframe_records": partial(instance_feeds, tensors=False),
    "instances": instance_feeds,
    "inputs": column_feeds,
}
_READERS: dict[str, Callable[[Served, bytes, int], Feeds]] = {
    "application/json": _json,
    CSV: _csv,
    PARQUET: _parquet,
}


def _ping(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return Reply(200 if context.ready() else 404, b"\n")


def _version(_: Context, __: Request, ___: re.Match[str]) -> Reply:
    return Reply(200, __version__.encode(), "text/plain; charset=utf-8")


def refuse(refusal: Refusal) -> Reply:
    """An error as MLflow writes it."""
    code = "BAD_REQUEST" if refusal.code == "INVALID_ARGUMENT" else refusal.code
    body: dict[str, object] = {"error_code": code, "message": refusal.message}
    return json_reply(body | listed_problems(refusal.error), refusal.status)


_route = partial(Route, refuse=refuse, tag="MLflow scoring", error=MlflowError)
_scoring = partial(
    _route,
    "POST",
    request=TABLE,
    response=SCORED,
    statuses=BODY_ERRORS,
    call=Call("mlflow", "Invocations"),
)

ROUTES = (
    _scoring(
        "/invocations",
        invocations,
        summary="Predictions of the one model that is served",
        ref=_asked,
    ),
    _scoring("/models/{name}/invocations", invocations, summary="Predictions for a table"),
    _route(
        "GET",
        "/ping",
        _ping,
        summary="200 when traffic may come, else 404",
        error=str,
        statuses=(404,),
    ),
    _route("GET", "/health", _ping, summary="As /ping", error=str, statuses=(404,)),
    _route("GET", "/version", _version, summary="Version of keramos", response=str),
)
