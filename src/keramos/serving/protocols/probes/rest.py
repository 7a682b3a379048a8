"""Probes of an orchestrator: liveness, start-up, readiness.

Live: the process answers. Started and ready: every model has an available version. Ready also ends
when the server was asked to stop, so that traffic moves before connections close.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from keramos.serving.core.messages import json_reply
from keramos.serving.core.routes import Route

if TYPE_CHECKING:
    import re

    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.routes import Context, Refusal


class Status(Struct, omit_defaults=True):
    """What a probe says; ``failed`` counts the models that cannot be served. Probes need no key, so
    that they name none.
    """

    status: str
    failed: int = 0


def _live(_: Context, __: Request, ___: re.Match[str]) -> Reply:
    return json_reply(Status("alive"))


def _started(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return _said(context, context.registry.ready(), "started")


def _ready(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return _said(context, context.ready(), "ready")


def _said(context: Context, holds: bool, word: str) -> Reply:  # noqa: FBT001 (the one thing to say)
    status = Status(word if holds else f"not {word}", context.registry.failed())
    return json_reply(status, 200 if holds else 503)


def refuse(refusal: Refusal) -> Reply:
    """An error of a probe."""
    return json_reply({"error": refusal.message}, refusal.status)


_route = partial(Route, refuse=refuse, tag="operations", error=Status)

ROUTES = (
    _route("GET", "/livez", _live, summary="200 while the process answers", response=Status),
    _route("GET", "/healthz", _live, summary="As /livez", response=Status),
    _route(
        "GET",
        "/startupz",
        _started,
        summary="200 once every model has answered",
        response=Status,
        statuses=(503,),
    ),
    _route(
        "GET",
        "/readyz",
        _ready,
        summary="200 when traffic may come",
        response=Status,
        statuses=(503,),
    ),
)
