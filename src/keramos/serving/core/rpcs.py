"""A gRPC protocol as a table of methods: each takes its message apart and says what to run, or
answers at once.
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
    """A run that a request asks for; ``write`` makes the reply of its outputs."""

    served: Served
    feeds: Feeds
    write: Callable[[Outputs], Message]


@dataclass(frozen=True, slots=True, eq=False)
class Rpc:
    """One method. ``answer`` gives the reply or what to run first.

    ``slow`` ones may wait for a disk or run models, and get a thread. ``probe`` ones need no API
    key. ``ref`` names the model under which a request is counted, ``call`` says as what.
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
    """A call that this server does not take; ``code`` is a gRPC status name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
