"""One sentence about each epoch, computed from the losses up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAT = 0.005
"""A relative change of loss below this is called flat."""

_NOISE = 0.02
"""A relative rise of held-out loss up to this may be chance: tables have hundreds of held-out rows.
"""

_RISING_EPOCHS = 2
"""Epochs in a row with rising held-out loss and falling training loss that mean overfitting."""

Losses = tuple[float, float]
"""Training loss and held-out loss of one epoch."""


def observe(history: Sequence[Losses], *, last: bool) -> str:
    """A sentence about the newest of ``history``; ``last`` is true when training ends with it."""
    if len(history) == 1:
        return f"starts with a held-out loss of {history[0][1]:.4g}"
    rising = rising_epochs(history)
    before = history[-1 - rising][1]
    if rising >= _RISING_EPOCHS and -_gain(before, history[-1][1]) > _NOISE:
        return (
            f"overfitting: held-out loss has risen for {rising} epochs while training loss falls; "
            "--early-stopping keeps the best epoch"
        )
    sentence = _change(history)
    if last and _gain(history[-2][1], history[-1][1]) > _FLAT:
        sentence += "; still improving at the end, more epochs may help"
    return sentence


def rising_epochs(history: Sequence[Losses]) -> int:
    """The number of latest epochs in a row in which held-out loss rose and training loss fell."""
    count = 0
    for before, now in zip(reversed(history[:-1]), reversed(history[1:]), strict=True):
        if not (now[1] > before[1] and now[0] < before[0]):
            break
        count += 1
    return count


def _gain(before: float, now: float) -> float:
    """Relative fall of a loss, which may be below 0; negative when it rises."""
    return (before - now) / abs(before) if before else 0.0


def _change(history: Sequence[Losses]) -> str:
    before, now = history[-2][1], history[-1][1]
    gain = _gain(before, now)
    best = min(range(len(history)), key=lambda epoch: history[epoch][1])
    if abs(gain) <= _FLAT:
        return f"flat: held-out loss changes by {-gain:+.1%}"
    if gain < 0:
        return (
            f"held-out loss rises by {-gain:.1%}; the best was {history[best][1]:.4g} in "
            f"epoch {best + 1}"
        )
    return f"improves held-out loss by {gain:.1%}" + (
        ", best so far" if best == len(history) - 1 else ""
    )
