"""Bodies of TensorFlow Serving's REST API, and the names of its signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from keramos.serving.codecs.media_rows import form_media
from keramos.serving.core.bodies import ModelBody, Number, many, record  # noqa: TC001 (msgspec reads the fields' types)

if TYPE_CHECKING:
    from keramos.serving.core.bodies import Json, ModelSchemas
    from keramos.serving.core.served import Served

DEFAULT, CLASSIFIES, REGRESSES = "serving_default", "classification", "regression"
"""Names of signatures: TensorFlow's own default, and those of its estimators."""


def own_names(served: Served) -> tuple[str, ...]:
    """The usual signature and, by the rule of the file, classification or regression."""
    content = served.model.content
    if content is None:
        return (served.signature or DEFAULT,)
    if content.rule.several:
        return (DEFAULT,)
    return (DEFAULT, REGRESSES if content.rule.kind == "value" else CLASSIFIES)


def signature_names(served: Served) -> tuple[str, ...]:
    """All signatures that answer."""
    return (*own_names(served), *served.others)


class StatusCode(Struct):
    """A gRPC status name and its text."""

    error_code: str
    error_message: str


class VersionState(Struct):
    """The state of one version."""

    version: str
    state: Literal["UNKNOWN", "START", "LOADING", "AVAILABLE", "UNLOADING", "END"]
    status: StatusCode


class ModelStatus(Struct):
    """The known versions of a model."""

    model_version_status: list[VersionState]


class ModelMetadata(Struct):
    """The signatures of a version."""

    model_spec: dict[str, Any]
    metadata: dict[str, Any]


class Classified(Struct):
    """Label and score of every class, for each example."""

    results: list[list[list[Any]]]


class Regressed(Struct):
    """One number for each example."""

    results: list[Number]


def _predict(model: ModelSchemas) -> Json:
    several = bool(model.served.others)  # each takes tensors of its own, see /metadata
    given = {
        "instances": many({} if several else model.item) | {"description": "One item a row."},
        "inputs": {} if several else model.columns,
        "signature_name": {"enum": ["", *signature_names(model.served)]},
    }
    one = [{"required": ["instances"]}, {"required": ["inputs"]}]
    return {"type": "object", "properties": given, "oneOf": one}


def _predict_examples(model: ModelSchemas) -> Json:
    row = model.example_row
    found: Json = {
        "rows by name": {"instances": [row]},
        "columns": {"inputs": model.example_columns},
    }
    return found | (
        {"rows as lists": {"instances": [list(row.values())]}} if model.served.model.content else {}
    )


def _predictions(model: ModelSchemas) -> Json:
    if model.served.others:
        return {"anyOf": [record({"predictions": many({})}), record({"outputs": {}})]}
    by_row = record({"predictions": model.outputs_by_row})
    return {"anyOf": [by_row, record({"outputs": model.outputs_by_column})]}


def _examples(model: ModelSchemas) -> Json:
    more = {
        "context": {"type": "object"},
        "signature_name": {"enum": list(signature_names(model.served))},
    }
    graph = model.served.model.content is None  # which takes features by names of its own
    return record({"examples": many({"type": "object"} if graph else model.row)}, more)


def _example(model: ModelSchemas) -> Json:
    row = {"feature": 1.0} if model.served.model.content is None else model.example_row
    return {"one example": {"examples": [row]}}


PREDICT = ModelBody("predict", _predict, _predict_examples, form_media)
PREDICTIONS = ModelBody("predictions", _predictions)
EXAMPLES = ModelBody("examples", _examples, _example)
