"""What a version takes and gives, as JSON Schemas (draft 2020-12, as OpenAPI 3.1 has them), made
from its columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.codecs.signature import input_slots, output_slots
from keramos.serving.openapi.shared import NUMBER
from keramos.serving.protocols.oip.tensors import KINDS as DATATYPES
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.codecs.signature import Slot
    from keramos.serving.core.served import Served
    from keramos.types.artifact import Content
    from keramos.types.network import TensorSpec
    from keramos.types.schema import ColumnPreparation, ColumnSchema

Json = dict[str, object]


def row_schema(content: Content) -> Json:
    """One row as an object by column name."""
    prepared = _prepared(content)
    columns = content.schema.columns
    needed = [column.name for column in columns if prepared[column.name].null_policy == "refuse"]
    return {
        "type": "object",
        "description": "One row by column name; other keys are ignored.",
        "properties": {column.name: _cell(column, prepared[column.name]) for column in columns},
        "required": needed,
        "examples": [row_example(content)],
    }


def list_schema(content: Content) -> Json:
    """One row as a list in the order of the columns."""
    prepared = _prepared(content)
    columns = content.schema.columns
    return {
        "type": "array",
        "description": "One row in the order of the columns: "
        f"{', '.join(column.name for column in columns)}.",
        "prefixItems": [_cell(column, prepared[column.name]) for column in columns],
        "minItems": len(columns),
        "maxItems": len(columns),
        "examples": [list(row_example(content).values())],
    }


def columns_schema(content: Content) -> Json:
    """A table as an object of columns, each a list of cells."""
    prepared = _prepared(content)
    cells = {column.name: _cell(column, prepared[column.name]) for column in content.schema.columns}
    needed = [name for name in cells if prepared[name].null_policy == "refuse"]
    return {
        "type": "object",
        "description": "Columns by name, each a list with one cell a row.",
        "properties": {
            name: {"type": "array", "items": cell, "minItems": 1} for name, cell in cells.items()
        },
        "required": needed,
        "minProperties": 1,
        "examples": [{name: [cell] for name, cell in row_example(content).items()}],
    }


def row_example(content: Content) -> Json:
    """A row of ordinary values: medians, and the first category of each column."""
    prepared = _prepared(content)
    return {
        column.name: KINDS[column.kind].example(prepared[column.name])
        for column in content.schema.columns
    }


def _prepared(content: Content) -> dict[str, ColumnPreparation]:
    """The first input of each column; all inputs of a date have its null policy."""
    return {column.column: column for column in reversed(content.preparation.inputs)}


def _cell(column: ColumnSchema, prepared: ColumnPreparation) -> Json:
    made = KINDS[column.kind].json_schema(prepared)
    if column.unit:
        made["description"] = f"{made.get('description', '')} Unit: {column.unit}.".strip()
    return made if prepared.null_policy == "refuse" else {"anyOf": [made, {"type": "null"}]}


def value_schema(dtype: str) -> Json:
    """One element of a tensor, as requests and replies have it."""
    if dtype == "str":
        octets = {"type": "object", "properties": {"b64": {"type": "string"}}, "required": ["b64"]}
        return {"anyOf": [{"type": "string"}, octets]}
    if dtype == "bool":
        return {"type": "boolean"}
    return {"type": "number"} if dtype.startswith("float") else {"type": "integer"}


def tensor_schema(spec: TensorSpec, *, rows: bool) -> Json:
    """Nested lists of an input's tensor, with or without the axis of the rows."""
    return _lists(value_schema(spec.dtype), spec.shape[0 if rows else 1 :])


def reply_schema(spec: TensorSpec, *, rows: bool) -> Json:
    """Nested lists of an output's tensor; its numbers need not be finite."""
    value = NUMBER if spec.dtype.startswith("float") else value_schema(spec.dtype)
    return _lists(value, spec.shape[0 if rows else 1 :])


def _lists(made: Json, sizes: Sequence[int | None]) -> Json:
    for size in reversed(sizes):
        made = {"type": "array", "items": made}
        if size is not None:
            made |= {"minItems": size, "maxItems": size}
    return made


def tensor_example(spec: TensorSpec, *, rows: bool) -> object:
    """Zeros, or empty text, of a tensor's shape; free sizes are 1."""
    made: object = (
        "" if spec.dtype == "str" else spec.dtype == "none" if spec.dtype == "bool" else 0
    )
    for size in reversed(spec.shape[0 if rows else 1 :]):
        made = [made] * (size or 1)
    return made


def infer_inputs(served: Served) -> list[Json]:
    """Inputs of the Open Inference Protocol that are answered: one row."""
    content = served.model.content
    cells: Sequence[object] = list(row_example(content).values()) if content else []
    inputs: list[Json] = []
    for place, slot in enumerate(input_slots(served)):
        shape = [size if size > 0 else 1 for size in slot.shape]
        data = [cells[place]] if content else _zeros(slot, shape)
        inputs.append(
            {
                "name": slot.name,
                "shape": shape,
                "datatype": DATATYPES[slot.dtype].name,
                "data": data,
            }
        )
    return inputs


def _zeros(slot: Slot, shape: Sequence[int]) -> list[object]:
    size = 1
    for length in shape:
        size *= length
    return [{"str": "", "bool": False}.get(slot.dtype, 0)] * size


def infer_names(served: Served) -> tuple[list[str], list[str]]:
    """Names of inputs and outputs; where one matrix is taken too, its name as well."""
    content = served.model.content
    names = [slot.name for slot in input_slots(served)]
    if content is not None and content.preparation.matrix:
        names.append(served.model.inputs[0].name)
    return names, [slot.name for slot in output_slots(served)]
