"""Where a training is logged: ``--log mlflow`` or ``--log tensorboard:FOLDER``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keramos.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from keramos.pipeline.train import Run
    from keramos.types.training import Epoch


class RunLog(Protocol):
    """What a training is logged to."""

    def epoch(self, epoch: Epoch) -> None:
        """Log an epoch as it ends."""

    def end(self, run: Run) -> None:
        """Log what is known at the end."""


def run_log(word: str) -> RunLog:
    """The log that a word names.

    Raises:
        UsageError: it names none.
        MissingExtraError: mlflow is not installed.
    """
    name, _, folder = word.partition(":")
    if name == "tensorboard" and folder:
        from keramos.report.tensorboard import TensorBoardLog

        return TensorBoardLog(folder)
    if word != "mlflow":
        raise UsageError(
            "a training is logged to mlflow or tensorboard:FOLDER", option="log", received=word
        )
    try:
        from keramos.mlflow import MlflowLog
    except ImportError as error:
        raise MissingExtraError(
            f"logging to MLflow needs {error.name}", remedy="Install it with: pip install mlflow"
        ) from None
    return MlflowLog()
