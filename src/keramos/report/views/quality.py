"""Quality on held-out rows: the metrics and curves over the rows that the file keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.types.view import Calibration, Quality, ThresholdCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.training import HeldOut

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_BINS = 10
_POINTS = 60  # so many points draw a curve smoothly at any width
_RESIDUALS = 400


def quality(content: Content) -> Quality | None:
    """Metrics, and curves over the kept held-out rows; None where the file records neither."""
    held, source, metrics = content.held_out, content.provenance, content.metrics or ()
    if held is None:
        rows = source.held_out_rows if source else 0
        return Quality(metrics, rows) if metrics else None
    found = Quality(metrics, held.rows, len(held.truths), tuple(map(str, content.rule.labels)))
    add = _TASKS[content.rule.kind]
    return add(found, content, held, np.array(held.truths), np.array(held.scores))


def _threshold(
    found: Quality, content: Content, _: HeldOut, truths: Floats, scores: Floats
) -> Quality:
    positive = truths == 1
    curve = _threshold_curve(positive, scores, content.rule.threshold)
    right, wrong = curve.true_positives[curve.rule], curve.false_positives[curve.rule]
    return replace(
        found,
        confusion=((curve.negatives - wrong, wrong), (curve.positives - right, right)),
        curve=curve,
        roc=_roc(positive, scores),
        calibration=_calibration(positive, scores),
    )


def _argmax(found: Quality, _: Content, held: HeldOut, truths: Floats, scores: Floats) -> Quality:
    count, chosen = len(found.labels), np.array(held.chosen, int)
    table = np.zeros((count, count), int)
    np.add.at(table, (truths.astype(int), chosen), 1)
    return replace(
        found,
        confusion=tuple(tuple(row) for row in table.tolist()),
        calibration=_calibration(truths == chosen, scores),
        class_scores=tuple(_mean(scores[chosen == label]) for label in range(count)),
    )


def _mean(scores: Floats) -> float | None:
    return float(scores.mean()) if len(scores) else None


def _value(found: Quality, _: Content, __: HeldOut, truths: Floats, scores: Floats) -> Quality:
    index = _evenly(len(truths), _RESIDUALS)
    pairs = zip(truths[index].tolist(), scores[index].tolist(), strict=True)
    return replace(found, residuals=tuple(pairs))


_TASKS = {"threshold": _threshold, "argmax": _argmax, "value": _value}


def _threshold_curve(positive: Bools, scores: Floats, threshold: float) -> ThresholdCurve:
    """Counts at every hundredth and at the rule's own threshold; compared in float32, as decisions
    are.
    """
    at = sorted({*(step / 100 for step in range(101)), threshold})
    chosen = [scores.astype("float32") >= np.float32(value) for value in at]
    return ThresholdCurve(
        tuple(at),
        tuple(int((one & positive).sum()) for one in chosen),
        tuple(int((one & ~positive).sum()) for one in chosen),
        int(positive.sum()),
        int((~positive).sum()),
        at.index(threshold),
    )


def _roc(positive: Bools, scores: Floats) -> tuple[tuple[float, float], ...]:
    """False and true positive rates, thinned to what a chart can show; none where a class is
    absent.
    """
    if positive.all() or not positive.any():
        return ()
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # the last row ends a group
    true = np.cumsum(positive[order])[ends] / positive.sum()
    false = np.cumsum(~positive[order])[ends] / (~positive).sum()
    kept = _evenly(len(ends), _POINTS)
    return ((0.0, 0.0), *zip(false[kept].tolist(), true[kept].tolist(), strict=True))


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most so many places among ``count``, evenly spread, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _calibration(true: Bools, scores: Floats) -> tuple[Calibration, ...]:
    """Ten bins of score; source of the idea: reliability diagrams, A. Murphy and R. Winkler,
    1977.
    """
    place = np.clip(scores * _BINS, 0, _BINS - 1).astype(int)
    found = []
    for index in range(_BINS):
        here = place == index
        if here.any():
            mean, share = float(scores[here].mean()), float(true[here].mean())
            found.append(
                Calibration(index / _BINS, (index + 1) / _BINS, mean, share, int(here.sum()))
            )
    return tuple(found)
