"""Training that goes on from a file: its preparation and its weights, where the table fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.frozen import Frozen
from keramos.training.recipes import TUTORIAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.artifact import Artifact, Content
    from keramos.types.schema import Preparation, Schema
    from keramos.types.training import TrainingPlan

_OPTION = "from"


class WarmStart(Frozen, frozen=True, eq=False):
    """What training goes on from: the name of the file, what it learned of columns, its hidden
    units and the weights of its Dense layers.
    """

    name: str
    schema: Schema
    preparation: Preparation
    hidden: tuple[int, ...]
    weights: tuple[NDArray[np.generic], ...]

    def check(self, schema: Schema, plan: TrainingPlan) -> None:
        """Refuse a table or a plan that the file's network does not fit.

        Raises:
            UsageError: names every difference.
        """
        found = [*_differences(self.schema, schema)]
        if plan.hidden and plan.hidden != self.hidden:
            found.append(f"its hidden units are {_words(self.hidden)}, not {_words(plan.hidden)}")
        if plan.recipe != TUTORIAL:
            found.append(f"networks of the recipe {TUTORIAL} go on, not of {plan.recipe}")
        if found:
            raise UsageError(
                f"training cannot go on from {self.name}: {'; '.join(found)}",
                option=_OPTION,
                remedy="Train a model of its own, or make the table fit",
            )


def warm_start(path: str | Path, *, own: bool, folds: int) -> WarmStart:
    """What a file gives to go on from.

    Raises:
        UsageError: another recipe than the tutorial's trained it, or none; or the caller has a
            network of their ``own``, or wants ``folds``.
    """
    if own or folds:
        what = "a network of your own" if own else "folds, whose rows the file has learned from,"
        raise UsageError(f"{what} cannot go on from a file", option=_OPTION, received=str(path))
    from keramos.artifact.read import read  # noqa: PLC0415 (start-up time)

    artifact = read(Path(path))
    content = _content(artifact, Path(path).name)
    hidden = content.trace.plan.hidden if content.trace else ()
    dense = [
        artifact.network.layers[call.layer]
        for call in artifact.network.calls
        if artifact.network.layers[call.layer].kind == "Dense"
    ]
    arrays = tuple(array for layer in dense[-len(hidden) - 1 :] for array in layer.weights)
    return WarmStart(Path(path).name, content.schema, content.preparation, hidden, arrays)


def _content(artifact: Artifact, name: str) -> Content:
    content = artifact.content
    if content is None or content.trace is None or content.trace.plan.recipe != TUTORIAL:
        trained = content.trace.plan.recipe if content and content.trace else "nothing of keramos"
        raise UsageError(
            f"training goes on from files of the recipe {TUTORIAL}",
            option=_OPTION,
            received=f"{name}, trained by {trained}",
        )
    return content


def _differences(old: Schema, new: Schema) -> list[str]:
    before, after = ({one.name: one.kind for one in each.columns} for each in (old, new))
    found = [f"it needs the column '{name}'" for name in before if name not in after]
    found += [f"it does not know the column '{name}'" for name in after if name not in before]
    found += [
        f"column '{name}' was {before[name]} and is {after[name]}"
        for name in before
        if after.get(name, before[name]) != before[name]
    ]
    if not found and list(before) != list(after):
        found.append("its columns have another order")
    if (old.target.name, old.target.task) != (new.target.name, new.target.task):
        was = f"'{old.target.name}' ({old.target.task})"
        found.append(f"its target is {was}, not '{new.target.name}' ({new.target.task})")
    elif old.target.classes != new.target.classes:
        found.append(f"its classes are {list(old.target.classes)}")
    return found


def _words(units: tuple[int, ...]) -> str:
    return ",".join(map(str, units))
