"""What all connections of one server process share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keramos.serving.http.response_heads import Heads

if TYPE_CHECKING:
    from keramos.serving.batching.rows import Batch
    from keramos.serving.http.fast_routes import QuickTable


@dataclass(slots=True)
class Shared:
    """``draining`` turns true when the server is asked to stop: from then on replies close their
    connections.
    """

    table: QuickTable
    batch: Batch
    max_connections: int
    request_timeout: float
    idle_timeout: float
    draining: bool = False
    heads: Heads = field(default_factory=Heads)
