"""The server's log on standard error: a line of text, or one JSON object a line.

Every event has a stable name (``model_failed``) and its facts as fields; the text may change.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from keramos.errors import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

_access = logging.getLogger("keramos.access")
_encode = msgspec.json.Encoder(enc_hook=str).encode


def event(name: str, /, **facts: object) -> Mapping[str, object]:
    """The name and facts of an event, as ``extra`` of a call that logs."""
    return {"event": name, "facts": facts}


def start_logging(form: str, *, access: bool = False) -> None:
    """Write all logs of this process to standard error, as ``json`` or ``text``; ``access`` is a
    line a request.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMS[form]())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("keramos").setLevel(logging.INFO)
    _access.setLevel(logging.INFO if access else logging.WARNING)
    logging.captureWarnings(capture=True)


def log_access(
    way: str, path: str, status: object, seconds: float, received: int, sent: int
) -> None:
    """One request that was answered. ``way`` is its HTTP method or gRPC; ``received`` and ``sent``
    are bytes.
    """
    path = path.partition("?")[0]
    took = round(seconds, 6)
    extra = event(
        "request", method=way, path=path, status=status, seconds=took, received=received, sent=sent
    )
    _access.info("%s %s %s %.6f s", way, path, status, seconds, extra=extra)


class _Json(logging.Formatter):
    """One object a line: time (UTC), level, event, message, the event's facts, and a traceback
    where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": time,
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            text = _encode(line).decode()
        except UnicodeEncodeError:  # half characters, as in names of files that are not UTF-8
            text = ""
        # Other line ends and marks that turn text around are escaped, as JSON may do.
        return text if text.isprintable() and text else json.dumps(line, default=str)


class _Text(logging.Formatter):
    """The message as one line, with what cannot be printed escaped; problems that an error lists
    and tracebacks follow indented.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = _message(record)
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        return "\n  ".join(escaped(line) for line in message.split("\n"))


def _message(record: logging.LogRecord) -> str:
    """The message, with each text that came from outside on one line."""
    if not isinstance(record.args, tuple):
        return record.getMessage()
    args = tuple(escaped(item) if isinstance(item, str) else item for item in record.args)
    return str(record.msg) % args if args else str(record.msg)


_FORMS: Mapping[str, type[logging.Formatter]] = {"json": _Json, "text": _Text}
