"""What a training engine is given.

These values are apart from ``types.training`` because reading a file needs those and not these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.schema import TargetPreparation, TargetSchema
    from keramos.types.training import Epoch, TrainingPlan

    Index = NDArray[np.integer]


class TrainingRows(Frozen, frozen=True, eq=False):
    """Prepared rows and their targets.

    ``matrix`` has shape (rows, features), float32; ``raw`` (rows, cells) the numbers as they are
    and one-hot categories, where the recipe needs them. ``targets`` has shape (rows, 1): 0 or 1
    (binary, float32) or the value (regression, float32); or shape (rows,): the class' position
    (multiclass). ``weights`` (rows,) have the mean 1 and say how much each row counts; None where
    all count the same.
    """

    matrix: NDArray[np.float32]
    targets: NDArray[np.generic]
    raw: NDArray[np.float32] | None = None
    weights: NDArray[np.float64] | None = None


class TrainingJob(Frozen, frozen=True, eq=False):
    """What to train and how.

    An engine learns from ``training``, reports each epoch on ``held_out``, and decides early
    stopping on ``validation``. ``statistics`` describe the training rows' target. ``unseen`` lists
    the features that no training row sets. ``raw_cells`` has the cells of each column in the raw
    rows: 1 for a number, one for each level of a category. ``model`` is a network that the caller
    built for this engine. ``on_epoch`` receives each epoch as it ends.

    ``fold(learning, aside)`` takes positions of training rows and gives the job of an inner fold,
    with the rows ``aside`` as its held-out rows: everything is prepared anew by what the
    ``learning`` rows teach. Rows aside that lack a value which those rows never lack are left out.
    ``apart`` are the positions of the rows aside of the only inner fold, where groups or time
    decide which they are. ``initial`` are the weights to begin from, in Keras' order; none lets
    the engine draw them. ``more`` reads further rows to learn from in each epoch, part by part.
    """

    training: TrainingRows
    held_out: TrainingRows
    target: TargetSchema
    statistics: TargetPreparation
    plan: TrainingPlan
    unseen: tuple[int, ...] = ()
    raw_cells: tuple[int, ...] = ()
    validation: TrainingRows | None = None
    model: object = None
    on_epoch: Callable[[Epoch], None] | None = None
    fold: Callable[[Index, Index], TrainingJob] | None = None
    apart: Index | None = None
    initial: tuple[NDArray[np.generic], ...] = ()
    more: Callable[[], Iterator[TrainingRows]] | None = None
