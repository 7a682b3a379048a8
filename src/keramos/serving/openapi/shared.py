"""Schemas and responses that are the same for every model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, object]

TEXT: Json = {"type": "string"}
NUMBER: Json = {
    "type": "number",
    "description": "What is not finite is the token NaN, Infinity or -Infinity.",
}
_PROBLEMS: Json = {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}}


def record(*, needed: Mapping[str, object], more: Mapping[str, object] | None = None) -> Json:
    """An object with keys that are always there and others that may be."""
    return {"type": "object", "properties": {**needed, **(more or {})}, "required": list(needed)}


def many(items: object) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def ref(name: str) -> Json:
    """A schema of the document by name."""
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: Mapping[str, Json] = {
    "Problem": record(
        needed={
            "row": {"type": "integer", "minimum": 1},
            "column": TEXT,
            "reason": TEXT,
            "value": TEXT,
        }
    )
    | {
        "description": "A cell that breaks a rule. Rows count from 1; the value is shortened to "
        "80 characters."
    },
    "Error": record(needed={"error": TEXT}, more={"problems": _PROBLEMS}),
    "OwnError": record(needed={"error": TEXT}, more={"code": TEXT, "problems": _PROBLEMS}),
    "MlflowError": record(
        needed={"error_code": TEXT, "message": TEXT}, more={"problems": _PROBLEMS}
    ),
    "Models": record(
        needed={
            "models": many(
                record(
                    needed={
                        "name": TEXT,
                        "versions": many(
                            record(
                                needed={
                                    "version": {"type": "integer"},
                                    "state": TEXT,
                                    "message": TEXT,
                                }
                            )
                        ),
                        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
                    }
                )
            )
        }
    ),
    "ModelStatus": record(
        needed={
            "model_version_status": many(
                record(
                    needed={
                        "version": TEXT,
                        "state": {
                            "enum": ["UNKNOWN", "START", "LOADING", "AVAILABLE", "UNLOADING", "END"]
                        },
                        "status": record(needed={"error_code": TEXT, "error_message": TEXT}),
                    }
                )
            )
        }
    ),
    "ModelMetadata": record(
        needed={"model_spec": {"type": "object"}, "metadata": {"type": "object"}}
    ),
    "TensorMetadata": record(
        needed={"name": TEXT, "datatype": TEXT, "shape": many({"type": "integer"})}
    ),
    "OipModel": record(
        needed={
            "name": TEXT,
            "versions": many(TEXT),
            "platform": TEXT,
            "inputs": many(ref("TensorMetadata")),
            "outputs": many(ref("TensorMetadata")),
        }
    ),
    "OipServer": record(needed={"name": TEXT, "version": TEXT, "extensions": many(TEXT)}),
    "OipReady": record(needed={"name": TEXT, "ready": {"type": "boolean"}}),
    "OipReply": record(
        needed={
            "model_name": TEXT,
            "model_version": TEXT,
            "outputs": many(
                record(
                    needed={"name": TEXT, "datatype": TEXT, "shape": many({"type": "integer"})},
                    more={"data": {"type": "array"}, "parameters": {"type": "object"}},
                )
            ),
        },
        more={"id": TEXT},
    ),
    "OipIndexRequest": record(needed={}, more={"ready": {"type": "boolean"}}),
    "OipIndex": many(record(needed={"name": TEXT, "version": TEXT, "state": TEXT, "reason": TEXT})),
    "Decision": record(
        needed={
            "row": {"type": "integer", "minimum": 1},
            "label": {"type": ["string", "number", "boolean"]},
            "score": NUMBER,
            "scores": many(NUMBER),
            "rule": TEXT,
        }
    ),
    "Decisions": record(
        needed={"model": TEXT, "version": {"type": "integer"}, "decisions": many(ref("Decision"))},
        more={"problems": _PROBLEMS, "ignored_columns": many(TEXT)},
    ),
    "Trace": record(
        needed={
            "model": TEXT,
            "version": {"type": "integer"},
            "steps": many(
                record(
                    needed={"title": TEXT, "seconds": {"type": "number"}, "lines": many(many(TEXT))}
                )
            ),
            "decision": ref("Decision"),
            "text": TEXT,
        }
    ),
    "Classified": record(needed={"results": many(many({"type": "array"}))}),
    "Regressed": record(needed={"results": many(NUMBER)}),
    "Status": record(needed={"status": TEXT}),
    "OpenApi": record(
        needed={"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}
    ),
}
"""Name -> schema."""

WHY: Mapping[int, str] = {
    400: "The request is refused; the text says what is wrong, where, and what was received.",
    401: "An API key is needed, and none that is known was sent.",
    403: "Loading and unloading is off; the server was not started with --admin.",
    404: "No such model, version or label is served here.",
    408: "The request did not arrive in time.",
    413: "The body is larger than one request may be.",
    415: "The coding or type of the body is not known.",
    503: "The model is known and does not answer now, or too many connections are open.",
}
"""Status -> what it means."""
