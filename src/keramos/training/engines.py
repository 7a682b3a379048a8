"""The training engines by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.training.trainer import Trainer

AUTO = "auto"
"""Lets keramos choose the engine."""


def _keras() -> Trainer:
    from keramos.training.keras_engine.trainer import (  # noqa: PLC0415 (an extra)
        KerasTrainer,
    )

    return KerasTrainer()


def _numpy() -> Trainer:
    from keramos.training.numpy_engine.trainer import (  # noqa: PLC0415 (imported when it trains)
        NumpyTrainer,
    )

    return NumpyTrainer()


ENGINES: dict[str, Callable[[], Trainer]] = {"keras": _keras, "numpy": _numpy}
"""Name in ``TrainingPlan.engine`` -> what makes the engine; each imports its own library."""


def engine_name(name: str) -> str:
    """The engine that a plan means.

    Raises:
        UsageError: no engine has this name.
    """
    if name == AUTO:
        return "keras"
    if name not in ENGINES:
        raise UsageError(f"engine must be {AUTO} or {', '.join(ENGINES)}", received=repr(name))
    return name


def engine(name: str = AUTO) -> Trainer:
    """The training engine of a name.

    Raises:
        UsageError: no engine has this name.
        MissingExtraError: its library is not installed.
    """
    try:
        return ENGINES[engine_name(name)]()
    except ImportError as error:
        raise MissingExtraError(
            f"training needs {error.name}", remedy="Install it with: pip install 'keramos[train]'"
        ) from None
