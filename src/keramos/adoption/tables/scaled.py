"""What a scaler remembers of the rows that it was fitted on, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.fitted.min_max_scaler import MinMaxScaler
from keramos.tabular.fitted.robust_scaler import RobustScaler
from keramos.tabular.fitted.standard_scaler import StandardScaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.tabular.fitted.fitted import Fitted

_EXACT = 1e-6
_ERRORS = 4.5
_PART = 0.6
"""Standard errors by which the mean of a part of the rows may differ from that of all rows, and how
large one is for the usual part, three quarters.
"""
_WIDER, _HALF, _RANGE_ERRORS = 0.15, 0.5, 20.0


def is_dummy(scaler: Fitted, place: int) -> bool | None:
    """Whether the column held only 0 and 1; None where the scaler cannot tell."""
    if isinstance(scaler, StandardScaler):
        mean, deviation = scaler.mean[place], scaler.deviation[place]
        if not 0 < mean < 1:
            return mean in (0.0, 1.0) and deviation == 1
        return abs(deviation**2 - mean * (1 - mean)) < _EXACT
    if isinstance(scaler, MinMaxScaler) and not scaler.clip:
        span = {(scaler.scale[place], scaler.minimum[place])}
        return None if span & {(1.0, 0.0), (2.0, -1.0)} else False
    return None


def misfit(scaler: Fitted, place: int, cells: NDArray[np.float64]) -> float | None:
    """How far the column is from a random part of these cells, in squared standard errors; None
    where it cannot be one, or the scaler cannot tell.
    """
    if isinstance(scaler, StandardScaler):
        return _far(scaler.mean[place], scaler.deviation[place], cells)
    if isinstance(scaler, MinMaxScaler) and scaler.scale[place]:
        low, high = data_range(scaler, place)
        span = float(np.ptp(cells)) or 1.0
        least, most = (low - cells.min()) / span, (cells.max() - high) / span
        if least < -_EXACT or most < -_EXACT or least + most > _HALF:
            return None
        return float(least + most) * _RANGE_ERRORS
    if isinstance(scaler, RobustScaler):
        low, high = np.quantile(cells, [0.4, 0.6])
        return 0.0 if low <= scaler.center[place] <= high else None
    return None


def _far(mean: float, deviation: float, cells: NDArray[np.float64]) -> float | None:
    own = float(cells.std())
    if own == 0 or abs(deviation / own - 1) > _WIDER:
        return None
    error = _PART * own / np.sqrt(len(cells)) + _EXACT * abs(mean)
    far = float(((mean - cells.mean()) / error) ** 2)
    return far if far <= _ERRORS**2 else None


def data_range(scaler: MinMaxScaler, place: int) -> tuple[float, float]:
    """The range of the column for a result of 0 to 1."""
    scale, least = scaler.scale[place], scaler.minimum[place]
    return -least / scale, (1 - least) / scale


def likely_range(scaler: Fitted, place: int) -> tuple[float, float] | None:
    """A range in which many of the cells lay; None where the scaler cannot tell."""
    if isinstance(scaler, StandardScaler):
        return (
            scaler.mean[place] - scaler.deviation[place],
            scaler.mean[place] + scaler.deviation[place],
        )
    if isinstance(scaler, MinMaxScaler) and scaler.scale[place]:
        return data_range(scaler, place)
    if isinstance(scaler, RobustScaler):
        return (
            scaler.center[place] - scaler.width[place],
            scaler.center[place] + scaler.width[place],
        )
    return None
