"""Infer requests of the Open Inference Protocol on the fast path: tensors as JSON or binary data.

It takes the inputs of a model that is one matrix, or one tensor a column, in the data types of the
model's metadata. Every other request takes the general path through ``rest.infer``; both give the
same bytes.
"""

from __future__ import annotations

from math import isfinite
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, cast

import msgspec

from keramos.errors import RequestError
from keramos.serving.codecs.slots import input_slots
from keramos.serving.codecs.typed_rows import says_keys_once
from keramos.serving.core.counters import Call
from keramos.serving.core.fast_route import Decoded, FastRoute
from keramos.serving.core.messages import Reply, json_text
from keramos.serving.protocols.oip.tensors import DTYPES, KINDS, from_raw, to_raw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.fast_route import Answers
    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Cells, Served
    from keramos.types.network import TensorSpec
    from keramos.types.serving import ModelRef

    Reader = Callable[[list["_Input"], list[list[object]]], list[Cells]]

COUNTED = Call("oip", "Infer")
HEADER = "inference-header-content-length"

_HEADER = HEADER.encode()
_LARGEST = 2.0**125
_Float = Annotated[float, msgspec.Meta(gt=-_LARGEST, lt=_LARGEST)]
"""What stays a number, and the same one to the schema, when it becomes a float32."""

_Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_WIDE = {"FP32": frozenset({"FP32", "FP64"})}
"""Data type of a column -> those that carry it here, where there are several."""


class _Length(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    binary_data_size: int | None = None


class _Input(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    shape: list[int]
    datatype: str
    data: list[_Int | _Float | str | bool] | msgspec.UnsetType = msgspec.UNSET
    parameters: _Length = _Length()


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    binary_data: bool | msgspec.UnsetType = msgspec.UNSET


class _Output(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    parameters: _Form = _Form()


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    binary_data_output: bool = False


class _Body(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    inputs: list[_Input]
    outputs: list[_Output] | msgspec.UnsetType = msgspec.UNSET
    parameters: _Options = _Options()
    id: str | None = None


class _Flat(msgspec.Struct, gc=False):
    """Has the type of a matrix' numbers; msgspec keeps what it knows of a struct, and of no other
    type.
    """

    cells: list[float]


class _ReplyForm(msgspec.Struct, gc=False):
    """What a reply must have beside its rows."""

    id: str | None
    binary: bool


_decode = msgspec.json.Decoder(_Body).decode


def fast_route(
    context: Context, ref: ModelRef, answer: Callable[[Request], Reply]
) -> FastRoute | None:
    """Tensors decoded by type, for models with one output of numbers."""
    served = context.registry.get(ref)
    outputs = served.model.outputs
    if served.types is None or len(outputs) != 1 or outputs[0].dtype in {"str", "float16"}:
        return None
    read, most, name = _reader(served), context.max_rows, outputs[0].name

    def decode(data: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Decoded | None:
        size = _json_size(headers, len(data))
        text = data[:size] if size < len(data) else data
        body = _decode(text)
        if not says_keys_once(text, _keys(body)):
            return None
        wanted = body.outputs
        binary = body.parameters.binary_data_output
        if wanted is not msgspec.UNSET:
            if len(wanted) != 1 or wanted[0].name != name:
                return None
            form = wanted[0].parameters.binary_data
            binary = binary if form is msgspec.UNSET else form
        try:
            rows = read(body.inputs, _values(body.inputs, data, size))
        except RequestError:
            return None
        return Decoded(rows, _ReplyForm(body.id, binary)) if 0 < len(rows) <= most else None

    return FastRoute(served, served.types.feeds, decode, _writer(served), answer, COUNTED)


def _keys(body: _Body) -> int:
    """Keys that are surely there; without those of parameters of the request and of its outputs."""
    found = 1 + (body.id is not None)
    for item in body.inputs:
        size = item.parameters.binary_data_size
        found += 3 + (item.data is not msgspec.UNSET) + 2 * (size is not None)
    return found


def _json_size(headers: Sequence[tuple[bytes, bytes]], whole: int) -> int:
    """Bytes of JSON at the beginning of the body; raises ValueError where none or too many are
    said.
    """
    said = None
    for name, value in headers:
        if name == _HEADER:
            said = value
    if said is None:
        return whole
    size = int(said) if said.isdigit() else 0
    if not 0 < size <= whole:
        raise ValueError
    return size


def _values(inputs: Sequence[_Input], data: bytes, at: int) -> list[list[object]]:
    """The values of each input, from its JSON or from the bytes from ``at`` on; raises ValueError
    where the general path must answer.
    """
    found: list[list[object]] = []
    for item in inputs:
        size = item.parameters.binary_data_size
        if (size is None) == (item.data is msgspec.UNSET) or item.datatype not in DTYPES:
            raise ValueError
        if size is None:
            found.append(cast("list[object]", item.data))
        elif size < 0:
            raise ValueError
        else:
            found.append(from_raw(item.name, data[at : at + size], DTYPES[item.datatype]).tolist())
            at += size
    if at != len(data):
        raise ValueError
    return found


def _reader(served: Served) -> Reader:
    """How inputs become rows; what it cannot read makes it raise ValueError or msgspec's error."""
    spec = served.model.inputs[0]
    if served.model.content is None:
        return _matrix(spec)
    columns = _columns(served)
    if not served.model.content.preparation.matrix:
        return columns
    matrix = _matrix(spec)

    def read(inputs: list[_Input], values: list[list[object]]) -> list[Cells]:
        one = len(inputs) == 1 and inputs[0].name == spec.name
        return (matrix if one else columns)(inputs, values)

    return read


def _matrix(spec: TensorSpec) -> Reader:
    """One input of (rows, size) finite numbers."""
    size, kind = spec.shape[1] or 0, KINDS[spec.dtype].name

    def read(inputs: list[_Input], values: list[list[object]]) -> list[Cells]:
        (item,), (flat,) = inputs, values
        rows = len(flat) // size if size else 0
        if (
            item.name != spec.name
            or item.datatype != kind
            or item.shape != [rows, size]
            or len(flat) != rows * size
        ):
            raise ValueError
        numbers = msgspec.convert({"cells": flat}, _Flat).cells
        if not isfinite(sum(numbers)):
            raise ValueError
        return [tuple(numbers[at : at + size]) for at in range(0, len(numbers), size)]

    return read


def _columns(served: Served) -> Reader:
    """One input a column, of shape (rows,) or (rows, 1), in any order."""
    kinds = {slot.name: KINDS[slot.dtype].name for slot in input_slots(served)}
    allowed = {name: _WIDE.get(kind, frozenset({kind})) for name, kind in kinds.items()}
    types = served.types
    if types is None:
        raise ValueError
    table, cells = (
        msgspec.defstruct("Table", [("rows", GenericAlias(list, (types.row,)))], gc=False),
        types.cells,
    )

    def read(inputs: list[_Input], values: list[list[object]]) -> list[Cells]:
        given = {item.name: flat for item, flat in zip(inputs, values, strict=True)}
        rows = len(values[0]) if values else 0
        if len(inputs) != len(allowed) or given.keys() != allowed.keys():
            raise ValueError
        for item, flat in zip(inputs, values, strict=True):
            if (
                item.datatype not in allowed[item.name]
                or item.shape not in ([rows], [rows, 1])
                or len(flat) != rows
            ):
                raise ValueError
        texts = [
            _texts(given[name]) if kind == "BYTES" else given[name] for name, kind in kinds.items()
        ]
        found = msgspec.convert({"rows": list(zip(*texts, strict=True))}, table)
        return cells(msgspec.structs.astuple(found)[0])[0]

    return read


def _texts(flat: list[object]) -> list[object]:
    return [cell.decode() if isinstance(cell, bytes) else cell for cell in flat]


def _writer(served: Served) -> Callable[[Answers, int, int, object], bytes | Reply]:
    spec = served.model.outputs[0]
    start = json_text({"model_name": served.name, "model_version": str(served.version)})[:-1]
    output = json_text({"name": spec.name, "datatype": KINDS[spec.dtype].name})[:-1]

    def write(answers: Answers, begin: int, end: int, context: object) -> bytes | Reply:
        asked, array = cast("_ReplyForm", context), answers.outputs[0]
        named = start if asked.id is None else f'{start},"id":{json_text(asked.id)}'
        shape = ",".join(map(str, (end - begin, *array.shape[1:])))
        described = f'{named},"outputs":[{output},"shape":[{shape}],'
        if asked.binary:
            raw = to_raw(array[begin:end])
            text = f'{described}"parameters":{{"binary_data_size":{len(raw)}}}}}]}}'.encode()
            return Reply(200, text + raw, "application/octet-stream", ((HEADER, str(len(text))),))
        texts = answers.flat()
        units = len(texts) // len(array)
        return f'{described}"data":[{",".join(texts[begin * units : end * units])}]}}]}}'.encode()

    return write
