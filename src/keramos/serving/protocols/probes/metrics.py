"""Prometheus' scrapes, at its usual path and at TensorFlow Serving's (``monitoring_config``'s
default in its docs).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.serving.core.messages import Reply
from keramos.serving.core.routes import Route
from keramos.serving.metrics.families import families
from keramos.serving.metrics.prometheus_text import CONTENT_TYPE, text
from keramos.serving.protocols.probes.rest import refuse

if TYPE_CHECKING:
    import re

    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context


def _metrics(context: Context, _: Request, __: re.Match[str]) -> Reply:
    found = context.metrics() if context.metrics else families(context)
    return Reply(200, text(found), CONTENT_TYPE)


_route = partial(Route, refuse=refuse, tag="operations", response=str, slow=True)

ROUTES = (
    _route("GET", "/metrics", _metrics, summary="Counts and times for Prometheus"),
    _route(
        "GET",
        "/monitoring/prometheus/metrics",
        _metrics,
        summary="The same, at TensorFlow Serving's path",
    ),
)
