"""Counters of requests and runs as plain numbers; ``metrics`` gives them names and formats."""

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
    """The operation of a request. ``api`` and ``entrypoint`` (REST or GRPC) are TensorFlow
    Serving's labels.
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
        """Count ``times`` durations of ``seconds``."""
        self.counts[bisect_left(EDGES, seconds)] += times
        self.sum += seconds * times

    def merge(self, other: Histogram) -> None:
        """Add another histogram."""
        self.counts = [mine + more for mine, more in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


class Requests:
    """Requests of one call: how long they took, and outcomes as gRPC status names."""

    __slots__ = ("outcomes", "seconds")

    def __init__(self) -> None:
        self.seconds = Histogram()
        self.outcomes: dict[str, int] = {}


class Counts:
    """Counters of one version: runs, rows, bytes of bodies, requests by call and outcome.

    Threads may lose a count, since counting takes no lock.
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
        """Count one request; ``code`` is a gRPC status name, ``received`` and ``sent`` are
        bytes.
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
        """The sum of other counters, which may change meanwhile."""
        total = cls()
        for part in parts:
            total.merge(part)
        return total

    def merge(self, other: Counts) -> None:
        """Add another counter, which may change meanwhile."""
        self.rows += other.rows
        self.received += other.received
        self.sent += other.sent
        self.runs.merge(other.runs)
        for call, requests in other.requests.copy().items():
            mine = self.requests.setdefault(call, Requests())
            mine.seconds.merge(requests.seconds)
            for code, times in requests.outcomes.copy().items():
                mine.outcomes[code] = mine.outcomes.get(code, 0) + times
