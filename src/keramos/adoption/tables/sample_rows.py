"""Raw rows for a recipe: from a table beside the model, or made up within what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.tables.scaled import likely_range
from keramos.tabular.fitted.chain import Chain
from keramos.tabular.fitted.column_transformer import ColumnTransformer
from keramos.tabular.fitted.function_transformer import FunctionTransformer
from keramos.tabular.fitted.min_max_scaler import MinMaxScaler
from keramos.tabular.fitted.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.adoption.tables.arrange import Arrangement
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.tabular.fitted.front import Use


def raw_rows(found: Arrangement, uses: dict[int, Use], count: int) -> list[NDArray[np.generic]]:
    """Raw columns of some rows: float64, or Python values for categories."""
    columns: list[NDArray[np.generic]] = []
    draw = np.random.default_rng(0)
    for place, name in enumerate(found.names):
        use = uses.get(place)
        if use is None or use.kind in {"number", "boolean"}:
            low, high = range_of(found, place, name)
            cells = low + (high - low) * draw.random(count)
            if use is not None and use.kind == "boolean":
                cells = np.round(cells.clip(0, 1))
            columns.append(_readable(cells, high - low))
        else:
            words = use.categories or ("",)
            picked = [words[(row + place) % len(words)] for row in range(count)]
            columns.append(np.array(picked, object))
    return columns


def _readable(cells: NDArray[np.float64], span: float) -> NDArray[np.generic]:
    """Numbers of few digits."""
    digits = 4 - int(np.floor(np.log10(span))) if span > 0 else 6
    return np.round(cells, digits)


def known_range(found: Arrangement, place: int, name: str) -> tuple[float, float]:
    """The range of a column's training rows, as far as the table or a scaler records it; else 0 to
    0.
    """
    recorded = found.evidence is not None and found.evidence.column(name) is not None
    scaled = any(isinstance(piece.fitted, MinMaxScaler) for piece in found.used)
    return range_of(found, place, name) if recorded or scaled else (0.0, 0.0)


def range_of(found: Arrangement, place: int, name: str) -> tuple[float, float]:
    """The range of a column's cells in the table, or what a scaler remembers; else 0 to 1."""
    evidence = found.evidence
    column = evidence.column(name) if evidence else None
    if evidence is not None and column is not None:
        numbers = evidence.numbers(column)
        if numbers is not None:
            return float(numbers.min()), float(numbers.max())
    return _remembered(found.transform, place) or (0.0, 1.0)


def _remembered(transform: Fitted, place: int) -> tuple[float, float] | None:
    """What the first scaler that takes a raw column as it is remembers of it."""
    if isinstance(transform, Chain):
        at: int | None = place
        for step in transform.steps:
            if at is None:
                return None
            found = _remembered(step, at)
            if found is not None:
                return found
            at = _passed(step, at)
        return None
    if isinstance(transform, ColumnTransformer):
        for branch in transform.branches:
            if place in branch.places:
                found = _remembered(branch.transform, branch.places.index(place))
                if found is not None:
                    return found
        return None
    return likely_range(transform, place)


def _passed(step: Fitted, place: int) -> int | None:
    """Where a column that a step leaves as it is stands afterwards."""
    if isinstance(step, FunctionTransformer) and not step.function:
        return place
    if isinstance(step, Selection):
        return step.places.index(place) if place in step.places else None
    if isinstance(step, ColumnTransformer):
        return _through(step.branches, place)
    return None


def _through(branches: Sequence[object], place: int) -> int | None:
    at = 0
    for branch in branches:
        places, transform = branch.places, branch.transform  # type: ignore[attr-defined]
        if place in places:
            inner = _passed(transform, places.index(place))
            if inner is not None:
                return at + inner
        at += len(transform.names([""] * len(places)))
    return None
