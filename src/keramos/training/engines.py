"""The training engines by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import MissingExtraError, UsageError
from keramos.training.recipes import TUTORIAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.training.trainer import Trainer

AUTO = "auto"
"""NumPy, and Keras for a network of the caller's own."""


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


def engine_name(name: str, recipe: str = TUTORIAL, *, own: bool = False) -> str:
    """The engine that a plan means; ``own``: for a Keras network of the caller's.

    Raises:
        UsageError: no engine has this name, or it does not train this.
    """
    if own and recipe != TUTORIAL:
        raise UsageError(
            "a network of your own is trained by the recipe tutorial",
            option="recipe",
            received=repr(recipe),
        )
    if name == AUTO:
        return "keras" if own else "numpy"
    if name not in ENGINES:
        raise UsageError(f"engine must be {AUTO} or {', '.join(ENGINES)}", received=repr(name))
    if name == "keras" and recipe != TUTORIAL:
        raise UsageError(
            f"the engine keras trains the recipe {TUTORIAL} only",
            option="recipe",
            received=repr(recipe),
            remedy="Take the engine numpy",
        )
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
            f"this training needs {error.name}",
            remedy="Install it with: pip install 'keramos[keras]'",
        ) from None
