"""Bodies of the Open Inference Protocol."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, UnsetType  # noqa: TC002 (msgspec reads the fields' types)

from keramos.serving.codecs.slots import input_slots, output_slots
from keramos.serving.core.bodies import ModelBody, many, record
from keramos.serving.protocols.oip.tensors import DTYPES, KINDS

if TYPE_CHECKING:
    from keramos.serving.core.bodies import Json, Media, ModelSchemas

BINARY: Media = {
    "application/octet-stream": {
        "schema": {"description": "JSON, then little-endian tensors, as Triton has it."}
    }
}


class OipServer(Struct):
    """The server and its extensions."""

    name: str
    version: str
    extensions: list[str]


class OipReady(Struct):
    """Whether a model answers."""

    name: str
    ready: bool


class TensorMetadata(Struct):
    """An input or output; a size of -1 is free."""

    name: str
    datatype: str
    shape: list[int]


class OipModel(Struct):
    """A model, its available versions, and its tensors."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class OutputTensor(Struct):
    """One output, with its values here or as binary data."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class OipReply(Struct):
    """The outputs of a run."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | UnsetType = UNSET


class OipIndexRequest(Struct):
    """Whether to list the versions that answer, not all of them."""

    ready: bool | UnsetType = UNSET


class IndexedVersion(Struct):
    """One version of one model."""

    name: str
    version: str
    state: str
    reason: str


def _infer(model: ModelSchemas) -> Json:
    inputs, outputs = _names(model)
    given = record(
        {
            "name": {"enum": inputs},
            "shape": many({"type": "integer", "minimum": 0}),
            "datatype": {"enum": list(DTYPES)},
        },
        {"data": {"type": "array"}, "parameters": {"type": "object"}},
    )
    wanted = record({"name": {"enum": outputs}}, {"parameters": {"type": "object"}})
    more = {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": many(wanted, least=1),
    }
    return record({"inputs": many(given, least=1)}, more)


def _names(model: ModelSchemas) -> tuple[list[str], list[str]]:
    """Names of inputs and outputs; where one matrix is taken too, its name as well."""
    served = model.served
    content = served.model.content
    names = [slot.name for slot in input_slots(served)]
    if content is not None and content.preparation.matrix:
        names.append(served.model.inputs[0].name)
    return names, [slot.name for slot in output_slots(served)]


def _infer_examples(model: ModelSchemas) -> Json:
    """One row, as one tensor a column or input."""
    cells = list(model.example_row.values()) if model.served.model.content else None
    inputs = []
    for index, slot in enumerate(input_slots(model.served)):
        shape = [size if size > 0 else 1 for size in slot.shape]
        zero: object = {"str": "", "bool": False}.get(slot.dtype, 0)
        data = [cells[index]] if cells else [zero] * prod(shape)
        datatype = KINDS[slot.dtype].name
        inputs.append({"name": slot.name, "shape": shape, "datatype": datatype, "data": data})
    return {"tensors": {"inputs": inputs}}


INFER = ModelBody("infer", _infer, _infer_examples, lambda _: BINARY)
