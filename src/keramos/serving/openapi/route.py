"""GET /openapi.json, for the routes of a server."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.serving.core.messages import json_reply
from keramos.serving.core.refusals import json_refusal
from keramos.serving.core.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.routes import Context


def route(others: Sequence[Route]) -> Route:
    """The route that describes ``others`` and itself."""

    def answer(context: Context, _: Request, __: re.Match[str]) -> Reply:
        # Few ask for the document, and nobody in the first moment: a server starts without this
        # room.
        room = importlib.import_module("keramos.serving.openapi.document")
        found = room.document(context, (*others, made))
        return replace(json_reply(found), headers=(("cache-control", "no-store"),))

    made = Route("GET", re.compile("/openapi.json"), answer, json_refusal, slow=True)
    return made
