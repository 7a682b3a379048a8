"""Metric families as plain values, for every text format."""

from __future__ import annotations

from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number; ``suffix`` follows the family's name (``_bucket``, ``_sum``, ``_count`` of
    histograms).
    """

    labels: Labels
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name; ``kind`` is counter, gauge or histogram."""

    name: str
    kind: str
    about: str
    samples: tuple[Sample, ...]
