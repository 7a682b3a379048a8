"""JSON Schemas (draft 2020-12) of one served version, made from its columns and tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.core.bodies import many, record
from keramos.tabular.kinds import KINDS, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.served import Served
    from keramos.types.artifact import Content
    from keramos.types.network import TensorSpec
    from keramos.types.schema import ColumnPreparation, ColumnSchema

Json = dict[str, object]

_NUMBER: Json = {
    "type": "number",
    "description": "A number that is not finite is the token NaN, Infinity or -Infinity.",
}


def ref(name: str) -> Json:
    """A schema of the document by name."""
    return {"$ref": f"#/components/schemas/{name}"}


class ServedSchemas:
    """The ``ModelSchemas`` of a version; names of its components begin with ``key``."""

    def __init__(self, served: Served, key: str) -> None:
        self.served, self.key = served, key
        self.row, self.row_list = ref(f"{key}.row"), ref(f"{key}.list")
        inputs, outputs = served.model.inputs, served.model.outputs
        content = served.model.content
        self.components: dict[str, Json] = {}
        if content is not None:
            self.item: Json = {"anyOf": [self.row, self.row_list]}
            self.columns = ref(f"{key}.columns")
            self.example_row = row_example(content)
            self.example_columns: Json = {n: [cell] for n, cell in self.example_row.items()}
            self.components = {
                f"{key}.row": row_schema(content),
                f"{key}.list": list_schema(content),
                f"{key}.columns": columns_schema(content),
            }
        else:
            self.item = _tensors(inputs, rows=False)
            self.columns = _tensors(inputs, rows=True)
            self.example_row = {s.name: tensor_example(s, rows=False) for s in inputs}
            self.example_columns = {s.name: tensor_example(s, rows=True) for s in inputs}
        items = {spec.name: reply_schema(spec, rows=False) for spec in outputs}
        columns = {spec.name: reply_schema(spec, rows=True) for spec in outputs}
        self.outputs_by_row = many(_one_or_named(items))
        self.outputs_by_column = _one_or_named(columns)


def _one_or_named(schemas: dict[str, Json]) -> Json:
    """The one schema, or an object of several."""
    return next(iter(schemas.values())) if len(schemas) == 1 else record(schemas)


def _tensors(specs: Sequence[TensorSpec], *, rows: bool) -> Json:
    """An object of tensors by name, or one tensor as it is."""
    named = record({spec.name: tensor_schema(spec, rows=rows) for spec in specs})
    if not rows:
        named["additionalProperties"] = False
    return named if len(specs) > 1 else {"anyOf": [named, tensor_schema(specs[0], rows=rows)]}


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
        "properties": {name: {"type": "array", "items": cell} for name, cell in cells.items()},
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
    made = kind_of(column).json_schema(prepared)
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
    value = _NUMBER if spec.dtype.startswith("float") else value_schema(spec.dtype)
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
