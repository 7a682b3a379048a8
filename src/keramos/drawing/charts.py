"""Charts of pages and reports: values of ``types.view`` -> SVG; the page's style sets colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.drawing.frame import HEIGHT, WIDTH, Frame
from keramos.drawing.svg import boxes, circle, dots, line, picture, span, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from keramos.types.training import Epoch, TrainingTrace
    from keramos.types.view import Calibration, Influence, Quality

_MARGIN = 0.06  # share of an axis left free around the curves


def loss_chart(trace: TrainingTrace) -> Markup:
    """Training and held-out loss by epoch."""
    return _curves(
        "loss", trace.epochs, [(epoch.loss, epoch.held_out_loss) for epoch in trace.epochs]
    )


def metric_chart(trace: TrainingTrace) -> Markup:
    """Training and held-out metric by epoch."""
    return _curves(
        trace.metric.replace("_", " "),
        trace.epochs,
        [(epoch.metric, epoch.held_out_metric) for epoch in trace.epochs],
    )


def _curves(name: str, epochs: Sequence[Epoch], values: Sequence[tuple[float, float]]) -> Markup:
    training, held_out = zip(*values, strict=True)
    low, high = span([*training, *held_out])
    above, last = (high - low) * _MARGIN, max(len(epochs), 2)
    beside = last * _MARGIN / 2
    frame = Frame(1 - beside, last + beside, low - above, high + above, "epoch", "")
    drawn = frame.axes(whole=True)
    for shown, kind in ((training, "training"), (held_out, "held-out")):
        points = frame.at((epoch.number, value) for epoch, value in zip(epochs, shown, strict=True))
        drawn.append(line(points, f"line {kind}"))
        drawn += [
            circle(point, 3.5, f"dot {kind}", _tooltip(epoch, name, value, kind))
            for epoch, value, point in zip(epochs, shown, points, strict=True)
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


def _tooltip(epoch: Epoch, name: str, value: float, kind: str) -> str:
    return f"epoch {epoch.number}, {kind} {name} {value:.4g}: {epoch.observation}"


def roc(quality: Quality) -> Markup:
    """The ROC curve, with a dot at the file's threshold."""
    frame = Frame(0, 1, 0, 1, "false positive rate", "true positive rate")
    drawn = [*_with_diagonal(frame), line(frame.at(quality.roc), "line held-out")]
    curve = quality.curve
    if curve is not None:
        true_rate = curve.true_positives[curve.rule] / max(curve.positives, 1)
        false_rate = curve.false_positives[curve.rule] / max(curve.negatives, 1)
        rule = frame.at([(false_rate, true_rate)])[0]
        drawn.append(circle(rule, 5, "dot rule", id="roc-rule"))
    return picture(
        WIDTH, HEIGHT, "ROC curve on held-out rows; the dot is the decision threshold", *drawn
    )


def _with_diagonal(frame: Frame) -> list[Markup]:
    """The axes of a square chart and the line on which both axes agree."""
    ends = [(frame.left, frame.bottom), (frame.right, frame.top)]
    return [*frame.axes(), line(frame.at(ends), "guess")]


def calibration(bins: Sequence[Calibration]) -> Markup:
    """Scores against observed shares; a larger dot stands for more rows."""
    frame = Frame(0, 1, 0, 1, "score", "came true")
    most = max(item.rows for item in bins)
    points = frame.at((item.score, item.share) for item in bins)
    drawn = [*_with_diagonal(frame), line(points, "line held-out thin")]
    for item, point in zip(bins, points, strict=True):
        said = f"{item.rows} rows with a mean score of {item.score:.2f}: {item.share:.0%} came true"
        radius = 2.5 + 5 * (item.rows / most) ** 0.5
        drawn.append(circle(point, radius, "dot held-out", said))
    label = "calibration on held-out rows: score against the share that came true"
    return picture(WIDTH, HEIGHT, label, *drawn)


def residuals(pairs: Sequence[tuple[float, float]]) -> Markup:
    """Predictions against true values."""
    low, high = span([value for pair in pairs for value in pair])
    frame = Frame(low, high, low, high, "truth", "answer")
    drawn = [*_with_diagonal(frame), tag("path", d=dots(frame.at(pairs)), class_="points")]
    return picture(WIDTH, HEIGHT, f"answers against truths of {len(pairs)} held-out rows", *drawn)


def errors(pairs: Sequence[tuple[float, float]], bins: int = 25) -> Markup:
    """A histogram of prediction minus true value, around zero."""
    found = [answer - truth for truth, answer in pairs]
    far = max((abs(value) for value in found), default=0.0) or 1.0
    counts = [0] * bins
    for value in found:
        counts[min(bins - 1, int((value + far) / (2 * far) * bins))] += 1
    frame = Frame(-far, far, 0, max(counts) * (1 + _MARGIN), "answer - truth", "rows")
    wide = 2 * far / bins
    base, drawn = frame.y(0), frame.axes()
    rows = (
        (frame.x(-far + place * wide) + 0.5, frame.y(count), count)
        for place, count in enumerate(counts)
        if count
    )
    each = frame.x(wide) - frame.x(0) - 1
    drawn.append(tag("path", d=boxes((x, y, each, base - y) for x, y, _ in rows), class_="bar"))
    drawn.append(line(frame.at([(0, 0), (0, max(counts))]), "guess"))
    return picture(WIDTH, HEIGHT, f"errors of {len(pairs)} held-out rows around zero", *drawn)


def influence(one: Influence, most: float) -> Markup:
    """A bar to the right where the column raised the answer, to the left where it lowered it."""
    half, height = 80.0, 14.0
    length = abs(one.change) / most * half if most else 0.0
    left = half if one.change > 0 else half - length
    kind = "up" if one.change > 0 else "down"
    bar = tag("path", d=boxes([(left, 2, max(length, 0.5), height - 4)]), class_=f"bar {kind}")
    middle = line([(half, 0), (half, height)], "axis")
    label = f"changes the answer by {one.change:+.4g}"
    return picture(2 * half, height, label, bar, middle, class_="chart inline")


def gauge(score: float, threshold: float) -> Markup:
    """A score between 0 and 1 against the threshold."""
    width, height = 240.0, 26.0
    drawn = [
        tag("rect", x=0, y=8, width=width, height=10, rx=5, class_="track"),
        tag("rect", x=0, y=8, width=max(score * width, 1.0), height=10, rx=5, class_="fill"),
        line([(threshold * width, 2), (threshold * width, 24)], "mark"),
    ]
    label = f"score {score:.4g}, threshold {threshold:.4g}"
    return picture(width, height, label, *drawn, class_="chart gauge")
