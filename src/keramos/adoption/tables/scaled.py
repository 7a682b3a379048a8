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
_ERRORS = 5.0
"""Standard errors by which the mean of a part of the rows may differ from that of all rows."""


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


def fits(scaler: Fitted, place: int, cells: NDArray[np.float64]) -> bool | None:
    """Whether the column may have been a part of these cells; None where the scaler cannot tell."""
    if isinstance(scaler, StandardScaler):
        mean, deviation = float(cells.mean()), float(cells.std())
        error = _ERRORS * deviation / np.sqrt(len(cells)) + _EXACT
        near = bool(abs(scaler.mean[place] - mean) <= error)
        if deviation == 0:
            return near
        return bool(near and abs(scaler.deviation[place] / deviation - 1) < 0.25)  # noqa: PLR2004
    if isinstance(scaler, MinMaxScaler):
        low, high = data_range(scaler, place)
        span = float(np.ptp(cells)) or 1.0
        inside = low >= cells.min() - _EXACT * span and high <= cells.max() + _EXACT * span
        return bool(inside and (high - low) > 0.5 * span)
    if isinstance(scaler, RobustScaler):
        low, high = np.quantile(cells, [0.2, 0.8])
        return bool(low <= scaler.center[place] <= high)
    return None


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
