"""The Open Inference Protocol, version 2, over HTTP, with Triton's binary tensors and repository
calls.

Wire facts: the protocol's ``open_inference_rest.yaml`` and Triton's ``extension_binary_data.md``. A
file with a schema takes one input a column. Every fault of a client is a 4xx.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import NotReadyError, RequestError
from keramos.serving.codecs.json_lenient import parse_object, shown
from keramos.serving.codecs.json_numbers import flat_texts
from keramos.serving.codecs.named_arrays import as_feeds, output_names, platform
from keramos.serving.codecs.slots import input_slots, output_slots
from keramos.serving.core.bodies import BODY_ERRORS, MODEL_ERRORS
from keramos.serving.core.messages import Reply, json_reply, json_text
from keramos.serving.core.refusals import listed_problems
from keramos.serving.core.routes import Route, ref_of
from keramos.serving.core.served import UnopenedError
from keramos.serving.protocols.oip.bodies import (
    BINARY,
    INFER,
    IndexedVersion,
    OipIndexRequest,
    OipModel,
    OipReady,
    OipReply,
    OipServer,
    TensorMetadata,
)
from keramos.serving.protocols.oip.classification import PARAMETER, best_classes, class_count
from keramos.serving.protocols.oip.fast import COUNTED, HEADER, fast_route
from keramos.serving.protocols.oip.json_inputs import arrays_of, flag, tensor_items, tensor_name
from keramos.serving.protocols.oip.tensors import KINDS, dtype_of, from_raw, to_raw
from keramos.types.serving import State
from keramos.version import __version__

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.serving.codecs.slots import Slot
    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context, Refusal
    from keramos.serving.core.served import Served
    from keramos.types.serving import Outputs

    Array = NDArray[np.generic]
    Item = dict[str, object]

_DIGITS = 20  # more make no number of bytes, and Python refuses to read thousands
_STATES = {
    State.AVAILABLE: "READY",
    State.LOADING: "LOADING",
    State.START: "LOADING",
    State.UNLOADING: "UNLOADING",
}
_FORBIDDEN = 403


def _live(_: Context, __: Request, ___: re.Match[str]) -> Reply:
    return Reply()


def _ready(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return Reply(200 if context.ready() else 400)


def _server(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return json_reply(OipServer("keramos", __version__, list(context.extensions)))


def _model_ready(context: Context, _: Request, match: re.Match[str]) -> Reply:
    try:
        context.registry.get(ref_of(match))
    except UnopenedError:
        pass  # its first request opens it
    except NotReadyError as error:
        return json_reply({"error": f"Model version not ready: {error}"}, 400)
    return json_reply(OipReady(ref_of(match).name, ready=True))


def _model(context: Context, _: Request, match: re.Match[str]) -> Reply:
    served = context.registry.get(ref_of(match))
    known = reversed(context.registry.statuses(served.name))
    return json_reply(
        OipModel(
            served.name,
            [str(item.version) for item in known if item.state is State.AVAILABLE],
            platform(served.model),
            [_described(slot) for slot in input_slots(served)],
            [_described(slot) for slot in output_slots(served)],
        )
    )


def _described(slot: Slot) -> TensorMetadata:
    return TensorMetadata(slot.name, KINDS[slot.dtype].name, list(slot.shape))


def infer(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST .../infer: tensors by name as JSON, as binary data after it, or one tensor as the whole
    body.
    """
    served = context.registry.get(ref_of(match))
    header = request.headers.get(HEADER)
    if header == "0":
        return _raw_mode(context, served, request.body)
    size = _json_size(header, len(request.body))
    body = parse_object(request.body[:size])
    arrays = arrays_of(tensor_items(body, "inputs"), request.body[size:])
    wanted = tensor_items(body, "outputs") if "outputs" in body else []
    names = output_names(served.model, [tensor_name(item) for item in wanted])
    all_binary = flag(body, "binary_data_output", default=False)
    binary = {tensor_name(item) for item in wanted if flag(item, "binary_data", default=all_binary)}
    classes = {tensor_name(item): _class_count(item) for item in wanted}
    asked = body.get("id")
    if asked is not None and not isinstance(asked, str):
        raise RequestError("'id' must be a string", received=shown(asked))
    outputs = context.registry.run(served, as_feeds(served.model, arrays, context.max_rows))
    return _reply(
        served,
        asked,
        _classified(served, _named(served, outputs), classes),
        names,
        set(names) if all_binary and not wanted else binary,
    )


def _json_size(header: str | None, whole: int) -> int:
    if header is None:
        return whole
    if not header.isascii() or not header.isdigit() or len(header) > _DIGITS or int(header) > whole:
        raise RequestError(
            f"{HEADER} must be a number of bytes of the body, which has {whole}",
            received=repr(header[:40]),
        )
    return int(header)


def _raw_mode(context: Context, served: Served, body: bytes) -> Reply:
    """The body is the one input of one row; all outputs are binary."""
    slots = input_slots(served) if served.model.content else ()
    if [slot.dtype for slot in slots] == ["str"]:
        arrays = {slots[0].name: from_raw(slots[0].name, _one_text(body), "str")}
    else:
        arrays = _raw_tensor(served, body)
    fed = as_feeds(served.model, arrays, context.max_rows)
    outputs = _named(served, context.registry.run(served, fed))
    return _reply(served, None, outputs, list(outputs), set(outputs))


def _one_text(body: bytes) -> bytes:
    """One element of BYTES after its length, which a body that is one element may leave out."""
    said = int.from_bytes(body[:4], "little") == len(body) - 4
    return body if said else to_raw(np.array([body], object))


def _raw_tensor(served: Served, body: bytes) -> dict[str, Array]:
    specs = served.model.inputs
    if len(specs) != 1:
        raise RequestError(
            "a raw body is one tensor",
            received=f"a body for the {len(specs)} inputs of model '{served.name}'",
        )
    flat = from_raw(specs[0].name, body, specs[0].dtype)
    sizes = [size or -1 for size in specs[0].shape[1:]]
    try:
        return {specs[0].name: flat.reshape(1, *sizes)}
    except ValueError:
        raise RequestError(
            f"input '{specs[0].name}' takes shape {[1, *sizes]}", received=f"{flat.size} values"
        ) from None


def _named(served: Served, outputs: Outputs) -> dict[str, Array]:
    return dict(zip((spec.name for spec in served.model.outputs), outputs, strict=True))


def _class_count(item: Item) -> int:
    parameters = item.get("parameters", {})
    value = parameters.get(PARAMETER, 0) if isinstance(parameters, dict) else 0
    return class_count(value, tensor_name(item))


def _classified(
    served: Served, outputs: dict[str, Array], classes: dict[str, int]
) -> dict[str, Array]:
    best = {
        name: best_classes(served, name, outputs[name], count)
        for name, count in classes.items()
        if count
    }
    return outputs | best


def _reply(
    served: Served, asked: object, outputs: dict[str, Array], names: Sequence[str], binary: set[str]
) -> Reply:
    head: Item = {"model_name": served.name, "model_version": str(served.version)}
    if asked is not None:
        head["id"] = asked
    texts, tail = [], []
    for name in names:
        array = outputs[name]
        described: Item = {
            "name": name,
            "datatype": KINDS[dtype_of(array)].name,
            "shape": array.shape,
        }
        if name in binary or array.dtype == np.float16:
            tail.append(to_raw(array))
            described["parameters"] = {"binary_data_size": len(tail[-1])}
            texts.append(json_text(described))
        else:
            texts.append(
                json_text(described)[:-1] + ',"data":[' + ",".join(flat_texts(array)) + "]}"
            )
    text = f'{json_text(head)[:-1]},"outputs":[{",".join(texts)}]}}'.encode()
    if not tail:
        return Reply(body=text)
    lengths = ((HEADER, str(len(text))),)
    return Reply(200, text + b"".join(tail), "application/octet-stream", lengths)


def _index(context: Context, request: Request, _: re.Match[str]) -> Reply:
    body = parse_object(request.body) if request.body.strip() else {}
    listed = [
        IndexedVersion(name, str(item.version), state, item.message)
        for name in context.registry.names()
        for item in context.registry.statuses(name)
        if (state := _STATES.get(item.state, "UNAVAILABLE")) == "READY"
        or body.get("ready") is not True
    ]
    return json_reply(listed)


def _load(context: Context, _: Request, match: re.Match[str]) -> Reply:
    return _changed(context.load, ref_of(match).name)


def _unload(context: Context, _: Request, match: re.Match[str]) -> Reply:
    return _changed(context.unload, ref_of(match).name)


def _changed(call: Callable[[str], None] | None, name: str) -> Reply:
    if call is None:
        return json_reply(
            {"error": "loading and unloading is off; start the server with --admin"}, _FORBIDDEN
        )
    call(name)
    return Reply()


def refuse(refusal: Refusal) -> Reply:
    """An error as the protocol writes it; rows that break rules are listed beside it."""
    body: Item = {"error": refusal.message}
    return json_reply(body | listed_problems(refusal.error), refusal.status)


_MODEL = "/v2/models/{name}[/versions/{version}]"
_REPOSITORY = "/v2/repository/models/{name}"
_ADMIN_ERRORS = (400, 403, 404, 408, 413, 415)
_route = partial(Route, refuse=refuse, tag="Open Inference Protocol")

ROUTES = (
    _route(
        "GET",
        "/v2[/]",
        _server,
        summary="Name, version and extensions of the server",
        response=OipServer,
    ),
    _route("GET", "/v2/health/live", _live, summary="200 while the process answers"),
    _route(
        "GET",
        "/v2/health/ready",
        _ready,
        summary="200 when traffic may come, else 400",
        statuses=(400,),
    ),
    _route(
        "GET",
        _MODEL,
        _model,
        summary="Inputs and outputs",
        response=OipModel,
        statuses=MODEL_ERRORS,
    ),
    _route(
        "GET",
        f"{_MODEL}/ready",
        _model_ready,
        summary="Whether it answers",
        response=OipReady,
        statuses=(400, 404),
    ),
    _route(
        "POST",
        f"{_MODEL}/infer",
        infer,
        summary="Tensors in, tensors out; as JSON, or JSON with binary data after it",
        request=INFER,
        response=OipReply,
        statuses=BODY_ERRORS,
        media=BINARY,
        fast=fast_route,
        call=COUNTED,
    ),
    _route(
        "POST",
        "/v2/repository/index",
        _index,
        summary="Every version of every model",
        request=OipIndexRequest,
        response=list[IndexedVersion],
        statuses=(400, 408, 413, 415),
    ),
    _route(
        "POST",
        f"{_REPOSITORY}/load",
        _load,
        summary="Serve a model again",
        changes=True,
        statuses=_ADMIN_ERRORS,
    ),
    _route(
        "POST",
        f"{_REPOSITORY}/unload",
        _unload,
        summary="Let go of a model",
        changes=True,
        statuses=_ADMIN_ERRORS,
    ),
)
