"""What is measured of a model before it answers: how fast it is, and whether requests may share a
run.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import field
from msgspec.structs import replace

from keramos.errors import MismatchError
from keramos.frozen import Frozen
from keramos.runtime.random_feeds import random_feeds
from keramos.runtime.verify import golden_feeds
from keramos.serving.codecs.typed_rows import row_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.inference.model import Model
    from keramos.pipeline.load_signatures import Signatures
    from keramos.serving.core.served import RowTypes
    from keramos.types.prediction import Feeds

_TOGETHER = 3  # rows that are compared together and alone

_SLOW_SECONDS = 1.0
"""From here on one run is enough to know a model as slow, and sharing runs gains nothing."""


class Warm(Frozen, frozen=True, eq=False):
    """``seconds`` is the time of one warm run of one row; ``types`` are the types of its rows,
    where rows can be decoded by type. ``shares`` says whether requests may share a run.
    ``signatures`` are those of the model, and ``others`` says the same of each but the usual one.
    """

    seconds: float
    types: RowTypes | None
    shares: bool
    signatures: Signatures | None = None
    others: Mapping[str, Warm] = field(default_factory=dict)


def warmed(model: Model, signatures: Signatures | None = None) -> Warm:
    """Run a model until it is warm, and so its other signatures."""
    found = _warmed(model)
    if signatures is None:
        return found
    others = {
        name: found if one.model is model else _warmed(one.model)
        for name, one in signatures.others.items()
    }
    return replace(found, signatures=signatures, others=others)


def _warmed(model: Model) -> Warm:
    seconds = run_time(model)
    if _SLOW_SECONDS <= seconds < float("inf"):
        return Warm(seconds, None, shares=False)
    shares = rows_stand_alone(model)
    return Warm(seconds, row_types(model) if shares else None, shares)


def run_time(model: Model) -> float:
    """Run a model on its golden row, or on random input, until it is warm; gives the seconds of one
    row's run.

    A model that refuses random input (it may need sorted numbers) stays cold: infinity.
    """
    one = _some_rows(model, 1)
    best = float("inf")
    for _ in range(3):
        begun = perf_counter()
        try:
            model.run(one)
        except MismatchError:
            if model.content:
                raise
            break
        best = min(best, perf_counter() - begun)
        if best >= _SLOW_SECONDS:
            break
    return best


def rows_stand_alone(model: Model) -> bool:
    """Whether requests may share a run: each row has one output, the same together as alone. A
    model that computes over the axis of rows (a mean of the batch) has not.
    """
    fed = _some_rows(model, _TOGETHER)
    rows = len(next(iter(fed.values())))
    try:
        together = model.run(fed)
        alone = [
            model.run({name: array[row : row + 1] for name, array in fed.items()})
            for row in range(rows)
        ]
        return all(
            array.shape[:1] == (rows,) and _equal(array, [parts[place] for parts in alone])
            for place, array in enumerate(together)
        )
    except (MismatchError, ValueError):
        return False


def _some_rows(model: Model, rows: int) -> Feeds:
    content = model.content
    proven = content is not None and content.golden is not None
    fed = golden_feeds(content, model.inputs) if content and proven else random_feeds(model.inputs)
    return {name: array[:rows] for name, array in fed.items()}


def _equal(together: NDArray[np.generic], alone: Sequence[NDArray[np.generic]]) -> bool:
    one_by_one = np.concatenate(alone)
    if together.dtype.kind != "f":
        return np.array_equal(together, one_by_one)
    return together.shape == one_by_one.shape and np.allclose(
        together, one_by_one, 1e-3, 1e-4, equal_nan=True
    )
