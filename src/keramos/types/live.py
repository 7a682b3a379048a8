"""What a server saw of live rows, beside what the model's file says of its training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from keramos.types.drift import InputDrift


class ScoreDrift(Frozen, frozen=True):
    """Live scores against those of the file's held-out rows, over the same bins (``edges``, the
    outer ones open).

    ``psi`` and ``jensen_shannon`` are those of ``prepare.drift``. Means are of live and of held-out
    scores.
    """

    edges: tuple[float, ...]
    observed: tuple[int, ...]
    held_out: tuple[int, ...]
    mean: float
    held_out_mean: float
    psi: float
    jensen_shannon: float


class LiveWindow(Frozen, frozen=True):
    """Rows of a window: ``name`` says which, ``seconds`` how far it reaches back now."""

    name: str
    rows: int
    seconds: float
    inputs: tuple[InputDrift, ...]
    score: ScoreDrift | None


class Live(Frozen, frozen=True):
    """Windows of one version. ``note`` says which part of the rows was looked at."""

    windows: tuple[LiveWindow, ...]
    note: str


class ShadowReport(Frozen, frozen=True):
    """What a candidate answered to live rows that ``version`` answered to people.

    ``agreement`` is the share of ``rows`` with the same decision (None for models without a rule).
    Differences are absolute, of the first output. ``failures`` counts runs that the candidate could
    not answer. Seconds are of one run, the mean of all.
    """

    model: str
    version: int
    candidate: int
    label: str
    share: float
    rows: int
    agreement: float | None
    mean_difference: float
    largest_difference: float
    failures: int
    seconds: float
    last_failure: str = ""
