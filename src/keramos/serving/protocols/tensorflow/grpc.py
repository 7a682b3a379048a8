"""TensorFlow Serving's gRPC API: PredictionService and ModelService.

Wire facts: ``tensorflow_serving/apis/prediction_service.proto`` and ``model_service.proto``. What a
request means, and what is said about a wrong one, is as in the REST API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serving.codecs.named_arrays import (
    as_feeds,
    octet_columns,
    output_names,
    text_if_it_is,
)
from keramos.serving.codecs.row_cells import check_count, column_names
from keramos.serving.codecs.row_pieces import feeds_by_piece
from keramos.serving.codecs.slots import input_slots, output_slots
from keramos.serving.core.counters import Call
from keramos.serving.core.limits import MAX_VALUES
from keramos.serving.core.rpcs import DeniedError, PendingRun, Rpc, Service
from keramos.serving.protocols.tensorflow.bodies import DEFAULT
from keramos.serving.protocols.tensorflow.examples import (
    check_infers,
    class_scores,
    regressed,
)
from keramos.serving.protocols.tensorflow.graph_examples import example_feeds
from keramos.serving.protocols.tensorflow.messages import PACKAGE, M
from keramos.serving.protocols.tensorflow.rest import served_by
from keramos.serving.protocols.tensorflow.signatures import (
    METHODS,
    all_signatures,
    signature_of,
)
from keramos.serving.protocols.tensorflow.tensors import from_tensor, info, to_tensor
from keramos.serving.protocols.tensorflow.versions import statuses_of
from keramos.types.serving import ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Outputs

_CODES = {
    "OK": 0,
    "INVALID_ARGUMENT": 3,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}
"""Numbers of the gRPC statuses that a version can have (google/rpc/code.proto)."""


def _ref(request: Message) -> ModelRef:
    spec = request.model_spec
    version = spec.version.value if spec.HasField("version") else None
    return ModelRef(spec.name, version, "" if version is not None else spec.version_label)


def _served(context: Context, request: Message) -> Served:
    if not request.model_spec.name:
        raise RequestError(
            "Missing ModelSpec: model_spec.name is empty; served here: "
            f"{', '.join(context.registry.names())}"
        )
    return served_by(context, _ref(request))


def _spec(served: Served, signature: str = "") -> Message:
    return M["ModelSpec"](
        name=served.name, version=M["Int64Value"](value=served.version), signature_name=signature
    )


def _signature(served: Served, request: Message) -> tuple[Served, str]:
    """What answers the signature of a request, and its name."""
    asked = str(request.model_spec.signature_name) or DEFAULT
    return signature_of(served, asked), asked


def _predict(context: Context, request: Message) -> PendingRun:
    served, signature = _signature(_served(context, request), request)
    names = output_names(served.model, list(request.output_filter))
    arrays: dict[str, NDArray[np.generic]] = {}
    left = MAX_VALUES
    for name, tensor in request.inputs.items():
        arrays[name] = from_tensor(name, tensor, left)
        left -= arrays[name].size
    feeds = as_feeds(served.model, arrays, context.max_rows)

    def write(outputs: Outputs) -> Message:
        reply = M["PredictResponse"](model_spec=_spec(served, signature))
        for spec, array in zip(served.model.outputs, outputs, strict=True):
            if spec.name in names:
                to_tensor(array, reply.outputs[spec.name])
        return reply

    return PendingRun(served, feeds, write)


def _example_feeds(context: Context, served: Served, given: Message) -> Feeds:
    common, octets = {}, octet_columns(served.model)
    if served.model.content is None:
        return _serialised_feeds(context, served, given)
    examples = given.example_list.examples
    if given.HasField("example_list_with_context"):
        examples = given.example_list_with_context.examples
        common = _cells(given.example_list_with_context.context, "the context", octets)
    check_count(len(examples), context.max_rows)
    names = frozenset(column_names(served))
    shared = {name: cell for name, cell in common.items() if name in names}

    def piece(begin: int, end: int) -> object:
        return [
            shared | _cells(example, f"example {number}", octets)
            for number, example in enumerate(examples[begin:end], begin + 1)
        ]

    return feeds_by_piece(served.model, len(examples), piece)


def _serialised_feeds(context: Context, served: Served, given: Message) -> Feeds:
    """Examples as a graph takes them; their own features count before those of the context."""
    examples, common = given.example_list.examples, None
    if given.HasField("example_list_with_context"):
        examples = given.example_list_with_context.examples
        common = given.example_list_with_context.context
    check_count(len(examples), context.max_rows)
    if common is not None:
        examples = [_merged(common, one) for one in examples]
    return example_feeds(served, [one.SerializeToString() for one in examples])


def _merged(common: Message, own: Message) -> Message:
    found = M["Example"]()
    found.MergeFrom(common)
    found.MergeFrom(own)
    return found


def _cells(example: Message, where: str, octets: frozenset[str]) -> dict[str, object]:
    """The features of an example that hold a value, as cells of a row; an empty feature is a
    missing value. Those named in ``octets`` may hold bytes that are no text.
    """
    cells: dict[str, object] = {}
    for name, feature in example.features.feature.items():
        values: list[object] = [
            *feature.bytes_list.value,
            *feature.float_list.value,
            *feature.int64_list.value,
        ]
        if len(values) > 1:
            raise RequestError(
                f"{where}: feature '{name}' holds {len(values)} values; a column has one"
            )
        value = values[0] if values else None
        if name in octets and isinstance(value, bytes):
            cells[name] = text_if_it_is(value)
        else:
            cells[name] = _text(value, where, name)
    return cells


def _text(value: object, where: str, name: str) -> object:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise RequestError(f"{where}: the bytes of feature '{name}' are not UTF-8 text") from None


def _classifications(served: Served, outputs: Outputs) -> Message:
    result = M["ClassificationResult"]()
    for row in class_scores(served, outputs):
        classes = result.classifications.add().classes
        for label, score in row:
            classes.add(label=label, score=float(score))
    return result


def _regressions(served: Served, outputs: Outputs) -> Message:
    found = regressed(served, outputs).tolist()
    return M["RegressionResult"](regressions=[M["Regression"](value=value) for value in found])


_RESULTS: dict[str, tuple[str, Callable[[Served, Outputs], Message]]] = {
    "classify": ("ClassificationResponse", _classifications),
    "regress": ("RegressionResponse", _regressions),
}


def _decided(method: str) -> Callable[[Context, Message], PendingRun]:
    """The answer of Classify or Regress."""
    response, result = _RESULTS[method]

    def answer(context: Context, request: Message) -> PendingRun:
        served, signature = _signature(_served(context, request), request)
        check_infers(served, method)
        feeds = _example_feeds(context, served, request.input)

        def write(outputs: Outputs) -> Message:
            return M[response](model_spec=_spec(served, signature), result=result(served, outputs))

        return PendingRun(served, feeds, write)

    return answer


def _multi_inference(context: Context, request: Message) -> Message:
    reply = M["MultiInferenceResponse"]()
    asked: set[tuple[str, int, str, str]] = set()
    for task in request.tasks:
        method = task.method_name.rpartition("/")[2]
        if method not in _RESULTS:
            raise RequestError(
                f"Unsupported signature method_name: {task.method_name}; there is {METHODS}"
            )
        served, signature = _signature(_served(context, task), task)
        key = (served.name, served.version, signature, method)
        if key in asked:  # as TensorFlow Serving; else one message asks for any amount of work
            raise RequestError(f"Duplicate evaluation of signature: {signature}")
        asked.add(key)
        check_infers(served, method)
        outputs = context.registry.run(served, _example_feeds(context, served, request.input))
        field = {"classify": "classification_result", "regress": "regression_result"}[method]
        made = {field: _RESULTS[method][1](served, outputs)}
        reply.results.append(M["InferenceResult"](model_spec=_spec(served, signature), **made))
    return reply


def _metadata(context: Context, request: Message) -> Message:
    if list(request.metadata_field) != ["signature_def"]:
        raise RequestError(
            "metadata_field must be exactly ['signature_def']",
            received=list(request.metadata_field)[:20],
        )
    served = _served(context, request)
    defined = M["SignatureDefMap"]()
    for name, one, method in all_signatures(served):
        inputs = {slot.name: info(slot, f"{name}_{slot.name}:0") for slot in input_slots(one)}
        outputs = {slot.name: info(slot, "StatefulPartitionedCall:0") for slot in output_slots(one)}
        made = M["SignatureDef"](inputs=inputs, outputs=outputs, method_name=method)
        defined.signature_def[name].CopyFrom(made)
    url = f"type.googleapis.com/{PACKAGE}.SignatureDefMap"
    packed = M["Any"](type_url=url, value=defined.SerializeToString())
    return M["GetModelMetadataResponse"](
        model_spec=_spec(served), metadata={"signature_def": packed}
    )


def _status(context: Context, request: Message) -> Message:
    ref = _ref(request)
    known = statuses_of(context, ref)
    reply = M["GetModelStatusResponse"]()
    for item in known:
        status = M["StatusProto"](error_code=_CODES.get(item.code, 2), error_message=item.message)
        reply.model_version_status.add(version=item.version, state=int(item.state), status=status)
    return reply


def _reload(_: Context, __: Message) -> Message:
    raise DeniedError(
        "UNIMPLEMENTED",
        "models are found by watching their folder or store; publish a version there",
    )


SERVICES = (
    Service(
        f"{PACKAGE}.PredictionService",
        (
            Rpc(
                "Predict",
                M["PredictRequest"],
                _predict,
                ref=_ref,
                call=Call("tensorflow", "Predict", "GRPC"),
            ),
            Rpc(
                "Classify",
                M["ClassificationRequest"],
                _decided("classify"),
                ref=_ref,
                call=Call("tensorflow", "Classify", "GRPC"),
            ),
            Rpc(
                "Regress",
                M["RegressionRequest"],
                _decided("regress"),
                ref=_ref,
                call=Call("tensorflow", "Regress", "GRPC"),
            ),
            Rpc("MultiInference", M["MultiInferenceRequest"], _multi_inference, slow=True),
            Rpc("GetModelMetadata", M["GetModelMetadataRequest"], _metadata),
        ),
    ),
    Service(
        f"{PACKAGE}.ModelService",
        (
            Rpc("GetModelStatus", M["GetModelStatusRequest"], _status),
            Rpc("HandleReloadConfigRequest", M["ReloadConfigRequest"], _reload),
        ),
    ),
)
