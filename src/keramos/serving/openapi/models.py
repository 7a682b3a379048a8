"""The schemas of one model: what each of its requests takes, what each reply holds, and examples
that are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.codecs.signature import signature_names
from keramos.serving.openapi.columns import (
    columns_schema,
    infer_inputs,
    infer_names,
    list_schema,
    reply_schema,
    row_example,
    row_schema,
    tensor_example,
    tensor_schema,
)
from keramos.serving.openapi.shared import TEXT, many, record, ref
from keramos.serving.protocols.oip.tensors import DTYPES

if TYPE_CHECKING:
    from keramos.serving.core.served import Served
    from keramos.types.artifact import Content

Json = dict[str, object]


def schemas(served: Served, key: str) -> dict[str, Json]:
    """Component name -> schema; each name begins with ``key``."""
    content = served.model.content
    made = {f"{key}.predictions": _predictions(served), f"{key}.infer": _infer(served)}
    made[f"{key}.scored"] = _scored(served)
    if content is None:
        predict = _predict(served, _plain_items(served), _plain_columns(served))
        return made | {
            f"{key}.predict": predict,
            f"{key}.table": predict | {"not": {"required": ["signature_name"]}},
        }
    row: Json = {"anyOf": [ref(f"{key}.row"), ref(f"{key}.list")]}
    rows = many(row) | {"minItems": 1}
    return made | {
        f"{key}.row": row_schema(content),
        f"{key}.list": list_schema(content),
        f"{key}.columns": columns_schema(content),
        f"{key}.predict": _predict(served, row, ref(f"{key}.columns")),
        f"{key}.rows": {"anyOf": [record(needed={"rows": rows}), rows, ref(f"{key}.row")]},
        f"{key}.one": {
            "anyOf": [record(needed={"rows": rows | {"maxItems": 1}}), ref(f"{key}.row")]
        },
        f"{key}.examples": record(
            needed={"examples": many(ref(f"{key}.row")) | {"minItems": 1}},
            more={
                "context": {"type": "object"},
                "signature_name": {"enum": list(signature_names(served))},
            },
        ),
        f"{key}.table": _table(content, key, row),
    }


def examples(served: Served) -> dict[str, Json]:
    """Request -> name of an example -> a body that is answered with 200."""
    infer: Json = {"tensors": {"inputs": infer_inputs(served)}}
    content = served.model.content
    if content is None:
        items = {spec.name: tensor_example(spec, rows=False) for spec in served.model.inputs}
        columns = {spec.name: tensor_example(spec, rows=True) for spec in served.model.inputs}
        predict: Json = {"rows": {"instances": [items]}, "columns": {"inputs": columns}}
        return {"predict": predict, "infer": infer, "table": predict}
    row = row_example(content)
    cells = list(row.values())
    columns = {name: [cell] for name, cell in row.items()}
    split = {"columns": list(row), "data": [cells]}
    return {
        "predict": {
            "rows by column name": {"instances": [row]},
            "rows as lists": {"instances": [cells]},
            "columns": {"inputs": columns},
        },
        "infer": infer,
        "table": {
            "dataframe_split": {"dataframe_split": split},
            "dataframe_records": {"dataframe_records": [row]},
        },
        "rows": {
            "rows by column name": {"rows": [row]},
            "rows as lists": {"rows": [cells]},
            "one row": row,
        },
        "one": {"one row": row},
        "examples": {"one example": {"examples": [row]}},
    }


def csv_example(content: Content) -> str:
    """A table of one row as text."""
    row = row_example(content)
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in (row, row.values())) + "\n"


def _predict(served: Served, item: Json, columns: Json) -> Json:
    given = {
        "instances": many(item) | {"minItems": 1, "description": "One item a row."},
        "inputs": columns,
        "signature_name": {"enum": ["", *signature_names(served)]},
    }
    one = [{"required": ["instances"]}, {"required": ["inputs"]}]
    return {"type": "object", "properties": given, "oneOf": one}


def _plain_items(served: Served) -> Json:
    """A row of a plain Keras file: a tensor of its one input, or an object of all inputs."""
    specs = served.model.inputs
    named = record(needed={spec.name: tensor_schema(spec, rows=False) for spec in specs})
    named["additionalProperties"] = False
    return named if len(specs) > 1 else {"anyOf": [named, tensor_schema(specs[0], rows=False)]}


def _plain_columns(served: Served) -> Json:
    specs = served.model.inputs
    named = record(needed={spec.name: tensor_schema(spec, rows=True) for spec in specs})
    return named if len(specs) > 1 else {"anyOf": [named, tensor_schema(specs[0], rows=True)]}


def _predictions(served: Served) -> Json:
    specs = served.model.outputs
    items = {spec.name: reply_schema(spec, rows=False) for spec in specs}
    columns = {spec.name: reply_schema(spec, rows=True) for spec in specs}
    one = len(specs) == 1
    by_row = many(next(iter(items.values())) if one else record(needed=items))
    by_column = next(iter(columns.values())) if one else record(needed=columns)
    return {
        "anyOf": [record(needed={"predictions": by_row}), record(needed={"outputs": by_column})]
    }


def _scored(served: Served) -> Json:
    """The reply to MLflow's clients: one output as it is, several by name."""
    columns = {spec.name: reply_schema(spec, rows=True) for spec in served.model.outputs}
    return record(
        needed={
            "predictions": next(iter(columns.values()))
            if len(columns) == 1
            else record(needed=columns)
        }
    )


def _table(content: Content, key: str, row: Json) -> Json:
    """A table as MLflow's clients send it."""
    names = [column.name for column in content.schema.columns]
    split = record(
        needed={"columns": {"const": names}, "data": many(ref(f"{key}.list")) | {"minItems": 1}}
    )
    split["additionalProperties"] = False
    shapes = {
        "dataframe_split": split,
        "dataframe_records": many(ref(f"{key}.row")) | {"minItems": 1},
        "instances": many(row) | {"minItems": 1},
        "inputs": ref(f"{key}.columns"),
    }
    return {"oneOf": [record(needed={name: shape}) for name, shape in shapes.items()]}


def _infer(served: Served) -> Json:
    inputs, outputs = infer_names(served)
    given = record(
        needed={
            "name": {"enum": inputs},
            "shape": many({"type": "integer", "minimum": 0}),
            "datatype": {"enum": list(DTYPES)},
        },
        more={"data": {"type": "array"}, "parameters": {"type": "object"}},
    )
    wanted = record(needed={"name": {"enum": outputs}}, more={"parameters": {"type": "object"}})
    return record(
        needed={"inputs": many(given) | {"minItems": 1}},
        more={
            "id": TEXT,
            "parameters": {"type": "object"},
            "outputs": many(wanted) | {"minItems": 1},
        },
    )
