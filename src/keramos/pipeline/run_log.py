"""Where a training is logged: ``mlflow``, ``tensorboard:FOLDER``, or an object of a user's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol

from keramos.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.pipeline.training_run import Run
    from keramos.types.training import Epoch


class RunLog(Protocol):
    """What a training is logged to."""

    def epoch(self, epoch: Epoch, /) -> None:
        """Log an epoch as it ends."""

    def end(self, run: Run, /) -> None:
        """Log what is known at the end."""


class _NoLog:
    """Where nothing is logged."""

    def epoch(self, epoch: Epoch, /) -> None:
        """Forget an epoch."""

    def end(self, run: Run, /) -> None:
        """Forget a training."""


def run_log(given: str | RunLog | None) -> RunLog:
    """The log that a word names, or what was given instead.

    Raises:
        UsageError: it is no log.
        MissingExtraError: mlflow is not installed.
    """
    if given is None:
        return _NoLog()
    if hasattr(given, "epoch") and hasattr(given, "end"):
        return given
    name, _, folder = str(given).partition(":")
    if name == "tensorboard" and folder:
        # Most trainings are not logged.
        from keramos.pipeline.tensorboard import TensorBoardLog  # noqa: PLC0415 (start-up time)

        return TensorBoardLog(folder)
    if given != "mlflow":
        raise UsageError(
            "a training is logged to mlflow, to tensorboard:FOLDER, or to an object with the "
            "methods epoch and end",
            option="log",
            received=str(given),
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # MLflow warns of its own type hints
            from keramos.pipeline.mlflow_models import MlflowLog  # noqa: PLC0415 (not a dependency)
    except ImportError as error:
        raise MissingExtraError(
            f"logging to MLflow needs {error.name}", remedy="Install it with: pip install mlflow"
        ) from None
    return MlflowLog()


def logged_epochs(
    log: RunLog, shown: Callable[[Epoch], None] | None
) -> Callable[[Epoch], None] | None:
    """What is called with each epoch: the log, then what shows it; None where neither is."""
    if isinstance(log, _NoLog):
        return shown

    def both(epoch: Epoch) -> None:
        log.epoch(epoch)
        if shown is not None:
            shown(epoch)

    return both
