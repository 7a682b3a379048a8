"""Probes of an orchestrator: is the process alive, has it started, may traffic come.

Live: the process answers. Started and ready: every model has an available version; ready also ends
when the server was asked to stop, so that traffic goes elsewhere before connections close.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.serving.core.messages import json_reply
from keramos.serving.core.routes import Route

if TYPE_CHECKING:
    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.routes import Context, Refusal


def _live(_: Context, __: Request, ___: re.Match[str]) -> Reply:
    return json_reply({"status": "alive"})


def _started(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return _said(context.registry.ready(), "started")


def _ready(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return _said(context.ready(), "ready")


def _said(holds: bool, word: str) -> Reply:  # noqa: FBT001 (the one thing to say)
    return json_reply({"status": word if holds else f"not {word}"}, 200 if holds else 503)


def refuse(refusal: Refusal) -> Reply:
    """An error of a probe."""
    return json_reply({"error": refusal.message}, refusal.status)


ROUTES = (
    Route("GET", re.compile("/livez"), _live, refuse),
    Route("GET", re.compile("/healthz"), _live, refuse),
    Route("GET", re.compile("/startupz"), _started, refuse),
    Route("GET", re.compile("/readyz"), _ready, refuse),
)
