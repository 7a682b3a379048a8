"""Bodies of MLflow's scoring protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType  # noqa: TC002 (msgspec reads the fields' types)

from keramos.serving.core.bodies import ModelBody, Problem, many, record  # noqa: TC001 (msgspec reads the fields' types)

if TYPE_CHECKING:
    from keramos.serving.core.bodies import Json, Media, ModelSchemas

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


class MlflowError(Struct):
    """What is wrong, in MLflow's words, the first 100 cells that break a rule, and how many do."""

    error_code: str
    message: str
    problems: list[Problem] | UnsetType = UNSET
    problem_count: int | UnsetType = UNSET


def _table(model: ModelSchemas) -> Json:
    shapes: Json = {"instances": many(model.item), "inputs": model.columns}
    if model.served.model.content is not None:
        split = record(
            {
                "columns": {"const": list(model.example_row)},
                "data": many(model.row_list),
            }
        )
        split["additionalProperties"] = False
        shapes |= {"dataframe_split": split, "dataframe_records": many(model.row)}
    not_supported: Json = {"not": {"required": ["signature_name"]}}
    shape_of_body: Json = {"oneOf": [record({name: one}) for name, one in shapes.items()]}
    return shape_of_body | not_supported


def _table_examples(model: ModelSchemas) -> Json:
    row = model.example_row
    if model.served.model.content is None:
        return {"rows": {"instances": [row]}, "columns": {"inputs": model.example_columns}}
    split = {"columns": list(row), "data": [list(row.values())]}
    return {
        "dataframe_split": {"dataframe_split": split},
        "dataframe_records": {"dataframe_records": [row]},
    }


def _table_media(model: ModelSchemas) -> Media:
    if model.served.model.content is None:
        return {}
    row = model.example_row
    lines = (",".join(f'"{cell}"' for cell in line) for line in (row, row.values()))
    return {
        CSV: {"schema": {"type": "string"}, "example": "\n".join(lines) + "\n"},
        PARQUET: {"schema": {"description": "A table; its columns are found by name."}},
    }


TABLE = ModelBody("table", _table, _table_examples, _table_media)
SCORED = ModelBody("scored", lambda model: record({"predictions": model.outputs_by_column}))
