"""The candidates of a recipe as lines of a table, for terminals and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.words import seconds, size

if TYPE_CHECKING:
    from keramos.types.training import TrainingTrace

LEADERBOARD = ("loss aside", "weight", "held-out loss", "processor time", "weights")
LEADERBOARD_NOTE = (
    "Chosen by the loss on training rows set aside, which no candidate learned from; the held-out "
    "loss had no part in it. The last line is this file."
)
_WHOLE = "all, weighed"


def leaderboard(trace: TrainingTrace) -> tuple[tuple[str, ...], ...]:
    """Each candidate's name and the values of ``LEADERBOARD``, the best first; then the file's."""
    ordered = sorted(trace.candidates, key=lambda one: one.loss)
    lines = [
        (
            one.name,
            f"{one.loss:.4f}",
            f"{one.weight:.2f}",
            "" if one.held_out_loss is None else f"{one.held_out_loss:.4f}",
            seconds(one.seconds),
            "" if one.size is None else size(one.size),
        )
        for one in ordered
    ]
    last, total = trace.epochs[-1].held_out_loss, sum(one.seconds for one in ordered)
    weights = size(4 * trace.parameters)
    return (*lines, (_WHOLE, "", "1.00", f"{last:.4f}", seconds(total), weights))
