"""keramos' own protocol: what is served, decisions with their rules, and the four steps to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from keramos.errors import RequestError
from keramos.serve.messages import json_reply
from keramos.types.serving import ModelRef

if TYPE_CHECKING:
    from keramos.serve.engine import Engine
    from keramos.serve.messages import Reply, Request

Rows = list[dict[str, object]]


def models(engine: Engine, _: Request) -> Reply:
    """GET /models: every model with its versions."""
    listed = [
        {
            "name": name,
            "versions": [
                {"version": item.version, "state": item.state.name, "message": item.message}
                for item in engine.statuses(name)
            ],
            "labels": engine.labels(name),
        }
        for name in engine.names()
    ]
    return json_reply({"models": listed})


def decide(engine: Engine, request: Request, name: str) -> Reply:
    """POST /models/M/decide: label, score and rule of each row."""
    served = engine.get(ModelRef(name))
    try:
        rows = msgspec.json.decode(request.body, type=Rows)
    except msgspec.DecodeError as error:
        raise RequestError(f"the body must be a JSON list of rows, each an object by column name: {error}") from None
    decisions = served.model.decide(rows)
    return json_reply({"model": name, "version": served.version, "decisions": decisions})
