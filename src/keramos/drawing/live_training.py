"""The chart of a training while it goes on, in a notebook."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING

from keramos.drawing import notebook
from keramos.drawing.svg import tag
from keramos.types.training import TrainingTrace

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.training import Epoch, TrainingPlan

_PAUSE = 0.2
"""Seconds between two drawings at least."""


def live_training(plan: TrainingPlan) -> Callable[[Epoch], None] | None:
    """What draws each epoch as it ends; None outside notebooks."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return LiveTraining(plan).epoch if getattr(shell, "kernel", None) is not None else None


class LiveTraining:
    """The epochs so far: a progress bar until the last of the plan, and the charts."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._epochs: list[Epoch] = []
        self._shown = 0.0
        self._name = f"keramos-{id(self)}"

    def epoch(self, epoch: Epoch) -> None:
        """Draw once more, unless it was drawn a moment ago and more epochs follow."""
        from IPython.display import display  # noqa: PLC0415 (only notebooks have it)

        self._epochs.append(epoch)
        if monotonic() - self._shown < _PAUSE and epoch.number < self._plan.epochs:
            return
        self._shown = monotonic()
        display(self, display_id=self._name, update=len(self._epochs) > 1)

    def __repr__(self) -> str:
        """How far it is."""
        return f"epoch {self._epochs[-1].number} of {self._plan.epochs}"

    def _repr_html_(self) -> str:
        last = self._epochs[-1]
        trace = TrainingTrace("loss", "metric", tuple(self._epochs), self._plan, 0, 0.0, "")
        bar = tag(
            "progress", repr(self), max=self._plan.epochs, value=last.number, aria_label=repr(self)
        )
        going = [bar] if last.number < self._plan.epochs else []
        return notebook.view(f"keramos training, {self!r}", *going, notebook.training(trace))
