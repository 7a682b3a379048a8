"""A gRPC protocol as a table of methods; each decodes its message and answers, or asks for a
run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.serving.core.counters import Call
    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds
    from keramos.types.serving import ModelRef, Outputs


@dataclass(frozen=True, slots=True, eq=False)
class PendingRun:
    """A run that a request needs; ``write`` makes the reply from its outputs."""

    served: Served
    feeds: Feeds
    write: Callable[[Outputs], Message]


@dataclass(frozen=True, slots=True, eq=False)
class Rpc:
    """One method. ``answer`` gives the reply, or the run that it needs.

    ``slow`` methods read files or run models, and get a thread. ``probe`` methods need no API key.
    ``ref`` gives the model, and ``call`` the name, under which a request is counted.
    """

    name: str
    request: Message
    answer: Callable[[Context, Message], Message | PendingRun]
    slow: bool = False
    probe: bool = False
    ref: Callable[[Message], ModelRef] | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """A gRPC service by its full name."""

    name: str
    rpcs: tuple[Rpc, ...]


class DeniedError(Exception):
    """A call that this server does not offer; ``code`` is a gRPC status name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
