"""Every protocol of the server as a way in, on the fast path and on the general one."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import struct
from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from keramos.errors import KeramosError, Problem
from keramos.serving.assemble import ROUTES
from keramos.serving.batching.rows import PendingRequest, RowBatcher
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.protocols.oip.grpc import SERVICES as OIP_SERVICES
from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.protocols.tensorflow.grpc import SERVICES as TF_SERVICES
from keramos.serving.protocols.tensorflow.messages import M as TF
from keramos.serving.protocols.tensorflow.tensors import from_tensor, to_tensor
from keramos.serving.registry.registry import ModelRegistry

SIZE = "inference-header-content-length"


class Impossible(Exception):  # noqa: N818 (not an error: the way has no form for the cell)
    """The way in cannot carry such a cell."""


class RefusedReplyError(KeramosError):
    """A reply that is not 200: the code and the problems that it carries."""

    def __init__(self, status, reply):
        listed = [Problem(**problem) for problem in reply.get("problems", ())]
        super().__init__(str(reply), problems=listed)
        self.code = reply.get("code") or ("ROW" if status == 400 and listed else str(reply))


@cache
def server(model):
    """The server's application with a model, named m."""
    registry = ModelRegistry()
    registry.add("m", 1, model)
    return App(Context(registry, max_rows=100), ROUTES, Access())


def json_of(value):
    """A value as JSON; NaN and infinities as the tokens that servers take."""
    try:
        return json.dumps(value).encode()
    except TypeError as error:
        raise Impossible from error


def http(model, url, body, kind="application/json", headers=()):
    """The JSON of a reply on the general path."""
    path, _, query = url.partition("?")
    given = {"content-type": kind, **dict(headers)}
    reply = server(model).answer(Request("POST", path, query, given, body))
    return _found(reply.status, reply.body)


def _found(status, body):
    found = json.loads(body)
    if status != 200:
        raise RefusedReplyError(status, found)
    return found


class _Client:
    """A connection that keeps the reply."""

    def reply(self, status, _, body, __):
        self.got = status, body


def fast(model, url, body, headers=()):
    """The JSON of a reply on the fast path.

    Raises:
        Impossible: the fast path leaves the request to the general one.
    """
    route = server(model).fast_route(url)
    if route is None:
        raise Impossible
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    try:
        taken = route.decode(body, pairs)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Impossible from error
    if taken is None:
        raise Impossible
    client = _Client()

    async def tick():
        batch = RowBatcher(server(model).context.registry)
        batch.put(PendingRequest(client, route, url.encode(), body, pairs))
        await asyncio.sleep(0)

    asyncio.run(tick())
    return _found(*client.got)


DECIDE, PREDICT, INVOKE = "/models/m/decide", "/v1/models/m:predict", "/models/m/invocations"
INFER = "/v2/models/m/infer"


def _decided(found):
    return found["decisions"][0]["score"]


def _predicted(found):
    return np.ravel(found["predictions"])[0]


def _partly(model, row, _):
    found = http(model, f"{DECIDE}?partial=true", json_of({"rows": [row]}))
    if found["problems"]:
        raise RefusedReplyError(400, {"problems": found["problems"]})
    return _decided(found)


def _columns(row):
    return {name: [cell] for name, cell in row.items()}


def _split(row):
    return {"columns": list(row), "data": [list(row.values())]}


def _json_bodies():
    """Name -> URL, body of a row, and score of a reply, for the protocols of rows as JSON."""
    return {
        "decide": (DECIDE, lambda row: {"rows": [row]}, _decided),
        "decide, lists": (DECIDE, lambda row: [list(row.values())], _decided),
        "predict": (PREDICT, lambda row: {"instances": [row]}, _predicted),
        "predict, lists": (PREDICT, lambda row: {"instances": [list(row.values())]}, _predicted),
        "predict, columns": (
            PREDICT,
            lambda row: {"inputs": _columns(row)},
            lambda found: np.ravel(found["outputs"])[0],
        ),
        "regress": (
            "/v1/models/m:regress",
            lambda row: {"examples": [row]},
            lambda found: found["results"][0],
        ),
        "MLflow, records": (INVOKE, lambda row: {"dataframe_records": [row]}, _predicted),
        "MLflow, split": (INVOKE, lambda row: {"dataframe_split": _split(row)}, _predicted),
        "MLflow, instances": (INVOKE, lambda row: {"instances": [row]}, _predicted),
        "MLflow, inputs": (INVOKE, lambda row: {"inputs": _columns(row)}, _predicted),
    }


def _slowly(url, body, score):
    return lambda model, row, _: score(http(model, url, json_of(_cells(url, body, row))))


def _quickly(url, body, score):
    return lambda model, row, _: score(fast(model, url, json_of(_cells(url, body, row))))


def _cells(url, body, row):
    """The body of a row; in tensors a list of one value is that value, for a tensor may have shape
    (rows, 1).
    """
    made = body(row)
    tensors = url in (PREDICT, INVOKE) and not {"dataframe_records", "dataframe_split"} & set(made)
    if tensors and any(isinstance(c, (list, tuple)) and len(c) == 1 for c in row.values()):
        raise Impossible
    return made


def _mlflow_csv(model, row, column):
    if type(row[column]) not in (str, int) or "\n" in str(row[column]):
        raise Impossible  # text has no types
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(row))
    writer.writeheader()
    writer.writerow(row)
    return _predicted(http(model, INVOKE, buffer.getvalue().encode(), "text/csv"))


def _mlflow_parquet(model, row, _):
    buffer = io.BytesIO()
    try:
        pq.write_table(pa.table({name: pa.array([cell]) for name, cell in row.items()}), buffer)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise Impossible from error
    kind = "application/vnd.apache.parquet"
    return _predicted(http(model, INVOKE, buffer.getvalue(), kind))


_DATATYPES = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}
_OFFERED = {"number": "FP32", "boolean": "BOOL", "integer_category": "INT64"}


def _datatype(cell, kind):
    """The datatype in which a client sends a cell: its own; that of the column for a null."""
    if cell is None:
        return _OFFERED.get(kind, "BYTES")
    if type(cell) not in _DATATYPES or (type(cell) is int and not -(2**63) <= cell < 2**63):
        raise Impossible
    return _DATATYPES[type(cell)]


def _kinds(model):
    return {column.name: column.kind for column in model.content.schema.columns}


def _oip_json(model, row, _, ask=http):
    kinds = _kinds(model)
    tensors = [
        {"name": name, "shape": [1, 1], "datatype": _datatype(cell, kinds[name]), "data": [cell]}
        for name, cell in row.items()
    ]
    return ask(model, INFER, json_of({"inputs": tensors}))["outputs"][0]["data"][0]


def _raw(cell):
    """The bytes of one value."""
    if isinstance(cell, str):
        octets = cell.encode()
        return struct.pack("<I", len(octets)) + octets
    return np.array([cell]).tobytes()


def _oip_binary(model, row, _, ask=http):
    if any(cell is None for cell in row.values()):
        raise Impossible  # bytes have no null
    kinds, tensors, raws = _kinds(model), [], []
    for name, cell in row.items():
        datatype = _datatype(cell, kinds[name])
        raws.append(_raw(cell))
        size = {"binary_data_size": len(raws[-1])}
        tensors.append({"name": name, "shape": [1], "datatype": datatype, "parameters": size})
    head = json_of({"inputs": tensors})
    given = [(SIZE, str(len(head)))]
    found = ask(model, INFER, head + b"".join(raws), headers=given)
    return found["outputs"][0]["data"][0]


def _rpc(services, name):
    return next(rpc.answer for one in services for rpc in one.rpcs if rpc.name == name)


def called(model, services, name, message):
    """The reply of a method to a message that has been on the wire."""
    context = server(model).context
    pending = _rpc(services, name)(context, type(message).FromString(message.SerializeToString()))
    return pending.write(context.registry.run(pending.served, pending.feeds))


def _oip_grpc(*, raw):
    contents = {"BOOL": "bool", "INT64": "int64", "FP64": "fp64", "BYTES": "bytes"}

    def ask(model, row, _):
        message = OIP["ModelInferRequest"](model_name="m")
        for name, cell in row.items():
            if cell is None:
                raise Impossible  # messages have no null
            datatype = _datatype(cell, "")
            tensor = message.inputs.add(name=name, datatype=datatype, shape=[1, 1])
            if raw:
                message.raw_input_contents.append(_raw(cell))
                continue
            value = cell.encode() if isinstance(cell, str) else cell
            getattr(tensor.contents, f"{contents[datatype]}_contents").append(value)
        reply = called(model, OIP_SERVICES, "ModelInfer", message)
        if raw:
            return float(np.frombuffer(reply.raw_output_contents[0], "<f4")[0])
        return reply.outputs[0].contents.fp32_contents[0]

    return ask


def _tf_predict(model, row, _):
    message = TF["PredictRequest"](model_spec=TF["ModelSpec"](name="m"))
    for name, cell in row.items():
        if cell is None or type(cell) not in _DATATYPES or _datatype(cell, "") == "":
            raise Impossible
        array = np.array([cell], object if isinstance(cell, str) else None)
        to_tensor(array, message.inputs[name])
    reply = called(model, TF_SERVICES, "Predict", message)
    (output,) = reply.outputs.values()
    return float(from_tensor("output", output).ravel()[0])


def _is_float32(number):
    with np.errstate(over="ignore"):
        return number != number or number == float(np.float32(number))  # noqa: PLR0124 (NaN)


def _tf_regress(model, row, _):
    """Examples have floats (of 32 bits), integers and bytes."""
    message = TF["RegressionRequest"](model_spec=TF["ModelSpec"](name="m"))
    features = message.input.example_list.examples.add().features.feature
    for name, cell in row.items():
        feature = features[name]
        if cell is None:
            continue
        given = int(cell) if name == "lift" and type(cell) is bool else cell
        if type(given) not in (int, float, str):
            raise Impossible
        if type(given) is float and not _is_float32(given):
            raise Impossible
        if type(given) is int and not -(2**63) <= given < 2**63:
            raise Impossible
        if type(given) is str:
            feature.bytes_list.value.append(given.encode())
        elif type(given) is int:
            feature.int64_list.value.append(given)
        else:
            feature.float_list.value.append(given)
    reply = called(model, TF_SERVICES, "Regress", message)
    return reply.result.regressions[0].value


SERVED_WAYS = {
    **{f"HTTP {name}": _slowly(*form) for name, form in _json_bodies().items()},
    **{f"fast HTTP {name}": _quickly(*form) for name, form in _json_bodies().items()},
    "HTTP decide, partial": _partly,
    "HTTP MLflow, CSV": _mlflow_csv,
    "HTTP MLflow, Parquet": _mlflow_parquet,
    "HTTP OIP": _oip_json,
    "HTTP OIP, binary": _oip_binary,
    "fast HTTP OIP": lambda *row: _oip_json(*row, ask=fast),
    "fast HTTP OIP, binary": lambda *row: _oip_binary(*row, ask=fast),
    "gRPC OIP": _oip_grpc(raw=False),
    "gRPC OIP, raw": _oip_grpc(raw=True),
    "gRPC Predict": _tf_predict,
    "gRPC Regress": _tf_regress,
}
