"""Views of values in notebooks: one self-contained block of HTML, in light and dark."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from keramos.drawing.charts import loss_chart, metric_chart
from keramos.drawing.network_picture import network_picture
from keramos.drawing.svg import tag
from keramos.drawing.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keramos.types.training import TrainingTrace
    from keramos.types.view import NetworkGraph


def view(title: str, *parts: Markup) -> str:
    """What a notebook shows: a title and its parts, with the style that they need."""
    block = tag("div", _style(), tag("h4", title), *parts, class_="keramos")
    return visible(str(block))


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table with a row of names."""
    head = tag("tr", *(tag("th", name, scope="col") for name in names))
    body = (tag("tr", *(tag("td", _cell(cell)) for cell in row)) for row in rows)
    return tag("table", tag("thead", head), tag("tbody", *body))


def pairs(given: Iterable[tuple[str, object]]) -> Markup:
    """Names and their values, one pair a line."""
    rows = (
        tag("tr", tag("th", name, scope="row"), tag("td", _cell(value))) for name, value in given
    )
    return tag("table", tag("tbody", *rows))


def section(title: str, *parts: Markup) -> Markup:
    """Parts under a title of their own."""
    return tag("section", tag("h5", title), *parts)


def training(trace: TrainingTrace) -> Markup:
    """Loss and metric by epoch, on training rows and on held-out rows."""
    legend = tag(
        "p",
        tag("span", "training rows", class_="training"),
        " · ",
        tag("span", "held-out rows", class_="held-out"),
        class_="legend",
    )
    named = (("loss", loss_chart(trace)), (trace.metric.replace("_", " "), metric_chart(trace)))
    figures = (tag("figure", tag("figcaption", name), drawn) for name, drawn in named)
    charts = tag("div", *figures, class_="charts")
    return section("Training", charts, legend)


def network(graph: NetworkGraph | None) -> list[Markup]:
    """A drawing of layers that scrolls where it is larger than the cell; none without a graph."""
    if graph is None:
        return []
    drawn = network_picture(graph)
    box = tag("div", drawn, class_="drawn", tabindex=0, role="region", aria_label="Network")
    return [section("Network", box)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@cache
def _style() -> Markup:
    text = (files("keramos.drawing") / "notebook.css").read_text(encoding="utf-8")
    return tag("style", Markup(text))  # noqa: S704 (a file of this package)
