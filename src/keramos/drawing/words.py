"""Numbers, shapes and lists as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.types.training import Metric


def number(value: float) -> str:
    """A number with separated thousands: whole numbers in full, others to four digits or more."""
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 (exact in a double)
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"  # noqa: PLR2004 (where digits after the point fade)


def brief(value: float) -> str:
    """Three digits: the precision that a few hundred rows allow."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004 (three digits end there)


def interval(metric: Metric) -> str:
    """``0.64 to 0.77``; empty where the file records no interval."""
    if metric.low is None or metric.high is None:
        return ""
    return f"{brief(metric.low)} to {brief(metric.high)}"


def digits(values: Iterable[object]) -> str:
    """Values of an array, floats to four digits."""
    return ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values)


def shape(sizes: Iterable[int | None]) -> str:
    """``? x 10``; ``one value`` where there is no axis."""
    return " x ".join("?" if size is None else str(size) for size in sizes) or "one value"


def seconds(value: float) -> str:
    """A duration with a unit that suits it."""
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if value < limit:
            return f"{value * factor:.3g} {unit}"
    return f"{value / 60:.3g} min"


def size(count: int) -> str:
    """Bytes with a unit."""
    for factor, unit in ((1_000_000, "MB"), (1000, "kB")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} bytes"


def listed(names: Sequence[object], most: int = 6) -> str:
    """The first names; how many more there are."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def kind(name: str) -> str:
    """A column's kind as words."""
    return name.replace("_", " ")


def counted(count: int, thing: str) -> str:
    """``1 layer``, ``2 layers``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
