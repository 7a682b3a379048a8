"""Counting rows against the histograms of the training rows: per model input, in bounded memory,
mergeable.

Population stability index: sum of (p - q) ln(p / q) over bins, p now and q in training (N. Siddiqi,
"Credit Risk Scorecards", 2006, whose reading of it is: up to 0.1 stable, from 0.2 or 0.25 moved).
Empty bins: half a row is added to each bin of both sides (R. Krichevsky and V. Trofimov, "The
performance of universal encoding", 1981). Two samples of n and m rows from one source have an index
of about (1/n + 1/m) times chi-square with bins - 1 degrees of freedom (B. Yurdakul, "Statistical
properties of population stability index", 2018); quantiles of chi-square after E. Wilson and M.
Hilferty, "The distribution of chi-square", 1931. Divergence: J. Lin, "Divergence measures based on
the Shannon entropy", 1991, with logarithms to base 2.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

import numpy as np
from msgspec.structs import replace

from keramos.tabular.kinds import KINDS
from keramos.types.drift import InputCounts, InputDrift
from keramos.types.schema import MATRIX_INPUT, MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, Preparation

MOVED = 0.2
"""The population stability index from which on a column counts as moved."""

_NORMAL_QUANTILE = 3.0902
"""Of the standard normal distribution at 0.999."""

_BLOCK = 1 << 11
"""Rows counted at once: their intermediate arrays stay in the processor's cache."""

_SIDE_BY_SIDE = 8
"""Columns at least, beside which so many rows are counted; of fewer columns more rows are."""

_SHARED_EDGE = 1e-5
"""Part of a bin within which a value counts as on the edge above it: float32 has no finer idea of
where edges lie.
"""


class DriftCounter:
    """Counts of every model input. One thread at a time; give each thread its own and merge.

    It counts nothing for a file that records no histograms.
    """

    def __init__(self, preparation: Preparation) -> None:
        columns = preparation.inputs if preparation.has_histograms else ()
        self._groups: dict[str, _Numbers | _Levels]
        if preparation.matrix and columns:
            self._groups = {MATRIX_INPUT: _Numbers(columns)}
        else:
            self._groups = {
                c.input: _Levels(c) if KINDS[c.kind].is_category else _Numbers((c,))
                for c in columns
            }
        self._columns = {column.input: column for column in columns}

    def add(self, feeds: Feeds, levels: Mapping[str, Mapping[object, int]] | None = None) -> None:
        """Count the rows of model inputs.

        Args:
            feeds: arrays by input name, of shape (rows, 1), or (rows, inputs) for the one of a
                matrix model.
            levels: for inputs of categories, by name, how often each value occurs, where that is
                already known.
        """
        known = levels or {}
        for name, group in self._groups.items():
            if isinstance(group, _Levels):
                group.add(known[name] if name in known else Counter(feeds[name].ravel().tolist()))
            else:
                group.add(cast("NDArray[np.float32]", feeds[name]))

    def merge(self, counts: Iterable[InputCounts]) -> None:
        """Add the counts of another run."""
        mine = {
            name: (group, place)
            for group in self._groups.values()
            for place, name in enumerate(group.names)
        }
        for other in counts:
            group, place = mine[other.input]
            group.merge(place, other)

    def counts(self) -> tuple[InputCounts, ...]:
        """What was counted so far, one for each model input."""
        return tuple(counts for group in self._groups.values() for counts in group.state())

    def summary(self) -> tuple[InputDrift, ...]:
        """Each model input beside its training rows; empty while no row was counted."""
        return tuple(
            judge(self._columns[counts.input], counts) for counts in self.counts() if counts.rows
        )


class _Numbers:
    """Numbers side by side in one float32 array of shape (rows, columns); counted column by
    column.
    """

    def __init__(self, columns: tuple[ColumnPreparation, ...]) -> None:
        self.names = [column.input for column in columns]
        self._bins = np.array([len(column.histogram.counts) for column in columns])
        self._low = _upright([column.histogram.edges[0] for column in columns])
        high = _upright([column.histogram.edges[-1] for column in columns])
        # The outer edges of a constant column lie beside its value; its range is the value.
        self._least = _upright([column.minimum for column in columns])
        self._most = _upright([column.maximum for column in columns])
        self._last = _upright((self._bins - 1).tolist())
        self._scale = _upright(self._bins.tolist()) / np.maximum(
            high - self._low, np.finfo("float32").tiny
        )
        self._counts = np.zeros((len(columns), max(self._bins)), "int64")
        self._place = np.arange(len(columns))[:, None] * max(self._bins)
        self._missing, self._below, self._above = np.zeros((3, len(columns)), "int64")
        self._rows = 0

    def add(self, matrix: NDArray[np.float32]) -> None:
        self._rows += len(matrix)
        with np.errstate(over="ignore"):  # a missing number is -2**127; what it gives is clipped
            block = _BLOCK * max(1, _SIDE_BY_SIDE // len(self.names))
            for at in range(0, len(matrix), block):
                self._count(np.ascontiguousarray(matrix[at : at + block].T))

    def _count(self, x: NDArray[np.float32]) -> None:
        scaled = x - self._low
        scaled *= self._scale
        scaled += np.float32(_SHARED_EDGE)
        np.maximum(scaled, 0, out=scaled)
        np.minimum(scaled, self._last, out=scaled)
        bins = scaled.astype(np.intp)
        bins += self._place
        self._counts += np.bincount(bins.ravel(), minlength=self._counts.size).reshape(
            self._counts.shape
        )
        if (x.min(axis=1) < self._least[:, 0]).any():
            self._count_below(x)
        if (x.max(axis=1) > self._most[:, 0]).any():
            self._above += np.count_nonzero(x > self._most, axis=1)

    def _count_below(self, x: NDArray[np.float32]) -> None:
        missing = np.count_nonzero(x == np.float32(MISSING_NUMBER), axis=1)
        self._missing += missing
        self._below += np.count_nonzero(x < self._least, axis=1) - missing
        self._counts[:, 0] -= missing

    def merge(self, place: int, other: InputCounts) -> None:
        self._rows += other.rows if place == 0 else 0  # rows are common to all columns of one array
        self._counts[place, : self._bins[place]] += other.counts
        self._missing[place] += other.missing
        self._below[place] += other.below
        self._above[place] += other.above

    def state(self) -> list[InputCounts]:
        outside = zip(
            self._missing.tolist(), self._below.tolist(), self._above.tolist(), strict=True
        )
        bins = [
            tuple(counts[:size].tolist())
            for counts, size in zip(self._counts, self._bins, strict=True)
        ]
        each = zip(self.names, outside, bins, strict=True)
        return [
            InputCounts(name, self._rows, *numbers, 0, counts) for name, numbers, counts in each
        ]


def _upright(values: Sequence[float]) -> NDArray[np.float32]:
    return np.array(values, "float32")[:, None]


class _Levels:
    """Categories of one input."""

    def __init__(self, column: ColumnPreparation) -> None:
        self.names = [column.input]
        self._bins = {level: place for place, level in enumerate(column.categories)}
        self._nothing = KINDS[column.kind].null_code
        self._total = InputCounts(column.input, 0, 0, 0, 0, 0, (0,) * (len(column.categories) + 1))

    def add(self, found: Mapping[object, int]) -> None:
        counts = [0] * len(self._total.counts)
        missing = found.get(self._nothing, 0)
        for level, count in found.items():
            if level != self._nothing:
                counts[self._bins.get(cast("str | int", level), -1)] += count
        rows = sum(found.values())
        self.merge(
            0,
            replace(
                self._total, rows=rows, missing=missing, unknown=counts[-1], counts=tuple(counts)
            ),
        )

    def merge(self, _: int, other: InputCounts) -> None:
        mine = self._total
        self._total = replace(
            mine,
            rows=mine.rows + other.rows,
            missing=mine.missing + other.missing,
            unknown=mine.unknown + other.unknown,
            counts=tuple(a + b for a, b in zip(mine.counts, other.counts, strict=True)),
        )

    def state(self) -> list[InputCounts]:
        return [self._total]


def judge(column: ColumnPreparation, observed: InputCounts) -> InputDrift:
    """Counts of one model input against what the training rows had."""
    then = np.array([*column.histogram.counts, column.missing_rows], float)
    now = np.array([*observed.counts, observed.missing], float)
    psi, chance = stability(now, then), _chance(now, then)
    return InputDrift(
        column=column.column,
        observed=observed,
        training=column.histogram.counts,
        training_missing=column.missing_rows,
        psi=psi,
        jensen_shannon=divergence(now, then),
        chance=chance,
        moved=psi > max(MOVED, chance),
    )


def stability(now: NDArray[np.float64], then: NDArray[np.float64]) -> float:
    """The population stability index of two arrays of counts, shape (bins,)."""
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (now, then))
    return float(((p - q) * np.log(p / q)).sum())


def divergence(now: NDArray[np.float64], then: NDArray[np.float64]) -> float:
    """The Jensen-Shannon divergence of two arrays of counts, shape (bins,), in bits: 0 equal, 1
    disjoint.
    """
    p, q = now / now.sum(), then / then.sum()
    middle = (p + q) / 2
    return float((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)


def _relative_entropy(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    present = p > 0
    return float((p[present] * np.log2(p[present] / q[present])).sum())


def _chance(now: NDArray[np.float64], then: NDArray[np.float64]) -> float:
    freedom = max(int(((now > 0) | (then > 0)).sum()) - 1, 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + _NORMAL_QUANTILE * spread**0.5) ** 3
    return float(quantile * (1 / now.sum() + 1 / then.sum()))
