"""Errors -> HTTP and gRPC statuses. A fault of the client is never a 5xx."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from keramos.errors import (
    DataError,
    KeramosError,
    MismatchError,
    MissingExtraError,
    NotReadyError,
    NotServedError,
    RequestError,
    UsageError,
)
from keramos.serving.core.logging import event
from keramos.serving.core.messages import json_reply
from keramos.serving.core.routes import Refusal

if TYPE_CHECKING:
    from keramos.errors import Problem
    from keramos.serving.core.messages import Reply

_log = logging.getLogger("keramos.serving")

STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (NotServedError, 404, "NOT_FOUND"),
    (NotReadyError, 503, "UNAVAILABLE"),
    (MissingExtraError, 501, "UNIMPLEMENTED"),
    (RequestError, 400, "INVALID_ARGUMENT"),
    (DataError, 400, "INVALID_ARGUMENT"),
    (MismatchError, 400, "INVALID_ARGUMENT"),
    (UsageError, 400, "INVALID_ARGUMENT"),
    (KeramosError, 400, "FAILED_PRECONDITION"),
)
"""The first that fits holds."""


def refusal_of(error: Exception) -> Refusal:
    """What to tell the client. An error that keramos did not raise on purpose is a fault of
    keramos, and logged.
    """
    for kind, status, code in STATUSES:
        if isinstance(error, kind):
            return Refusal(status, code, str(error), error)
    _log.error("a request failed through a fault of keramos", exc_info=error, extra=event("fault"))
    return Refusal(
        500, "INTERNAL", "a fault of this server, not of the request; its log says more", error
    )


def json_refusal(refusal: Refusal) -> Reply:
    """A refusal as keramos' own JSON: the message, its stable code, and each cell that breaks a
    rule.
    """
    problems = [problem_fields(problem) for problem in getattr(refusal.error, "problems", ())]
    body = {
        "error": refusal.message,
        "code": getattr(refusal.error, "code", refusal.code),
        "problems": problems,
    }
    return json_reply(body, refusal.status)


def problem_fields(problem: Problem) -> dict[str, object]:
    """A broken rule about one cell, as the fields of a JSON object."""
    return {
        "row": problem.row,
        "column": problem.column,
        "reason": problem.reason,
        "value": problem.value,
    }
