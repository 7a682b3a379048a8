"""How far two computations of the same answers are from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.network import TensorSpec


def paired(
    ours: Sequence[TensorSpec], theirs: Sequence[TensorSpec]
) -> tuple[TensorSpec, ...] | None:
    """The ends of another model in our order: by name, or where there is one only; None where
    neither tells (a layer with several outputs gives all of them its name).
    """
    if len(ours) == len(theirs) == 1:
        return tuple(theirs)
    named = {one.name: one for one in theirs}
    names = [one.name for one in ours]
    if len(named) < len(theirs) or named.keys() != set(names):
        return None
    return tuple(named[name] for name in names)


def in_order(
    answers: Sequence[NDArray[np.generic]], ours: Sequence[TensorSpec], theirs: Sequence[TensorSpec]
) -> list[NDArray[np.generic]]:
    """The answers of another model in the order of our outputs; as they are where no name tells."""
    order = paired(ours, theirs)
    if order is None:
        return list(answers)
    named = {one.name: answer for one, answer in zip(theirs, answers, strict=True)}
    return [named[one.name] for one in order]


def largest_difference(
    before: Sequence[NDArray[np.generic]], after: Sequence[NDArray[np.generic]]
) -> float:
    """Largest difference as a part of the largest answer, or 1 where shapes, texts or the places of
    numbers that are not finite differ.
    """
    worst = 0.0
    for a, b in zip(before, after, strict=True):
        if a.shape != b.shape or a.dtype.kind not in "fiub":
            worst = max(worst, float(not np.array_equal(a, b)))
            continue
        worst = max(worst, _of_numbers(a.astype(float), b.astype(float)))
    return worst


def _of_numbers(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    finite = np.isfinite(x)
    if (
        not np.array_equal(x[~finite], y[~finite], equal_nan=True)
        or not np.isfinite(y[finite]).all()
    ):
        return 1.0
    x, y = x[finite], y[finite]
    return float(np.abs(x - y).max(initial=0) / max(1.0, float(np.abs(x).max(initial=0))))
