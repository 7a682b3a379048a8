"""The held-out rows that a file keeps, for threshold curves, calibration and drift of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.types.training import HELD_OUT_KEPT, HeldOut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.schema import TargetSchema


def kept_rows(y: NDArray[np.generic], output: NDArray[np.generic], target: TargetSchema) -> HeldOut:
    """Truths and answers of at most ``HELD_OUT_KEPT`` held-out rows, evenly spread.

    ``y`` has shape (n,) or (n, 1), ``output`` (n, units).
    """
    rows = len(y)
    index = np.unique(np.linspace(0, rows - 1, min(rows, HELD_OUT_KEPT)).astype(np.int64))
    truths, out = (
        y.reshape(rows)[index].astype(float),
        output.reshape(rows, -1)[index].astype("float32"),
    )
    chosen = out.argmax(1) if target.task == "multiclass" else []
    # str() gives the shortest digits of the same float32; a double would print 17.
    scores = tuple(float(str(score)) for score in out.max(1))
    return HeldOut(rows, tuple(truths.tolist()), scores, tuple(int(place) for place in chosen))
