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
from keramos.serving.core.limits import MAX_PROBLEMS
from keramos.serving.core.logging import event
from keramos.serving.core.messages import json_reply
from keramos.serving.core.routes import Refusal

if TYPE_CHECKING:
    from keramos.serving.core.messages import Reply

_log = logging.getLogger("keramos.serving")


class MediaTypeError(RequestError):
    """The body has a type that the model does not take."""


STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (NotServedError, 404, "NOT_FOUND"),
    (NotReadyError, 503, "UNAVAILABLE"),
    (MissingExtraError, 501, "UNIMPLEMENTED"),
    (MediaTypeError, 415, "INVALID_ARGUMENT"),
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


def refusal_fields(refusal: Refusal) -> dict[str, object]:
    """The fields of the error behind a refusal: the same over HTTP, gRPC and ``--json``."""
    error = refusal.error
    if isinstance(error, KeramosError):
        fields = error.record() | listed_problems(error)
    else:
        fields = KeramosError(refusal.message).record() | {"code": refusal.code}
    del fields["message"]
    return fields


def listed_problems(error: Exception | None) -> dict[str, object]:
    """The first problems of an error, as ``problems``, and how many were found, as
    ``problem_count``; empty where it has none.
    """
    found = error.problems if isinstance(error, KeramosError) else ()
    if not found:
        return {}
    listed = [problem.record() for problem in found[:MAX_PROBLEMS]]
    return {"problems": listed, "problem_count": len(found)}


def json_refusal(refusal: Refusal) -> Reply:
    """A refusal as keramos' own JSON: the message as ``error``, and all fields of the error."""
    return json_reply({"error": refusal.message, **refusal_fields(refusal)}, refusal.status)
