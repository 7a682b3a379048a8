"""The losses that a plan can name, by task, with the names that traces and Keras give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import UsageError

if TYPE_CHECKING:
    from keramos.types.schema import Task
    from keramos.types.training import TrainingPlan


class NamedLoss(NamedTuple):
    """``name`` as traces have it; ``parameter`` is the delta of huber in standard deviations of the
    target, and the level of a quantile.
    """

    name: str
    parameter: float = 0.0

    @property
    def is_rate(self) -> bool:
        """Whether answers are positive rates: the exponential of what a network adds up."""
        return self.name == "poisson"


OF_TASK: dict[Task, str] = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
"""Long names: Keras cannot reopen an .h5 compiled with the short ones (keras issue 19330)."""

_MOST_DELTA = 1e3

WORDS: dict[str, tuple[str, float | None, float]] = {
    "squared": ("mean_squared_error", None, 0.0),
    "absolute": ("mean_absolute_error", None, 0.0),
    "huber": ("huber", 1.0, _MOST_DELTA),
    "quantile": ("quantile", 0.5, 1.0),
    "poisson": ("poisson", None, 0.0),
}
"""Word of a plan -> the name, the parameter where none is given (None: it takes none), and what the
parameter is below.
"""


def loss_of(plan: TrainingPlan, task: Task) -> NamedLoss:
    """The loss that a plan means: ``squared``, ``absolute``, ``huber[:DELTA]``,
    ``quantile[:LEVEL]`` or ``poisson`` for a regression, else that of the task.

    Raises:
        UsageError: there is no such loss, its parameter is out of range, or the target is classes.
    """
    if not plan.loss:
        return NamedLoss(OF_TASK[task])
    if task != "regression":
        raise UsageError(
            f"the loss of a {task} target is always {OF_TASK[task]}",
            option="loss",
            received=repr(plan.loss),
            remedy="Leave the option out, or predict numbers with --task regression",
        )
    word, _, number = plan.loss.partition(":")
    if word not in WORDS:
        raise _unknown(plan.loss, f"{', '.join(WORDS)}, where huber and quantile take a number")
    name, parameter, most = WORDS[word]
    if parameter is None or not number:
        if number or plan.loss.endswith(":"):
            raise _unknown(plan.loss, f"{word} without a number")
        return NamedLoss(name, parameter or 0.0)
    try:
        parameter = float(number)
    except ValueError:
        parameter = 0.0
    if not 0 < parameter < most:
        raise _unknown(plan.loss, f"{word}: and a number above 0 and below {most:g}")
    return NamedLoss(name, parameter)


def _unknown(received: str, wanted: str) -> UsageError:
    return UsageError(f"the loss must be {wanted}", option="loss", received=repr(received))
