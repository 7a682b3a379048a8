"""TensorFlow Serving's REST API: status, metadata, predict, classify and regress.

Wire facts: ``tensorflow_serving/model_servers/http_rest_api_handler.cc`` and
``util/json_tensor.cc``. For a keramos file the inputs of the signature are the table's columns:
rows are raw cells by column name, null where the schema allows it.
"""

from __future__ import annotations

from functools import partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal, Never

import msgspec
from msgspec import UNSET, UnsetType

from keramos.errors import NotServedError, RequestError
from keramos.serving.codecs.json_lenient import parse_object, shown, shown_keys
from keramos.serving.codecs.json_numbers import b64_text, nested, rows_of, tensor_text
from keramos.serving.codecs.json_rows import column_feeds, instance_feeds
from keramos.serving.codecs.media_rows import media_rows, read_as_json
from keramos.serving.codecs.slots import input_slots, output_slots
from keramos.serving.codecs.typed_rows import says_keys_once
from keramos.serving.core.bodies import BODY_ERRORS, MODEL_ERRORS
from keramos.serving.core.counters import Call
from keramos.serving.core.fast_route import Decoded, FastRoute
from keramos.serving.core.messages import Reply, json_reply
from keramos.serving.core.refusals import listed_problems
from keramos.serving.core.routes import Route, ref_of
from keramos.serving.protocols.tensorflow.bodies import (
    PREDICT,
    PREDICTIONS,
    ModelMetadata,
    ModelStatus,
    StatusCode,
    VersionState,
)
from keramos.serving.protocols.tensorflow.signatures import all_signatures, signature_of
from keramos.serving.protocols.tensorflow.versions import statuses_of

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.serving.codecs.slots import Slot
    from keramos.serving.core.fast_route import Answers
    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context, Refusal
    from keramos.serving.core.served import Served
    from keramos.types.serving import ModelRef, Outputs

DTYPES = {
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "bool": "DT_BOOL",
    "str": "DT_STRING",
    "int8": "DT_INT8",
    "int16": "DT_INT16",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "uint8": "DT_UINT8",
    "uint16": "DT_UINT16",
    "uint32": "DT_UINT32",
    "uint64": "DT_UINT64",
}
"""numpy dtype name -> TensorFlow's (``tensorflow/core/framework/types.proto``)."""


def status(context: Context, _: Request, match: re.Match[str]) -> Reply:
    """GET /v1/models/M: the versions that are known, also those that failed."""
    ref = ref_of(match)
    known = statuses_of(context, ref)
    listed = [
        VersionState(str(item.version), item.state.name, StatusCode(item.code, item.message))  # type: ignore[arg-type] # names of State
        for item in known
    ]
    return json_reply(ModelStatus(listed))


def metadata(context: Context, _: Request, match: re.Match[str]) -> Reply:
    """GET /v1/models/M/metadata: the signatures."""
    served = served_by(context, ref_of(match))
    defined = {
        name: {
            "inputs": {
                slot.name: _tensor_info(slot, f"{name}_{slot.name}") for slot in input_slots(one)
            },
            "outputs": {
                slot.name: _tensor_info(slot, "StatefulPartitionedCall")
                for slot in output_slots(one)
            },
            "method_name": method,
        }
        for name, one, method in all_signatures(served)
    }
    spec = {"name": served.name, "signature_name": "", "version": str(served.version)}
    return json_reply(ModelMetadata(spec, {"signature_def": {"signature_def": defined}}))


def _tensor_info(slot: Slot, name: str) -> dict[str, object]:
    dims = [{"size": str(size), "name": ""} for size in slot.shape]
    return {
        "dtype": DTYPES[slot.dtype],
        "tensor_shape": {"dim": dims, "unknown_rank": False},
        "name": f"{name}:0",
    }


def predict(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST :predict, rows under ``instances`` or columns under ``inputs``; a picture or a form,
    where the model takes such.
    """
    served = served_by(context, ref_of(match))
    rows = media_rows(served, request)
    if rows is not None:
        feeds = instance_feeds(served, rows, context.max_rows)
        return Reply(body=_predictions(served, context.registry.run(served, feeds)))
    with read_as_json(served):
        body = parse_object(request.body)
    served = asked_signature(served, body)
    if "instances" in body and "inputs" in body:
        raise RequestError(
            "JSON Value: Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist "
        )
    if "instances" in body:
        feeds = instance_feeds(served, body["instances"], context.max_rows)
        return Reply(body=_predictions(served, context.registry.run(served, feeds)))
    if "inputs" in body:
        feeds = column_feeds(served, body["inputs"], context.max_rows)
        return Reply(body=_outputs(served, context.registry.run(served, feeds)))
    raise RequestError(f"Missing 'inputs' or 'instances' key; the body has {shown_keys(body)}")


def asked_signature(served: Served, body: dict[str, object]) -> Served:
    """What answers the signature that a body names.

    Raises:
        RequestError: there is none of that name.
    """
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError("'signature_name' key must be a string value", received=shown(name))
    return signature_of(served, name)


def _alias_texts(alias: str, array: NDArray[np.generic]) -> list[str]:
    """One JSON text a row; text under an alias that ends in ``_bytes`` is base64."""
    if alias.endswith("_bytes") and array.dtype.kind == "O":
        return nested([b64_text(item) for item in array.ravel().tolist()], array.shape)
    return rows_of(array)


def _predictions(served: Served, outputs: Outputs) -> bytes:
    texts = [
        _alias_texts(spec.name, array)
        for spec, array in zip(served.model.outputs, outputs, strict=True)
    ]
    rows = len(texts[0])
    for spec, lines in zip(served.model.outputs, texts, strict=True):
        if len(lines) != rows:
            raise RequestError(
                f"Tensor name: {spec.name} has inconsistent batch size: {len(lines)} expecting: "
                f"{rows}; "
                "ask in the column format, under 'inputs'"
            )
    if len(texts) == 1:
        return _listed("predictions", texts[0])
    keys = [msgspec.json.encode(spec.name).decode() for spec in served.model.outputs]
    pairs = (zip(keys, row, strict=True) for row in zip(*texts, strict=True))
    return _listed(
        "predictions", ["{" + ",".join(f"{key}:{text}" for key, text in row) + "}" for row in pairs]
    )


def _listed(key: str, texts: Sequence[str]) -> bytes:
    return ('{"' + key + '":[' + ",".join(texts) + "]}").encode()


def _outputs(served: Served, outputs: Outputs) -> bytes:
    texts = [tensor_text(array) for array in outputs]
    if len(texts) == 1:
        return ('{"outputs":' + texts[0] + "}").encode()
    keys = (msgspec.json.encode(spec.name).decode() for spec in served.model.outputs)
    listed = ",".join(f"{key}:{text}" for key, text in zip(keys, texts, strict=True))
    return ('{"outputs":{' + listed + "}}").encode()


def served_by(context: Context, ref: ModelRef) -> Served:
    """The version that answers.

    Raises:
        NotServedError: there is none, in TensorFlow Serving's words and ours.
    """
    try:
        return context.registry.get(ref)
    except NotServedError as error:
        asked = (
            f"Latest({ref.name})" if ref.version is None else f"Specific({ref.name}, {ref.version})"
        )
        raise NotServedError(f"Servable not found for request: {asked}: {error}") from None


def refuse(refusal: Refusal) -> Reply:
    """An error as TensorFlow Serving writes it; rows that break rules are listed beside it."""
    body: dict[str, object] = {"error": refusal.message}
    return json_reply(body | listed_problems(refusal.error), refusal.status)


def fast_route(
    context: Context, ref: ModelRef, answer: Callable[[Request], Reply]
) -> FastRoute | None:
    """Rows under ``instances``, decoded by type, for models with one output."""
    served, most = context.registry.get(ref), context.max_rows
    if (
        served.types is None
        or len(served.model.outputs) != 1
        or served.model.outputs[0].dtype == "str"
    ):
        return None
    body = msgspec.defstruct(
        "Body",
        [
            ("instances", GenericAlias(list, (served.types.row,))),
            ("signature_name", Literal["", "serving_default"] | UnsetType, UNSET),
            ("inputs", UnsetType, UNSET),
        ],
        gc=False,
    )
    decode_body, types = msgspec.json.Decoder[Any](body).decode, served.types

    def decode(data: bytes, _: object) -> Decoded | None:
        found = decode_body(data)
        if not 0 < len(found.instances) <= most:
            return None
        cells, keys = types.cells(found.instances)
        keys += 1 + (found.signature_name is not UNSET)
        return Decoded(cells) if says_keys_once(data, keys) else None

    return FastRoute(served, served.types.feeds, decode, _write, answer, _COUNTED)


def _write(answers: Answers, begin: int, end: int, _: object) -> bytes:
    return _listed("predictions", answers.rows()[begin:end])


MODEL = "/v1/models/{name}[/versions/{version}|/labels/{label}]"
_COUNTED = Call("tensorflow", "Predict")

route = partial(Route, refuse=refuse, tag="TensorFlow Serving", wrong_method=400, colon_verbs=True)


def _no_name(context: Context, *_: object) -> Reply:
    names = ", ".join(context.registry.names())
    raise RequestError(f"Missing model name in request. Served here: {names}")


ROUTES = (
    route(
        "GET",
        "/v1/models[/]",
        _no_name,
        summary="Always refused: TensorFlow Serving has no list; see /models",
        response=Never,
        statuses=(400,),
    ),
    route(
        "GET",
        MODEL,
        status,
        summary="State of each version",
        response=ModelStatus,
        statuses=MODEL_ERRORS,
    ),
    route(
        "GET",
        f"{MODEL}/metadata",
        metadata,
        summary="Signatures",
        response=ModelMetadata,
        statuses=MODEL_ERRORS,
    ),
    route(
        "POST",
        f"{MODEL}:predict",
        predict,
        summary="One prediction a row",
        request=PREDICT,
        response=PREDICTIONS,
        statuses=BODY_ERRORS,
        fast=fast_route,
        call=_COUNTED,
    ),
)
