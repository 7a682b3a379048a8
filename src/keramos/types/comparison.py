"""Two models on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MetricPair:
    """A metric of both models; ``difference`` is second - first, with a 95 % interval of the paired
    bootstrap. ``better`` is ``neither`` where the interval holds 0.
    """

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    better: Literal["first", "second", "neither"]


@dataclass(frozen=True, slots=True)
class DifferentRow:
    """A row of the table, from 1, its true value, and the answers of both models."""

    row: int
    truth: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``rows`` were judged by both, ``left_out`` by one at most. ``agreement`` is the share of rows
    with the same label, or the correlation of values. ``differing`` are the rows on which the
    models differ most; ``notes`` say what the numbers do not.
    """

    rows: int
    left_out: int
    metrics: tuple[MetricPair, ...]
    agreement: float
    differing: tuple[DifferentRow, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """The metrics of both and which is better, one a line."""
        lines = [f"comparison on {self.rows:,} rows; agreement {self.agreement:.1%}"]
        lines += [
            f"  {one.name}: {one.first:.4g} and {one.second:.4g}; better: {one.better}"
            for one in self.metrics
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
