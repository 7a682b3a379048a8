"""Bodies of keramos' own protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType  # noqa: TC002 (msgspec reads the fields' types)

from keramos.serving.codecs.media_rows import form_media
from keramos.serving.core.bodies import ModelBody, Number, Problem, RowNumber, many, record  # noqa: TC001 (msgspec reads the fields' types)

if TYPE_CHECKING:
    from keramos.serving.core.bodies import Json, ModelSchemas


class ErrorPlace(Struct, omit_defaults=True):
    """Where a fault is, as far as it is known."""

    file: str | UnsetType = UNSET
    path: str | UnsetType = UNSET
    layer: str | UnsetType = UNSET
    layer_kind: str | UnsetType = UNSET
    option: str | UnsetType = UNSET
    row: int | UnsetType = UNSET
    column: str | UnsetType = UNSET


class OwnError(Struct):
    """The message, and the fields of the error that it is made of."""

    error: str
    code: str | UnsetType = UNSET
    what: str | UnsetType = UNSET
    where: ErrorPlace | UnsetType = UNSET
    received: str | UnsetType | None = UNSET
    remedy: str | UnsetType | None = UNSET
    problems: list[Problem] | UnsetType = UNSET
    problem_count: int | UnsetType = UNSET


class ModelVersion(Struct):
    """One known version and its state."""

    version: int
    state: str
    message: str


class ServedModel(Struct):
    """One model; labels point to versions."""

    name: str
    versions: list[ModelVersion]
    labels: dict[str, int]


class Models(Struct):
    """Every model."""

    models: list[ServedModel]


class Decision(Struct):
    """The decision about one row."""

    row: RowNumber
    label: str | float | bool
    score: Number
    scores: list[Number]
    rule: str
    interval: tuple[float, float] | UnsetType = UNSET
    possible: list[str | float | bool] | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


class Decisions(Struct):
    """Decisions by row."""

    model: str
    version: int
    decisions: list[Decision]
    problems: list[Problem] | UnsetType = UNSET
    problem_count: int | UnsetType = UNSET
    ignored_columns: list[str] | UnsetType = UNSET


class TraceStep(Struct):
    """One step; each line is a name and a value."""

    title: str
    seconds: float
    lines: list[list[str]]


class Trace(Struct):
    """The four steps to a decision."""

    model: str
    version: int
    steps: list[TraceStep]
    decision: Decision
    text: str


def _rows(model: ModelSchemas) -> Json:
    rows = many(model.item)
    return {"anyOf": [record({"rows": rows}), rows, model.row]}


def _row_examples(model: ModelSchemas) -> Json:
    row = model.example_row
    return {
        "rows by column name": {"rows": [row]},
        "rows as lists": {"rows": [list(row.values())]},
        "one row": row,
    }


def _one_row(model: ModelSchemas) -> Json:
    return {"anyOf": [record({"rows": many(model.item, least=1) | {"maxItems": 1}}), model.row]}


ROWS = ModelBody("rows", _rows, _row_examples, form_media)
ONE_ROW = ModelBody("one", _one_row, lambda model: {"one row": model.example_row}, form_media)
