"""The recipes by name: what each of them tries, and which options of a plan it has."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from keramos.errors import UsageError

if TYPE_CHECKING:
    from keramos.types.schema import Scaling
    from keramos.types.training import TrainingPlan

TUTORIAL = "tutorial"

AUTO_RECIPE = "auto"

_ALWAYS = frozenset({"seed", "engine", "recipe", "loss"})
_NETWORK = frozenset({"epochs", "batch_size", "hidden", "learning_rate", "class_weight"})


class Recipe(NamedTuple):
    """``candidates`` are names in ``numpy_engine.recipes.recipe.CANDIDATES``; several are blended.

    ``options`` are the fields of a plan that change what the recipe does. ``scaling`` is that of
    numbers where the caller names none.
    """

    candidates: tuple[str, ...]
    options: frozenset[str]
    scaling: Scaling
    summary: str


_ALL = ("linear", "network", "trees")

RECIPES: dict[str, Recipe] = {
    TUTORIAL: Recipe((), _NETWORK | {"early_stopping"}, "minmax", "a small network, 10 epochs"),
    "linear": Recipe(("linear",), frozenset({"class_weight"}), "standard", "ridge or logistic"),
    "network": Recipe(("network",), _NETWORK, "standard", "numbers in bins, 20 passes"),
    "trees": Recipe(("trees",), frozenset({"epochs", "class_weight"}), "standard", "boosted trees"),
    "blend": Recipe(_ALL, _NETWORK, "standard", "linear + network + trees"),
    "auto": Recipe(_ALL, _NETWORK, "standard", "what was best on training rows set aside"),
}


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        UsageError: no recipe has this name.
    """
    if name not in RECIPES:
        raise UsageError(
            f"the recipe must be {', '.join(RECIPES)}", option="recipe", received=repr(name)
        )
    return RECIPES[name]


def recipe_name(plan: TrainingPlan, *, own: bool = False) -> str:
    """The recipe that a plan means: ``auto`` where it names none, and the tutorial's where it has
    what only that one has: another engine than NumPy, a number of epochs to stop after, or a
    network of the caller's ``own``.
    """
    if plan.recipe:
        return plan.recipe
    only = own or plan.engine not in {"auto", "numpy"} or plan.early_stopping
    return TUTORIAL if only else AUTO_RECIPE


def check_options(plan: TrainingPlan) -> None:
    """Refuse options that the plan's recipe would pass over.

    Raises:
        UsageError: names all of them.
    """
    timed = {"time"} if len(recipe(plan.recipe).candidates) > 1 else set()
    known = recipe(plan.recipe).options | _ALWAYS | timed
    given = [one.name for one in fields(plan) if getattr(plan, one.name) != one.default]
    if others := [name.replace("_", " ") for name in given if name not in known]:
        raise UsageError(
            f"the recipe {plan.recipe} has no {', '.join(others)}",
            option="recipe",
            remedy=f"Leave them out, or take the recipe {TUTORIAL}",
        )
