"""Types of requests and responses: what the OpenAPI document is made from.

A body that is the same for every model is a msgspec Struct; one that depends on the model's columns
or tensors is a ``ModelBody``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType  # noqa: TC002 (msgspec reads the fields' types)

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.serving.core.served import Served

    Json = dict[str, object]
    Media = Mapping[str, Json]

Number = Annotated[
    float,
    Meta(description="A number that is not finite is the token NaN, Infinity or -Infinity."),
]
RowNumber = Annotated[int, Meta(ge=1)]


class Problem(Struct):
    """A cell that breaks a rule. Rows count from 1; the value is shortened to 80 characters."""

    row: RowNumber
    column: str
    reason: str
    value: str


class Error(Struct):
    """What is wrong, the first 100 cells that break a rule, and how many were found."""

    error: str
    problems: list[Problem] | UnsetType = UNSET
    problem_count: int | UnsetType = UNSET


MODEL_ERRORS = (400, 404, 503)
"""Statuses of a request that names a model and has no body."""

BODY_ERRORS = (400, 404, 408, 413, 415, 503)
"""Statuses of a request for a model with a body."""


class ModelSchemas(Protocol):
    """JSON Schemas and examples of one served version, from which bodies are composed."""

    served: Served
    row: Json
    """One row as an object by column name; of a keramos file."""
    row_list: Json
    """One row as a list in the order of the columns; of a keramos file."""
    item: Json
    """One row in any form: by column name, as a list, or as the tensors of a plain Keras file."""
    columns: Json
    """All rows, by column or input name."""
    outputs_by_row: Json
    outputs_by_column: Json
    example_row: Json
    example_columns: Json


def _no_examples(_: ModelSchemas) -> Json:
    return {}


def _no_media(_: ModelSchemas) -> Media:
    return {}


class ModelBody(Frozen, frozen=True):
    """A body that depends on the model. ``name`` names its schema after the model's; ``examples``
    gives bodies by name that are answered with 200; ``media`` gives media types beside JSON.
    """

    name: str
    schema: Callable[[ModelSchemas], Json]
    examples: Callable[[ModelSchemas], Json] = _no_examples
    media: Callable[[ModelSchemas], Media] = _no_media


def record(needed: Mapping[str, object], more: Mapping[str, object] | None = None) -> Json:
    """The schema of an object with keys that are always there and others that may be."""
    return {"type": "object", "properties": {**needed, **(more or {})}, "required": list(needed)}


def many(items: object, least: int = 0) -> Json:
    """The schema of a list of ``least`` items or more."""
    return {"type": "array", "items": items} | ({"minItems": least} if least else {})
