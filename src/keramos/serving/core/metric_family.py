"""Metric families as plain values, for every text format."""

from __future__ import annotations

from keramos.frozen import Frozen

Labels = tuple[tuple[str, str], ...]


class Sample(Frozen, frozen=True):
    """One number; ``suffix`` follows the family's name (``_bucket``, ``_sum``, ``_count`` of
    histograms).
    """

    labels: Labels
    value: float
    suffix: str = ""


class Family(Frozen, frozen=True):
    """Samples of one name; ``kind`` is counter, gauge or histogram."""

    name: str
    kind: str
    about: str
    samples: tuple[Sample, ...]
