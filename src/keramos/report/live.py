"""Live rows beside the columns of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.histograms import histogram
from keramos.drawing.words import brief, listed

if TYPE_CHECKING:
    from keramos.types.drift import InputDrift
    from keramos.types.live import Live, LiveWindow
    from keramos.types.view import ColumnCard, ModelView, Pair


def live_values(live: Live | None, view: ModelView) -> dict[str, object] | None:
    """Live rows for the template of columns; None where there were none."""
    if live is None or not any(window.rows for window in live.windows):
        return None
    recent = live.windows[0]
    drifts = {drift.observed.input: drift for drift in recent.inputs}
    columns = {
        card.name: _column(card, drifts[card.input])
        for card in view.columns
        if card.input in drifts
    }
    return {
        "note": live.note,
        "windows": [_window(window) for window in live.windows],
        "columns": columns,
    }


def _window(window: LiveWindow) -> dict[str, str]:
    score = window.score
    return {
        "name": window.name,
        "rows": f"{window.rows:,}",
        "moved": listed([drift.column for drift in window.inputs if drift.moved]) or "none",
        "mean": brief(score.mean) if score else "",
        "held_out": brief(score.held_out_mean) if score else "",
        "psi": brief(score.psi) if score else "",
    }


def _column(card: ColumnCard, drift: InputDrift) -> dict[str, object]:
    counts = _folded(drift.observed.counts, len(card.bars.counts))
    verdict, mark = ("moved", "bad") if drift.moved else ("as in training", "good")
    label = f"{card.name}: training rows as bars, live rows as a line"
    return {
        "picture": histogram(card.bars, counts, label),
        "pairs": _pairs(drift),
        "verdict": verdict,
        "mark": mark,
    }


def _pairs(drift: InputDrift) -> list[Pair]:
    seen = drift.observed
    found = [
        (
            "live",
            (
                f"{seen.rows:,} rows, PSI {brief(drift.psi)}, "
                f"Jensen-Shannon {brief(drift.jensen_shannon)}"
            ),
        )
    ]
    for name, count in (
        ("live missing", seen.missing),
        ("below the range", seen.below),
        ("above the range", seen.above),
        ("unknown", seen.unknown),
    ):
        if count:
            found.append((name, f"{count:,} ({100 * count / seen.rows:.2g} %)"))
    return found


def _folded(counts: tuple[int, ...], bars: int) -> tuple[int, ...]:
    """Counts of live rows in as many bars as the card shows; further categories share the last
    one.
    """
    if len(counts) <= bars:
        return (*counts, *[0] * (bars - len(counts)))
    return (*counts[: bars - 1], sum(counts[bars - 1 :]))
