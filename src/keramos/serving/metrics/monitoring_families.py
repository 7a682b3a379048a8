"""Metric families of drift and of shadow versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.serving.core.metric_family import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.serving.core.metric_family import Labels
    from keramos.serving.core.served import Registry
    from keramos.types.drift import InputDrift
    from keramos.types.live import Live, LiveWindow, ScoreDrift, ShadowReport

_Columns = tuple[tuple[str, str, "Callable[[InputDrift], float]"], ...]

_COLUMNS: _Columns = (
    ("psi", "Population stability index against the training rows.", lambda drift: drift.psi),
    ("jensen_shannon", "Jensen-Shannon divergence in bits.", lambda drift: drift.jensen_shannon),
    (
        "moved",
        "1 where the index is more than chance and than 0.2.",
        lambda drift: int(drift.moved),
    ),
    (
        "missing_ratio",
        "Share of rows without a value.",
        lambda drift: _share(drift, drift.observed.missing),
    ),
    (
        "unknown_ratio",
        "Share of rows with an unknown category.",
        lambda drift: _share(drift, drift.observed.unknown),
    ),
    (
        "out_of_range_ratio",
        "Share of rows outside the training range.",
        lambda drift: _share(drift, drift.observed.below + drift.observed.above),
    ),
)
_SCORE: tuple[tuple[str, str, Callable[[ScoreDrift], float]], ...] = (
    (
        "psi",
        "Population stability index of scores against the held-out rows.",
        lambda score: score.psi,
    ),
    ("jensen_shannon", "Jensen-Shannon divergence in bits.", lambda score: score.jensen_shannon),
    ("mean", "Mean score of live rows.", lambda score: score.mean),
    ("held_out_mean", "Mean score of the held-out rows.", lambda score: score.held_out_mean),
)
_SHADOW: tuple[tuple[str, str, str, Callable[[ShadowReport], float | None]], ...] = (
    ("rows_total", "counter", "Rows that a candidate answered too.", lambda report: report.rows),
    (
        "failures_total",
        "counter",
        "Runs that a candidate could not answer.",
        lambda report: report.failures,
    ),
    (
        "agreement_ratio",
        "gauge",
        "Share of rows with the same decision.",
        lambda report: report.agreement,
    ),
    (
        "mean_difference",
        "gauge",
        "Mean absolute difference of scores.",
        lambda report: report.mean_difference,
    ),
    (
        "largest_difference",
        "gauge",
        "Largest absolute difference.",
        lambda report: report.largest_difference,
    ),
    ("run_seconds", "gauge", "Mean seconds of a candidate's run.", lambda report: report.seconds),
)

_WINDOWS = ("rows", "hour")
"""Labels of the windows in ``Live.windows``, in its order: the last rows, and the last hour."""

_Seen = list[tuple["Labels", "LiveWindow"]]


def drift_families(
    registry: Registry, look: Callable[[str, int], Live | None] | None
) -> Iterator[Family]:
    """Drift of each column and of the score, by version and window."""
    seen = _seen(registry, look) if look else []
    rows = tuple(Sample(labels, window.rows) for labels, window in seen)
    yield Family("keramos_drift_rows", "gauge", "Live rows in the window.", rows)
    for name, about, value in _COLUMNS:
        samples = tuple(
            Sample((*labels, ("column", drift.column)), value(drift))
            for labels, window in seen
            for drift in window.inputs
        )
        yield Family(f"keramos_drift_{name}", "gauge", about, samples)
    scores = [(labels, window.score) for labels, window in seen if window.score]
    for name, about, of in _SCORE:
        yield Family(
            f"keramos_score_{name}",
            "gauge",
            about,
            tuple(Sample(labels, of(score)) for labels, score in scores),
        )


def shadow_families(reports: Sequence[ShadowReport]) -> Iterator[Family]:
    """What candidates answered beside the versions that people see."""
    for name, kind, about, of in _SHADOW:
        values = [(report, of(report)) for report in reports]
        samples = tuple(
            Sample(_pair(report), value) for report, value in values if value is not None
        )
        yield Family(f"keramos_shadow_{name}", kind, about, samples)


def _seen(registry: Registry, look: Callable[[str, int], Live | None]) -> _Seen:
    seen: _Seen = []
    for one in registry.all_served():
        live = look(one.name, one.version)
        for window, label in zip(live.windows, _WINDOWS, strict=True) if live else ():
            if window.rows:
                labels = (("model", one.name), ("version", str(one.version)), ("window", label))
                seen.append((labels, window))
    return seen


def _pair(report: ShadowReport) -> Labels:
    return (
        ("model", report.model),
        ("version", str(report.version)),
        ("candidate", str(report.candidate)),
    )


def _share(drift: InputDrift, count: int) -> float:
    return count / drift.observed.rows if drift.observed.rows else 0.0
