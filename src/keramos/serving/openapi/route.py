"""GET /openapi.json, for the routes of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from keramos.serving.core.messages import json_reply
from keramos.serving.core.refusals import json_refusal
from keramos.serving.core.routes import Route

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.routes import Context


class OpenApi(Struct):
    """A document of https://spec.openapis.org/oas/v3.1.0."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


def route(others: Sequence[Route]) -> Route:
    """The route that describes ``others`` and itself."""

    def answer(context: Context, _: Request, __: re.Match[str]) -> Reply:
        # Few clients ask for the document, so a server starts without what makes it.
        from keramos.serving.openapi.document import document  # noqa: PLC0415 (see above)

        found = document(context, (*others, made))
        return replace(json_reply(found), headers=(("cache-control", "no-store"),))

    made = Route(
        "GET",
        "/openapi.json",
        answer,
        json_refusal,
        summary="This document",
        tag="operations",
        response=OpenApi,
        slow=True,
    )
    return made
