"""Views -> HTML. Jinja escapes every text of a file or a request."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from keramos.drawing import charts, words
from keramos.drawing import seen as pictures
from keramos.drawing.heat import activation
from keramos.drawing.histograms import histogram
from keramos.drawing.network_picture import network_picture
from keramos.drawing.svg import tag
from keramos.drawing.visible import visible
from keramos.report.views.leaderboard import LEADERBOARD, LEADERBOARD_NOTE, leaderboard
from keramos.types.seen import SeenPicture, SeenSeries, SeenWords
from keramos.types.view import Quality
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markupsafe import Markup

    from keramos.types.prediction import Decision
    from keramos.types.training import DecisionRule
    from keramos.types.view import (
        Activation,
        Explanation,
        ModelView,
        NetworkGraph,
        ThresholdCurve,
    )

ASSETS = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
"""Files that pages load from their own server -> content type."""

_SHOWN_INFLUENCES = 40
_SHOWN_CARDS = 40  # of columns, as in columns.html
_SHOWN_LINES = 60  # of one step
_FEW = 4
_VALUES = 12


@cache
def asset(name: str) -> str:
    """The text of an asset."""
    return (files("keramos.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The environment of the templates: escaping is always on, and unknown names are errors."""
    found = Environment(
        loader=PackageLoader("keramos.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,  # templates do not change while a server runs
    )
    found.filters.update(
        brief=words.brief,
        number=words.number,
        seconds=words.seconds,
        sizes=words.shape,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        quoted=quoted,
        network=_network,
    )
    digest = hashlib.sha256("".join(map(asset, ASSETS)).encode()).hexdigest()[:12]
    found.globals.update(version=__version__, digest=digest, assets="/assets/", home=True)
    return found


def prepare() -> None:
    """Compile every template: most of the cost of a first page."""
    found = environment()
    for name in found.list_templates(extensions=["html"]):
        found.get_template(name)


def render(template: str, **values: object) -> str:
    """One template with its values."""
    return visible(environment().get_template(template).render(**values))


def _network(graph: NetworkGraph, name: str = "Network") -> Markup:
    """A drawing of layers that scrolls where it is larger than the window."""
    drawn = network_picture(graph)
    return tag("div", drawn, class_="scroll drawn", tabindex=0, role="region", aria_label=name)


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


_SECTIONS: tuple[tuple[str, str, Callable[[ModelView], object]], ...] = (
    ("flow", "Data flow", lambda view: view.stages),
    ("lacking", "Not recorded", lambda view: view.absent and not view.unsupported),
    ("try", "Try it", lambda view: not view.unsupported),
    ("training", "Training", lambda view: view.trace),
    ("quality", "Quality", lambda view: view.quality),
    ("columns", "Columns", lambda view: view.columns),
    ("architecture", "Architecture", lambda view: view.layers),
    ("tensors", "Arrays", lambda view: view.tensors),
    ("proof", "Proof", lambda view: view.proof),
    ("use", "Use it", lambda view: view.snippets),
)
"""Anchor (and template), title, and whether a file has it."""


def model_values(view: ModelView) -> dict[str, object]:
    """The values of a model's template: its view, charts and the numbers inside them."""
    trace, curve = view.trace, view.quality.curve if view.quality else None
    return {
        "view": view,
        "sections": [(anchor, title) for anchor, title, has in _SECTIONS if has(view)],
        "charts": _charts(view),
        "best": min(trace.epochs, key=lambda epoch: epoch.held_out_loss).number if trace else 0,
        "leaderboard": leaderboard(trace) if trace and trace.candidates else (),
        "leaderboard_titles": LEADERBOARD,
        "leaderboard_note": LEADERBOARD_NOTE,
        "curve_json": msgspec.json.encode(curve).decode() if curve else "",
        "thresholds": _thresholds(curve) if curve else (),
        "percents": _percents(curve) if curve else {},
        "histograms": [
            histogram(card.bars, label=f"{card.name}: {card.range}")
            for card in view.columns[:_SHOWN_CARDS]
        ],
    }


def _charts(view: ModelView) -> Mapping[str, Markup | None]:
    trace, quality = view.trace, view.quality or Quality((), 0)
    bins, pairs = quality.calibration, quality.residuals
    return {
        "loss": charts.loss_chart(trace) if trace else None,
        "metric": charts.metric_chart(trace) if trace else None,
        "roc": charts.roc(quality) if quality.roc else None,
        "calibration": charts.calibration(bins) if bins else None,
        "residuals": charts.residuals(pairs) if pairs else None,
        "errors": charts.errors(pairs) if pairs else None,
    }


def _thresholds(curve: ThresholdCurve) -> Sequence[tuple[float, int, int]]:
    """Threshold, true positives and false positives, at every tenth and at the rule's threshold."""
    rows = zip(curve.thresholds, curve.true_positives, curve.false_positives, strict=True)
    return [
        row
        for place, row in enumerate(rows)
        if place == curve.rule or round(row[0] * 100) % 10 == 0
    ]


def _percents(curve: ThresholdCurve) -> Mapping[str, str]:
    true, false = curve.true_positives[curve.rule], curve.false_positives[curve.rule]
    right, total = true + curve.negatives - false, curve.positives + curve.negatives
    return {
        "accuracy": _percent(right, total),
        "precision": _percent(true, true + false),
        "recall": _percent(true, curve.positives),
    }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def explanation(found: Explanation, decision: Decision | None, rule: DecisionRule | None) -> str:
    """The prediction trace of one row, as a fragment of HTML."""
    moving = [one for one in found.influences if one.change]
    steps = [replace(one, lines=_few_lines(one.lines)) for one in found.steps]
    most = max((abs(one.change) for one in moving), default=0.0)
    return render(
        "explanation.html",
        refused="",
        steps=steps,
        warnings=decision.warnings if decision else (),
        **_answers(decision, rule),
        **_seen(found),
        layers=[_layer(one) for one in found.activations],
        skipped=found.skipped,
        about=found.answer,
        influences=[
            {
                "column": one.column,
                "value": one.value,
                "usual": one.usual,
                "bar": charts.influence(one, most),
                "change": f"{one.change:+.3g}",
            }
            for one in moving[:_SHOWN_INFLUENCES]
        ],
        idle=words.listed([one.column for one in found.influences if not one.change], 40),
    )


def seen(found: Explanation, decision: Decision, rule: DecisionRule) -> str:
    """What a model sees of one golden input, and its answer, as a fragment of HTML."""
    return render("golden.html", **_answers(decision, rule), **_seen(found))


def _answers(decision: Decision | None, rule: DecisionRule | None) -> dict[str, object]:
    gauge = None
    if decision and rule and rule.kind == "threshold":
        gauge = charts.gauge(decision.score, rule.threshold)
    return {
        "answer": answer(decision, rule),
        "rule": decision.rule if decision else "",
        "gauge": gauge,
    }


def _seen(found: Explanation) -> dict[str, object]:
    """What the model sees of a picture, a text or a series, and its largest scores."""
    one, hidden = found.seen, found.occlusion
    drawn = None
    if isinstance(one, SeenPicture):
        drawn = pictures.prepared(one, hidden)
    elif isinstance(one, SeenSeries):
        drawn = pictures.series(one)
    return {
        "drawn": drawn,
        "told": pictures.told(one) if isinstance(one, SeenSeries) else "",
        "picture": isinstance(one, SeenPicture),
        "where": pictures.where(hidden) if hidden else "",
        "patches": [[f"{-value:+.3g}" for value in row] for row in hidden.lost.tolist()]
        if hidden
        else (),
        "words": one if isinstance(one, SeenWords) else None,
        "scores": [
            (name, words.brief(value), pictures.share(value)) for name, value in found.scores
        ],
    }


def _few_lines(lines: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The first lines of a step: a network that predicts words has thousands of scores."""
    if len(lines) <= _SHOWN_LINES:
        return lines
    return (*lines[:_SHOWN_LINES], ("...", f"{len(lines) - _SHOWN_LINES:,} more"))


def _layer(one: Activation) -> dict[str, object]:
    return {
        "name": one.layer,
        "kind": one.kind,
        "shape": words.shape(one.values.shape),
        "few": words.digits(one.values.reshape(-1).tolist()) if one.values.size <= _FEW else "",
        "picture": activation(one) if one.values.size > 1 else None,
    }


def answer(decision: Decision | None, rule: DecisionRule | None) -> str:
    """What is decided, as a text."""
    if decision is None or rule is None:
        return ""
    if rule.several:
        return ", ".join(words.number(value) for value in decision.scores[:_VALUES])
    if rule.kind == "value":
        return words.number(decision.score) + (f" {rule.unit}" if rule.unit else "")
    return str(decision.label)


def refusal(message: str) -> str:
    """The reason why a row cannot be explained, as a fragment of HTML."""
    return render("explanation.html", refused=message)
