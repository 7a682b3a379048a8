"""What was answered, counted in plain numbers; names and formats of metrics are the business of ``metrics``."""

from __future__ import annotations

from bisect import bisect_left

EDGES = tuple(10e-6 * 1.8**power for power in range(33))
"""Upper edges of the latency buckets in seconds, as TensorFlow Serving has them: from 10 µs by factors of 1.8."""


class Histogram:
    """Seconds by bucket; the last count is of everything above the last edge."""

    def __init__(self) -> None:
        self.counts = [0] * (len(EDGES) + 1)
        self.sum = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count something that took ``seconds``, ``times`` times."""
        self.counts[bisect_left(EDGES, seconds)] += times
        self.sum += seconds * times


class Counts:
    """Of one version: runs, rows, and requests by outcome. Threads may lose a count; nothing waits for counting."""

    def __init__(self) -> None:
        self.rows = 0
        self.runs = Histogram()
        self.requests = Histogram()
        self.outcomes: dict[str, int] = {}

    def ran(self, rows: int, seconds: float) -> None:
        """One run of the model."""
        self.rows += rows
        self.runs.add(seconds)

    def answered(self, code: str, seconds: float, times: int = 1) -> None:
        """Requests that got an answer; ``code`` is a gRPC status name."""
        self.outcomes[code] = self.outcomes.get(code, 0) + times
        self.requests.add(seconds, times)
