"""The state that all connections of one server process share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keramos.serving.http.response_heads import ResponseHeads

if TYPE_CHECKING:
    from keramos.serving.batching.rows import RowBatcher
    from keramos.serving.http.fast_routes import FastRoutes


@dataclass(slots=True)
class ConnectionState:
    """``draining`` is true once the server was asked to stop: then replies close their
    connections.
    """

    table: FastRoutes
    batch: RowBatcher
    max_connections: int
    request_timeout: float
    idle_timeout: float
    draining: bool = False
    heads: ResponseHeads = field(default_factory=ResponseHeads)
