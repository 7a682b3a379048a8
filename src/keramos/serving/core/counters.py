"""What was answered, counted in plain numbers; names and formats of metrics are the business of
``metrics``.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

EDGES = tuple(10e-6 * 1.8**power for power in range(33))
"""Upper edges of the latency buckets in seconds, as TensorFlow Serving has them: from 10 µs by
factors of 1.8.
"""


class Call(NamedTuple):
    """What was called. ``api`` and ``entrypoint`` (REST or GRPC) are TensorFlow Serving's labels of
    a request.
    """

    protocol: str
    api: str
    entrypoint: str = "REST"


class Histogram:
    """Seconds by bucket; the last count is of everything above the last edge."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(EDGES) + 1)
        self.sum = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count something that took ``seconds``, ``times`` times."""
        self.counts[bisect_left(EDGES, seconds)] += times
        self.sum += seconds * times

    def merge(self, other: Histogram) -> None:
        """Add what another one counted."""
        self.counts = [mine + more for mine, more in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


class Requests:
    """Requests of one call: how long they took, and outcomes as gRPC status names."""

    __slots__ = ("outcomes", "seconds")

    def __init__(self) -> None:
        self.seconds = Histogram()
        self.outcomes: dict[str, int] = {}


class Counts:
    """Of one version: runs, rows, bytes of bodies, and requests by call and outcome.

    Threads may lose a count; nothing waits for counting.
    """

    __slots__ = ("received", "requests", "rows", "runs", "sent")

    def __init__(self) -> None:
        self.rows = 0
        self.received = 0
        self.sent = 0
        self.runs = Histogram()
        self.requests: dict[Call, Requests] = {}

    def ran(self, rows: int, seconds: float) -> None:
        """One run of the model."""
        self.rows += rows
        self.runs.add(seconds)

    def answered(self, call: Call, code: str, seconds: float, received: int, sent: int) -> None:
        """One request that got an answer; ``code`` is a gRPC status name, ``received`` and ``sent``
        are bytes.
        """
        found = self.requests.get(call) or self.requests.setdefault(call, Requests())
        found.outcomes[code] = found.outcomes.get(code, 0) + 1
        found.seconds.add(seconds)
        self.received += received
        self.sent += sent

    def outcomes(self) -> dict[str, int]:
        """Requests of all calls by outcome."""
        total: dict[str, int] = {}
        for requests in self.requests.values():
            for code, times in requests.outcomes.items():
                total[code] = total.get(code, 0) + times
        return total

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """The sum of others, which may go on to count."""
        total = cls()
        for part in parts:
            total.merge(part)
        return total

    def merge(self, other: Counts) -> None:
        """Add what another one counted, which may go on to count."""
        self.rows += other.rows
        self.received += other.received
        self.sent += other.sent
        self.runs.merge(other.runs)
        for call, requests in other.requests.copy().items():
            mine = self.requests.setdefault(call, Requests())
            mine.seconds.merge(requests.seconds)
            for code, times in requests.outcomes.copy().items():
                mine.outcomes[code] = mine.outcomes.get(code, 0) + times
