"""What comes out: decisions, and the trace that led to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Outputs = Array | list["Outputs"] | dict[str, "Outputs"]
    """One array, or arrays in the structure with which a model was built."""

    Predicted = NDArray[Any] | Any
    """What ``predict`` gives: an array for a model with one output, which checkers then know; the
    structure of others and of a dict with one key, and the dtype, are the model's.
    """

Feeds = dict[str, "NDArray[np.generic]"]
"""Model input name -> array whose first axis is the rows."""


class Decision(Frozen, frozen=True):
    """One row's answer. ``label`` is a class or, for regression, the value itself; ``scores`` has
    one number a class (binary: one number, the probability of the positive class; regression: the
    value). ``rule`` says what decided.

    Where the rule has an interval, ``interval`` holds the ends of that of a value, and ``possible``
    the labels of the set of classes. ``warnings`` name what no training row had: numbers outside
    the training range, unknown categories.
    """

    label: str | int | bool | float
    score: float
    scores: tuple[float, ...]
    rule: str
    interval: tuple[float, float] | None = None
    possible: tuple[str | int | bool, ...] = ()
    warnings: tuple[str, ...] = ()


class TraceStep(Frozen, frozen=True):
    """One step of a prediction trace: what happened, in ``lines`` of (name, value), and how long it
    took.
    """

    title: str
    seconds: float
    lines: tuple[tuple[str, str], ...]


class PredictionTrace(Frozen, frozen=True):
    """The four steps from a saved file to a decision."""

    steps: tuple[TraceStep, TraceStep, TraceStep, TraceStep]
    decision: Decision

    def __repr__(self) -> str:
        """The same as text."""
        return str(self)

    def __str__(self) -> str:
        """The four steps as text, one block each."""
        blocks = []
        for number, step in enumerate(self.steps, 1):
            head = f"{number}. {step.title} ({step.seconds * 1e6:,.0f} µs)"
            width = max((len(name) for name, _ in step.lines), default=0)
            blocks.append(
                "\n".join([head, *(f"   {name:<{width}}  {value}" for name, value in step.lines)])
            )
        return "\n".join(blocks)
