"""What the host does to a column of numbers before the network has it, in float64: functions that
no built-in layer computes.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UnsupportedModelError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.types.schema import ColumnStep

    Floats = NDArray[np.float64]
    Parameters = Mapping[str, tuple[float, ...]]

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "absolute": np.abs,
    "cbrt": np.cbrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "negative": np.negative,
    "reciprocal": np.reciprocal,
    "sqrt": np.sqrt,
    "square": np.square,
    "tanh": np.tanh,
}
"""Functions of NumPy, by name."""

_EDGE = 1e-7
_LEAST = 1e-19


def applied(steps: Sequence[ColumnStep], values: Floats) -> Floats:
    """The numbers after all steps; NaN where a function has no value.

    Raises:
        UnsupportedModelError: a step is not in the table.
    """
    for step in steps:
        with np.errstate(all="ignore"):
            values = _step(step, values)
    return values


def _step(step: ColumnStep, values: Floats) -> Floats:
    if step.name in FUNCTIONS:
        return FUNCTIONS[step.name](values)
    if step.name not in _FITTED:
        raise UnsupportedModelError(
            f"the preparation has the step {quoted(step.name)}, which this keramos lacks",
            remedy="Upgrade keramos",
        )
    return _FITTED[step.name](values, step.parameters)


def _yeo_johnson(values: Floats, parameters: Parameters) -> Floats:
    (power,) = parameters["exponent"]
    tiny = np.spacing(1.0)
    above = np.log1p(values) if abs(power) < tiny else ((values + 1) ** power - 1) / power
    two = 2 - power
    below = -np.log1p(-values) if abs(two) <= tiny else -((-values + 1) ** two - 1) / two
    return np.where(values >= 0, above, below)


def _box_cox(values: Floats, parameters: Parameters) -> Floats:
    (power,) = parameters["exponent"]
    found = np.log(values) if power == 0 else np.expm1(power * np.log(values)) / power
    return np.where(values > 0, found, nan)


def _ranks(values: Floats, parameters: Parameters) -> Floats:
    """The mean of both ways of interpolating, as scikit-learn: equal quantiles have one rank."""
    quantiles, ranks = np.array(parameters["quantiles"]), np.array(parameters["ranks"])
    backwards = np.interp(-values, -quantiles[::-1], -ranks[::-1])
    found: Floats = 0.5 * (np.interp(values, quantiles, ranks) - backwards)
    return found


def _uniform(values: Floats, parameters: Parameters) -> Floats:
    quantiles = parameters["quantiles"]
    found = _ranks(values, parameters)
    found = np.where(values == quantiles[-1], 1.0, found)
    return np.where(values == quantiles[0], 0.0, found)


def _normal(values: Floats, parameters: Parameters) -> Floats:
    quantiles = parameters["quantiles"]
    found = _ranks(values, parameters)
    found = np.where(values + _EDGE > quantiles[-1], 1.0, found)
    found = np.where(values - _EDGE < quantiles[0], 0.0, found)
    from statistics import NormalDist  # noqa: PLC0415 (start-up time; few files need it)

    normal = NormalDist()
    low, high = normal.inv_cdf(_EDGE - np.spacing(1)), normal.inv_cdf(1 - (_EDGE - np.spacing(1)))
    inner = [
        normal.inv_cdf(min(max(one, _LEAST), 1 - 1e-16)) if one == one else nan  # noqa: PLR0124
        for one in found.tolist()
    ]
    deviates: Floats = np.clip(np.array(inner, "float64").reshape(found.shape), low, high)
    return deviates


_FITTED: dict[str, Callable[[Floats, Parameters], Floats]] = {
    "yeo_johnson": _yeo_johnson,
    "box_cox": _box_cox,
    "quantile_uniform": _uniform,
    "quantile_normal": _normal,
}
STEPS = frozenset({*FUNCTIONS, *_FITTED})
"""Names of all steps."""
