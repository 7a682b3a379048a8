"""The Open Inference Protocol's gRPC API, with Triton's repository calls and model config.

Wire facts: ``open_inference_grpc.proto``; ``grpc_service.proto`` of Triton. What a request means,
and what is said about a wrong one, is as in the REST API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import KeramosError, RequestError
from keramos.serving.codecs.named_arrays import as_feeds, output_names, platform
from keramos.serving.codecs.slots import input_slots, output_slots
from keramos.serving.core.counters import Call
from keramos.serving.core.rpcs import DeniedError, PendingRun, Rpc, Service
from keramos.serving.core.served import UnopenedError
from keramos.serving.protocols.oip.classification import PARAMETER, best_classes, class_count
from keramos.serving.protocols.oip.messages import PACKAGE, M
from keramos.serving.protocols.oip.tensors import KINDS, fill_output, from_input
from keramos.types.serving import ModelRef, State, whole_number
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.serving.codecs.slots import Slot
    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context
    from keramos.types.serving import Outputs

_STATES = {
    State.AVAILABLE: "READY",
    State.LOADING: "LOADING",
    State.START: "LOADING",
    State.UNLOADING: "UNLOADING",
}


def _ref(name: str, version: str) -> ModelRef:
    """A version by number, the newest where none is given, or else by label."""
    if not version:
        return ModelRef(name)
    number = whole_number(version)
    return ModelRef(name, label=version) if number is None else ModelRef(name, number)


def _named_ref(request: Message) -> ModelRef:
    return _ref(request.name, request.version)


def _infer_ref(request: Message) -> ModelRef:
    return _ref(request.model_name, request.model_version)


def _live(_: Context, __: Message) -> Message:
    return M["ServerLiveResponse"](live=True)


def _ready(context: Context, _: Message) -> Message:
    return M["ServerReadyResponse"](ready=context.ready())


def _model_ready(context: Context, request: Message) -> Message:
    try:
        context.registry.get(_named_ref(request))
    except UnopenedError:
        return M["ModelReadyResponse"](ready=True)  # its first request opens it
    except KeramosError:
        return M["ModelReadyResponse"](ready=False)
    return M["ModelReadyResponse"](ready=True)


def _server_metadata(context: Context, _: Message) -> Message:
    return M["ServerMetadataResponse"](
        name="keramos", version=__version__, extensions=context.extensions
    )


def _model_metadata(context: Context, request: Message) -> Message:
    served = context.registry.get(_named_ref(request))
    known = context.registry.statuses(served.name)
    return M["ModelMetadataResponse"](
        name=served.name,
        versions=[str(item.version) for item in reversed(known) if item.state is State.AVAILABLE],
        platform=platform(served.model),
        inputs=[_described(slot) for slot in input_slots(served)],
        outputs=[_described(slot) for slot in output_slots(served)],
    )


def _described(slot: Slot) -> Message:
    return M["TensorMetadata"](name=slot.name, datatype=KINDS[slot.dtype].name, shape=slot.shape)


def _model_config(context: Context, request: Message) -> Message:
    """Triton's own description. No batch size: the rows are an axis of the shapes."""
    served = context.registry.get(_named_ref(request))
    config = M["ModelConfig"](name=served.name, platform=platform(served.model), backend="keramos")
    for slots, field in (
        (input_slots(served), config.input),
        (output_slots(served), config.output),
    ):
        for slot in slots:
            field.add(name=slot.name, data_type=KINDS[slot.dtype].number, dims=slot.shape)
    return M["ModelConfigResponse"](config=config)


def _infer(context: Context, request: Message) -> PendingRun:
    served = context.registry.get(_infer_ref(request))
    arrays = _arrays(request)
    names = output_names(served.model, [wanted.name for wanted in request.outputs])
    classes = {wanted.name: _class_count(wanted) for wanted in request.outputs}
    feeds = as_feeds(served.model, arrays, context.max_rows)
    raw = bool(request.raw_input_contents)

    def write(outputs: Outputs) -> Message:
        reply = M["ModelInferResponse"](
            model_name=served.name, model_version=str(served.version), id=request.id
        )
        made = dict(zip((spec.name for spec in served.model.outputs), outputs, strict=True))
        for name in names:
            count = classes.get(name, 0)
            array = best_classes(served, name, made[name], count) if count else made[name]
            half = array.dtype == np.float16  # which has no contents of its own
            data = fill_output(reply.outputs.add(name=name), array, raw=raw or half)
            if raw or half:
                reply.raw_output_contents.append(data)
        return reply

    return PendingRun(served, feeds, write)


def _arrays(request: Message) -> dict[str, NDArray[np.generic]]:
    raws = request.raw_input_contents
    if raws and len(raws) != len(request.inputs):
        raise RequestError(
            f"raw_input_contents has {len(raws)} tensors for {len(request.inputs)} inputs; all "
            "must be raw"
        )
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, tensor in enumerate(request.inputs):
        if tensor.name in arrays:
            raise RequestError(f"input '{tensor.name}' is given twice")
        if raws and tensor.HasField("contents"):
            raise RequestError(
                f"input '{tensor.name}' has contents beside raw_input_contents; give one of them"
            )
        arrays[tensor.name] = from_input(tensor, raws[index] if raws else None)
    return arrays


def _class_count(wanted: Message) -> int:
    """How many best classes are asked for instead of all numbers; 0 where not asked."""
    parameter = wanted.parameters.get(PARAMETER)
    return class_count(int(parameter.int64_param), wanted.name) if parameter else 0


def _index(context: Context, request: Message) -> Message:
    reply = M["RepositoryIndexResponse"]()
    for name in context.registry.names():
        for item in context.registry.statuses(name):
            state = _STATES.get(item.state, "UNAVAILABLE")
            if state == "READY" or not request.ready:
                reply.models.add(
                    name=name, version=str(item.version), state=state, reason=item.message
                )
    return reply


def _load(context: Context, request: Message) -> Message:
    _allowed(context.load)(request.model_name)
    return M["RepositoryModelLoadResponse"]()


def _unload(context: Context, request: Message) -> Message:
    _allowed(context.unload)(request.model_name)
    return M["RepositoryModelUnloadResponse"]()


def _allowed(call: Callable[[str], None] | None) -> Callable[[str], None]:
    if call is None:
        raise DeniedError(
            "PERMISSION_DENIED",
            "loading and unloading is off; start the server with --admin to allow it",
        )
    return call


SERVICES = (
    Service(
        f"{PACKAGE}.GRPCInferenceService",
        (
            Rpc("ServerLive", M["ServerLiveRequest"], _live, probe=True),
            Rpc("ServerReady", M["ServerReadyRequest"], _ready, probe=True),
            Rpc("ModelReady", M["ModelReadyRequest"], _model_ready),
            Rpc("ServerMetadata", M["ServerMetadataRequest"], _server_metadata),
            Rpc("ModelMetadata", M["ModelMetadataRequest"], _model_metadata),
            Rpc(
                "ModelInfer",
                M["ModelInferRequest"],
                _infer,
                ref=_infer_ref,
                call=Call("oip", "Infer", "GRPC"),
            ),
            Rpc("ModelConfig", M["ModelConfigRequest"], _model_config),
            Rpc("RepositoryIndex", M["RepositoryIndexRequest"], _index),
            Rpc("RepositoryModelLoad", M["RepositoryModelLoadRequest"], _load, slow=True),
            Rpc("RepositoryModelUnload", M["RepositoryModelUnloadRequest"], _unload, slow=True),
        ),
    ),
)
