"""What was measured about a trained model beside its metrics."""

from keramos.frozen import Frozen
from keramos.types.training import Metric


class ScoreBin(Frozen, frozen=True):
    """Rows with nearly equal scores: their mean ``score`` and the ``share`` that came true."""

    score: float
    share: float
    rows: int


class Temperature(Frozen, frozen=True):
    """Logits are divided by ``temperature`` before they become probabilities; it was fitted on
    ``rows`` validation rows.

    Errors are expected calibration errors of held-out rows before and after, with the bins of the
    scores ``before``; losses are their log-losses.
    """

    temperature: float
    rows: int
    error_before: float
    error_after: float
    loss_before: float
    loss_after: float
    before: tuple[ScoreBin, ...]


class ColumnImportance(Frozen, frozen=True):
    """How much worse answers become when a column's cells are shuffled among the rows: the mean
    ``rise`` of the measure over several shuffles, and its standard ``deviation``.

    ``points`` and ``answers`` are the mean answer of the rows with each of these cells in the
    column (partial dependence), where that was computed.
    """

    column: str
    rise: float
    deviation: float
    points: tuple[str, ...] = ()
    answers: tuple[float, ...] = ()


class Importance(Frozen, frozen=True):
    """Permutation importance of all columns, the largest first. ``measure`` is what rises, on
    ``rows`` rows ``of`` the validation or the held-out part; ``value`` is the measure without any
    shuffle.
    """

    measure: str
    value: float
    rows: int
    of: str
    columns: tuple[ColumnImportance, ...]


class GroupQuality(Frozen, frozen=True):
    """Metrics of the held-out rows of one group."""

    column: str
    group: str
    rows: int
    metrics: tuple[Metric, ...]


class FoldQuality(Frozen, frozen=True):
    """Metrics of the rows held out in one fold, which a model of its own was not trained on."""

    repeat: int
    fold: int
    rows: int
    metrics: tuple[Metric, ...]


class Evaluation(Frozen, frozen=True):
    """What the caller wanted to be measured; parts that nobody asked for are empty."""

    temperature: Temperature | None = None
    importance: Importance | None = None
    groups: tuple[GroupQuality, ...] = ()
    folds: tuple[FoldQuality, ...] = ()
