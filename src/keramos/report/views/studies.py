"""What was measured beside the metrics, as tables for terminals, pages and cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import brief, counted
from keramos.types.view import Study

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keramos.types.artifact import Content
    from keramos.types.evaluation import FoldQuality, GroupQuality, Importance, Temperature
    from keramos.types.training import Metric
    from keramos.types.view import Quality

_SHOWN = 30
_TWO = 2
"""Classes whose confusion matrix says as much as a line for each of them."""
_FEW_ROWS = 30
_MOST_METRICS = 3


def studies(content: Content, quality: Quality | None) -> tuple[Study, ...]:
    """One table for each thing that was measured."""
    found = [_classes(quality)] if quality and len(quality.confusion) > _TWO else []
    if evaluation := content.evaluation:
        found += [_temperature(evaluation.temperature)] if evaluation.temperature else []
        found += [*_importance(evaluation.importance)] if evaluation.importance else []
        found += [*_groups(evaluation.groups)]
        found += [_folds(evaluation.folds)] if evaluation.folds else []
    return tuple(found)


def _classes(quality: Quality) -> Study:
    table = np.array(quality.confusion, float)
    rows, chosen, right = table.sum(axis=1), table.sum(axis=0), table.diagonal()
    lines = [
        (
            label,
            f"{int(rows[at])}",
            _share(right[at], chosen[at]),
            _share(right[at], rows[at]),
            "–" if score is None else f"{score:.1%}",
        )
        for at, (label, score) in enumerate(zip(quality.labels, quality.class_scores, strict=True))
    ]
    note = (
        "Precision is the share of decisions for a class that were right, recall the share of its "
        "rows that were found. Scores of a class are reliable where the mean score of its "
        "decisions is near their precision."
    )
    heads = ("class", "rows", "precision", "recall", "mean score")
    return Study("By class", note, heads, tuple(lines[:_SHOWN]))


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _temperature(found: Temperature) -> Study:
    lines = (
        ("calibration error", brief(found.error_before), brief(found.error_after)),
        ("log loss", brief(found.loss_before), brief(found.loss_after)),
    )
    bins = tuple(
        (f"score {one.score:.2f} ({counted(one.rows, 'row')})", f"{one.share:.2f} true", "")
        for one in found.before
    )
    if found.temperature == 1:
        note = (
            f"Logits stay as they are: no temperature is better by more than chance on "
            f"{found.rows} validation rows."
        )
        return Study("Calibration", note, ("", "before", "after"), lines)
    note = (
        f"Logits are divided by {found.temperature:.3g}, which suits {found.rows} validation rows; "
        "errors are of held-out rows. The chart of calibration is after it, the lines below are "
        "the scores before."
    )
    return Study("Calibration", note, ("", "before", "after"), (*lines, *bins))


def _importance(found: Importance) -> Iterator[Study]:
    measure = found.measure.replace("_", " ")
    lines = [
        (one.column, f"{one.rise:+.3g}", f"± {one.deviation:.2g}") for one in found.columns[:_SHOWN]
    ]
    note = (
        f"How much {measure} ({brief(found.value)}) rises when a column is shuffled among "
        f"{found.rows} {found.of} rows. Columns that say the same share what they say."
    )
    yield Study("Importance of columns", note, ("column", "rise", "shuffles"), tuple(lines))
    shown = [one for one in found.columns if one.points]
    if shown:
        rows = [
            (one.column, point, brief(answer))
            for one in shown
            for point, answer in zip(one.points, one.answers, strict=True)
        ]
        about = "The mean answer of rows that all have this value (partial dependence)."
        yield Study("Answers by column", about, ("column", "value", "answer"), tuple(rows))


def _groups(groups: Sequence[GroupQuality]) -> Iterator[Study]:
    for column in dict.fromkeys(one.column for one in groups):
        mine = [one for one in groups if one.column == column]
        names = _names(one.metrics for one in mine)
        lines = [
            (
                one.group,
                f"{one.rows}{' (few)' if one.rows < _FEW_ROWS else ''}",
                *_cells(one, names),
            )
            for one in mine
        ]
        note = (
            "Held-out rows of each group; in brackets the 95 % interval of the first metric. "
            "Groups differ where their intervals are apart."
        )
        yield Study(f"By {column}", note, (column, "rows", *map(_word, names)), tuple(lines))


def _names(metrics: Iterable[Sequence[Metric]]) -> list[str]:
    found = dict.fromkeys(one.name for group in metrics for one in group[:_MOST_METRICS])
    return list(found)[:_MOST_METRICS]


def _cells(one: GroupQuality | FoldQuality, names: Sequence[str]) -> list[str]:
    by_name = {metric.name: metric for metric in one.metrics}
    cells = [brief(by_name[name].value) if name in by_name else "–" for name in names]
    first = by_name.get(names[0])
    if first is not None and first.low is not None and first.high is not None:
        cells[0] += f" ({brief(first.low)} to {brief(first.high)})"
    return cells


def _folds(folds: Sequence[FoldQuality]) -> Study:
    names = _names(one.metrics for one in folds)
    lines = [(f"{one.repeat}.{one.fold}", f"{one.rows}", *_cells(one, names)) for one in folds]
    values = np.array(
        [[metric.value for name in names for metric in one.metrics if metric.name == name]
         for one in folds]
    )  # fmt: skip
    spread = [
        f"{brief(m)} ± {brief(s)}" for m, s in zip(values.mean(0), values.std(0), strict=True)
    ]
    note = (
        "Models that were trained as this one on other parts of the table, each judged by the rows "
        "that it was not trained on; the last line has means and standard deviations."
    )
    rows = (*lines, ("all", f"{sum(one.rows for one in folds)}", *spread))
    return Study("Folds", note, ("fold", "rows", *map(_word, names)), rows)


def _word(name: str) -> str:
    return name.replace("_", " ")
