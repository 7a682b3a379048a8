"""Views -> HTML. Everything from a file or a request is escaped by the templates' engine."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from keramos.report import charts
from keramos.report.heat import activation
from keramos.report.views import words
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markupsafe import Markup

    from keramos.types.prediction import Decision
    from keramos.types.training import DecisionRule
    from keramos.types.view import Activation, Explanation, ModelView, Quality

ASSETS = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
"""Files that pages load from their own server -> content type."""

_SHOWN_INFLUENCES = 40
_SHOWN_CARDS = 40  # of columns, as in columns.html
_FEW = 4


@cache
def asset(name: str) -> str:
    """The text of an asset."""
    return (files("keramos.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates, with escaping on for every one of them and unknown names refused."""
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
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        quoted=quoted,
    )
    digest = hashlib.sha256("".join(map(asset, ASSETS)).encode()).hexdigest()[:12]
    found.globals.update(version=__version__, digest=digest, assets="/assets/", home=True)
    return found


def prepare() -> None:
    """Compile every template, most of the cost of a first page."""
    found = environment()
    for name in found.list_templates(extensions=["html"]):
        found.get_template(name)


def render(template: str, **values: object) -> str:
    """One template with its values."""
    return environment().get_template(template).render(**values)


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
    ("proof", "Proof", lambda view: view.proof),
    ("use", "Use it", lambda view: view.snippets),
)
"""Anchor (and template), title, and whether a file has it."""


def model_values(view: ModelView) -> dict[str, object]:
    """What the sections of a model need beside its view: charts and the numbers inside them."""
    quality, trace = view.quality, view.trace
    return {
        "view": view,
        "sections": [(anchor, title) for anchor, title, has in _SECTIONS if has(view)],
        "charts": _charts(view),
        "best": min(trace.epochs, key=lambda epoch: epoch.held_out_loss).number if trace else 0,
        "curve_json": msgspec.json.encode(quality.curve).decode()
        if quality and quality.curve
        else "",
        "thresholds": _thresholds(quality) if quality else (),
        "percents": _percents(quality) if quality else {},
        "histograms": [
            charts.histogram(card.bars, label=f"{card.name}: {card.range}")
            for card in view.columns[:_SHOWN_CARDS]
        ],
    }


def _charts(view: ModelView) -> Mapping[str, Markup | None]:
    quality, trace = view.quality, view.trace
    return {
        "loss": charts.loss_chart(trace) if trace else None,
        "metric": charts.metric_chart(trace) if trace else None,
        "roc": charts.roc(quality) if quality and quality.roc else None,
        "calibration": charts.calibration(quality.calibration)
        if quality and quality.calibration
        else None,
        "residuals": charts.residuals(quality.residuals) if quality and quality.residuals else None,
        "errors": charts.errors(quality.residuals) if quality and quality.residuals else None,
    }


def _thresholds(quality: Quality) -> Sequence[tuple[float, int, int]]:
    """Threshold, true positives, false positives: every tenth threshold, and the rule's own."""
    curve = quality.curve
    if curve is None:
        return ()
    rows = zip(curve.thresholds, curve.true_positives, curve.false_positives, strict=True)
    return [
        row
        for place, row in enumerate(rows)
        if place == curve.rule or round(row[0] * 100) % 10 == 0
    ]


def _percents(quality: Quality) -> Mapping[str, str]:
    curve = quality.curve
    if curve is None:
        return {}
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
    """The four steps of one row as a fragment."""
    moving = [one for one in found.influences if one.change]
    most = max((abs(one.change) for one in moving), default=0.0)
    return render(
        "explanation.html",
        refused="",
        steps=found.steps,
        answer=_answer(decision, rule),
        rule=decision.rule if decision else "",
        gauge=charts.gauge(decision.score, rule.threshold)
        if decision and rule and rule.kind == "threshold"
        else None,
        layers=[_layer(one) for one in found.activations],
        skipped=found.skipped,
        about=found.answer,
        influences=[
            {
                "column": one.column,
                "value": one.value,
                "usual": one.usual,
                "bar": charts.influence(one, most),
                "said": f"{one.change:+.3g}",
            }
            for one in moving[:_SHOWN_INFLUENCES]
        ],
        idle=words.listed([one.column for one in found.influences if not one.change], 40),
    )


def _layer(one: Activation) -> dict[str, object]:
    few = one.values.reshape(-1).tolist() if one.values.size <= _FEW else []
    return {
        "name": one.layer,
        "kind": one.kind,
        "shape": words.shape(one.values.shape),
        "few": ", ".join(
            f"{value:.4g}" if isinstance(value, float) else str(value) for value in few
        ),
        "picture": activation(one) if one.values.size > 1 else None,
    }


def _answer(decision: Decision | None, rule: DecisionRule | None) -> str:
    if decision is None or rule is None:
        return ""
    if rule.kind == "value":
        return words.number(decision.score) + (f" {rule.unit}" if rule.unit else "")
    return str(decision.label)


def refusal(message: str) -> str:
    """Why a row could not be explained, as a fragment."""
    return render("explanation.html", refused=message)
