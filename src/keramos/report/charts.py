"""The charts of pages and reports: values of ``types.view`` -> SVG that takes its colours from the
page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.report.frame import HEIGHT, WIDTH, Frame
from keramos.report.svg import boxes, dots, path, picture, span, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from keramos.types.training import Epoch, TrainingTrace
    from keramos.types.view import Bars, Calibration, Influence, Quality

_HISTOGRAM = (240.0, 56.0)
_ROOM = 0.06  # of an axis, above and below the curves


def loss_chart(trace: TrainingTrace) -> Markup:
    """Training and held-out loss by epoch."""
    return _curves(
        "loss",
        [e.loss for e in trace.epochs],
        [e.held_out_loss for e in trace.epochs],
        trace.epochs,
    )


def metric_chart(trace: TrainingTrace) -> Markup:
    """Training and held-out metric by epoch."""
    name = trace.metric.replace("_", " ")
    return _curves(
        name,
        [e.metric for e in trace.epochs],
        [e.held_out_metric for e in trace.epochs],
        trace.epochs,
    )


def _curves(
    name: str, training: Sequence[float], held_out: Sequence[float], epochs: Sequence[Epoch]
) -> Markup:
    low, high = span([*training, *held_out])
    room = (high - low) * _ROOM
    last = max(len(epochs), 2)
    frame = Frame(
        1 - last * _ROOM / 2, last + last * _ROOM / 2, low - room, high + room, "epoch", ""
    )
    drawn = frame.axes(whole=True)
    for values, kind in ((training, "training"), (held_out, "held-out")):
        points = frame.at(
            (epoch.number, value) for epoch, value in zip(epochs, values, strict=True)
        )
        drawn.append(tag("path", d=path(points), class_=f"line {kind}"))
        drawn += [
            tag(
                "circle",
                tag("title", _said(epoch, name, value, kind)),
                cx=x,
                cy=y,
                r=3.5,
                class_=f"dot {kind}",
            )
            for epoch, value, (x, y) in zip(epochs, values, points, strict=True)
        ]
    best = min(epochs, key=lambda epoch: epoch.held_out_loss)
    x, y = frame.at([(best.number, held_out[best.number - epochs[0].number])])[0]
    side = "end" if x > WIDTH / 2 else ""
    drawn.append(
        tag("text", f"best: epoch {best.number}", x=x, y=max(y - 9, 22.0), class_=f"note {side}")
    )
    label = (
        f"{name} by epoch: training from {training[0]:.4g} to {training[-1]:.4g}, "
        f"held-out from {held_out[0]:.4g} to {held_out[-1]:.4g}"
    )
    return picture(WIDTH, HEIGHT, label, *drawn)


def _said(epoch: Epoch, name: str, value: float, kind: str) -> str:
    return f"epoch {epoch.number}, {kind} {name} {value:.4g}: {epoch.observation}"


def histogram(bars: Bars, live: Sequence[int] = (), label: str = "") -> Markup:
    """Bars of the training rows, with the outline of live rows over them; both as shares of their
    own rows.
    """
    width, height = _HISTOGRAM
    drawn = [tag("path", d=_columns(bars.counts), class_="bar")]
    if sum(live):
        top = max(max(bars.counts) / max(sum(bars.counts), 1), max(live) / sum(live)) or 1.0
        training = max(bars.counts) / max(sum(bars.counts), 1) / top
        drawn = [tag("path", d=_columns(bars.counts, training), class_="bar")]
        drawn.append(tag("path", d=_steps(live, max(live) / sum(live) / top), class_="line live"))
    drawn.append(tag("path", d=path([(0, height - 0.5), (width, height - 0.5)]), class_="axis"))
    return picture(
        width,
        height,
        label or f"histogram of {len(bars.counts)} bars",
        *drawn,
        class_="chart small",
    )


def _columns(counts: Sequence[int], share: float = 1.0) -> str:
    width, height = _HISTOGRAM
    each, top = width / max(len(counts), 1), max(counts, default=0) or 1
    full = (height - 4) * share
    return boxes(
        (place * each + 0.5, height - 1 - count / top * full, max(each - 1, 1), count / top * full)
        for place, count in enumerate(counts)
        if count
    )


def _steps(counts: Sequence[int], share: float) -> str:
    width, height = _HISTOGRAM
    each, top = width / len(counts), max(counts) or 1
    corners = []
    for place, count in enumerate(counts):
        y = height - 1 - count / top * (height - 4) * share
        corners += [(place * each, y), ((place + 1) * each, y)]
    return path(corners)


def roc(quality: Quality) -> Markup:
    """Share of positives found against share of negatives called positive, with the file's rule on
    the curve.
    """
    frame = Frame(0, 1, 0, 1, "false positive rate", "true positive rate")
    drawn = [
        *frame.axes(),
        tag("path", d=path(frame.at([(0, 0), (1, 1)])), class_="guess"),
        tag("path", d=path(frame.at(quality.roc)), class_="line held-out"),
    ]
    curve = quality.curve
    if curve is not None:
        true_rate = curve.true_positives[curve.rule] / max(curve.positives, 1)
        false_rate = curve.false_positives[curve.rule] / max(curve.negatives, 1)
        drawn.append(
            tag(
                "circle",
                cx=frame.x(false_rate),
                cy=frame.y(true_rate),
                r=5,
                class_="dot rule",
                id="roc-rule",
            )
        )
    return picture(
        WIDTH, HEIGHT, "ROC curve on held-out rows; the dot is the decision threshold", *drawn
    )


def calibration(bins: Sequence[Calibration]) -> Markup:
    """Scores against the observed share; on the diagonal both agree. Larger dots stand for more
    rows.
    """
    frame = Frame(0, 1, 0, 1, "score", "came true")
    most = max(item.rows for item in bins)
    drawn = [*frame.axes(), tag("path", d=path(frame.at([(0, 0), (1, 1)])), class_="guess")]
    drawn.append(
        tag(
            "path",
            d=path(frame.at((item.score, item.share) for item in bins)),
            class_="line held-out thin",
        )
    )
    for item in bins:
        said = f"{item.rows} rows with a mean score of {item.score:.2f}: {item.share:.0%} came true"
        radius = 2.5 + 5 * (item.rows / most) ** 0.5
        x, y = frame.x(item.score), frame.y(item.share)
        drawn.append(tag("circle", tag("title", said), cx=x, cy=y, r=radius, class_="dot held-out"))
    return picture(
        WIDTH,
        HEIGHT,
        "calibration on held-out rows: score against the share that came true",
        *drawn,
    )


def residuals(pairs: Sequence[tuple[float, float]]) -> Markup:
    """Answers against truths; on the diagonal both agree."""
    low, high = span([value for pair in pairs for value in pair])
    frame = Frame(low, high, low, high, "truth", "answer")
    drawn = [
        *frame.axes(),
        tag("path", d=path(frame.at([(low, low), (high, high)])), class_="guess"),
        tag("path", d=dots(frame.at(pairs)), class_="points"),
    ]
    return picture(WIDTH, HEIGHT, f"answers against truths of {len(pairs)} held-out rows", *drawn)


def errors(pairs: Sequence[tuple[float, float]], bins: int = 25) -> Markup:
    """How far answers are from truths, as a histogram around zero."""
    found = [answer - truth for truth, answer in pairs]
    far = max((abs(value) for value in found), default=0.0) or 1.0
    counts = [0] * bins
    for value in found:
        counts[min(bins - 1, int((value + far) / (2 * far) * bins))] += 1
    frame = Frame(-far, far, 0, max(counts) * (1 + _ROOM), "answer - truth", "rows")
    wide = 2 * far / bins
    base, drawn = frame.y(0), frame.axes()
    rows = (
        (frame.x(-far + place * wide) + 0.5, frame.y(count), count)
        for place, count in enumerate(counts)
        if count
    )
    each = frame.x(wide) - frame.x(0) - 1
    drawn.append(tag("path", d=boxes((x, y, each, base - y) for x, y, _ in rows), class_="bar"))
    drawn.append(tag("path", d=path(frame.at([(0, 0), (0, max(counts))])), class_="guess"))
    return picture(WIDTH, HEIGHT, f"errors of {len(pairs)} held-out rows around zero", *drawn)


def influence(one: Influence, most: float) -> Markup:
    """A bar to the right for what raised the answer, to the left for what lowered it."""
    half, height = 80.0, 14.0
    length = abs(one.change) / most * half if most else 0.0
    left = half if one.change > 0 else half - length
    kind = "up" if one.change > 0 else "down"
    bar = tag("path", d=boxes([(left, 2, max(length, 0.5), height - 4)]), class_=f"bar {kind}")
    middle = tag("path", d=path([(half, 0), (half, height)]), class_="axis")
    return picture(
        2 * half,
        height,
        f"changes the answer by {one.change:+.4g}",
        bar,
        middle,
        class_="chart inline",
    )


def gauge(score: float, threshold: float) -> Markup:
    """A score between 0 and 1 against the threshold."""
    width, height = 240.0, 26.0
    drawn = [
        tag("rect", x=0, y=8, width=width, height=10, rx=5, class_="track"),
        tag("rect", x=0, y=8, width=max(score * width, 1.0), height=10, rx=5, class_="fill"),
        tag("path", d=path([(threshold * width, 2), (threshold * width, 24)]), class_="mark"),
    ]
    return picture(
        width, height, f"score {score:.4g}, threshold {threshold:.4g}", *drawn, class_="chart gauge"
    )
