"""The columns of a schema as cards and as fields of a form; rows from the texts of the form."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING

from keramos.drawing.words import kind, listed, number
from keramos.report.views.raw import RAW, example_cell, is_raw, series_cell
from keramos.tabular.cell import Refused
from keramos.tabular.float32 import in_own_unit
from keramos.tabular.kinds import kind_of
from keramos.types.view import Bars, ColumnCard, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.types.artifact import Content
    from keramos.types.schema import ColumnKind, ColumnPreparation, ColumnSchema

_BARS = 24
_STEPS = 200  # of a slider
_PICTURES = "PNG, JPEG, WebP, BMP, GIF or TIFF; drop a file here or paste a picture"
_NULLS = {
    "refuse": "required (never missing in training)",
    "median": "filled with the training median {median}",
    "unseen": "counts as an unseen category",
    "level": "a category of its own",
}


def cards(content: Content) -> tuple[ColumnCard, ...]:
    """One card for each model input: a column, or one part of a date."""
    schema = {column.name: column for column in content.schema.columns}
    rows = content.provenance.training_rows if content.provenance else 0
    inputs = map(in_own_unit, content.preparation.inputs)
    return tuple(_card(schema[item.column], item, rows) for item in inputs)


def _card(column: ColumnSchema, item: ColumnPreparation, rows: int) -> ColumnCard:
    return ColumnCard(
        name=f"{column.name}, {item.part}" if item.part else column.name,
        input=item.input,
        column=column.name,
        part=item.part,
        kind=kind(column.kind),
        unit=column.unit,
        reason=column.reason,
        nulls=_nulls(item),
        range=_range(item),
        missing=item.missing_rows / rows if rows else 0.0,
        bars=_bars(item),
    )


def _nulls(item: ColumnPreparation) -> str:
    if not item.histogram.counts and item.null_policy == "refuse":
        return "required"
    return _NULLS[item.null_policy].format(median=number(item.median))


def _range(item: ColumnPreparation) -> str:
    if not item.categories and not item.histogram.counts:
        return "not recorded"
    if item.categories:
        return f"{len(item.categories)} categories: {listed(item.categories)}"
    if item.kind == "boolean":
        return f"true in {item.mean:.0%} of rows"
    return f"{number(item.minimum)} to {number(item.maximum)}, median {number(item.median)}"


def _bars(item: ColumnPreparation) -> Bars:
    counts = item.histogram.counts
    if not item.categories:
        edges = item.histogram.edges
        labels = tuple(f"{number(low)} to {number(high)}" for low, high in pairwise(edges))
        return Bars(labels, counts, edges)
    names, others = item.categories[:_BARS], sum(counts[len(item.categories[:_BARS]) :])
    labels, shown = tuple(map(str, names)), counts[: len(names)]
    return Bars((*labels, "others"), (*shown, others)) if others else Bars(labels, shown)


def fields(content: Content) -> tuple[Field, ...]:
    """One field for each column, with the value of the example row."""
    first, example = _first_inputs(content), example_row(content)
    return tuple(
        _field(column, first[column.name], example[column.name])
        for column in content.schema.columns
    )


def _first_inputs(content: Content) -> dict[str, ColumnPreparation]:
    """Column -> its first model input; a date has several."""
    first: dict[str, ColumnPreparation] = {}
    for item in content.preparation.inputs:
        first.setdefault(item.column, in_own_unit(item))
    return first


def example_row(content: Content) -> dict[str, str]:
    """A row as texts by column: the sample row, or typical values where the file keeps none."""
    if content.sample is not None:
        return dict(content.sample.raw)
    row = {name: _typical(item) for name, item in _first_inputs(content).items()}
    if is_raw(content):
        item = content.preparation.inputs[0]
        row = {item.column: example_cell(content, item)}
    return row


def _typical(item: ColumnPreparation) -> str:
    """The most frequent category, the median, or a value of the column's kind."""
    if item.categories:
        return str(item.categories[0])
    if item.kind == "number":
        return f"{item.median:.6g}"
    if item.kind == "boolean":
        return "true" if item.median else "false"
    return {"date": "2024-01-31", "integer_category": "0"}.get(item.kind, "text")


def _field(column: ColumnSchema, item: ColumnPreparation, value: str) -> Field:
    optional = item.null_policy != "refuse"
    text = Field(column.name, "text", value, column.unit, optional=optional)
    if item.categories:
        return replace(text, kind="choice", choices=tuple(map(str, item.categories)))
    if column.kind == "boolean":
        value = {"1": "true", "0": "false", "1.0": "true", "0.0": "false"}.get(value, value.lower())
        return replace(text, kind="boolean", value=value, choices=("true", "false"))
    if column.kind in RAW:
        return _raw_field(text, column, item)
    if column.kind == "date":
        return replace(text, kind="date", unit="", hint="for example 2024-01-31")
    if item.kind != "number" or not item.histogram.counts:
        return text
    return replace(
        text,
        kind="number",
        minimum=item.minimum,
        maximum=item.maximum,
        step=_step(item),
        hint=f"{number(item.minimum)} to {number(item.maximum)} in training",
    )


def _raw_field(field: Field, column: ColumnSchema, item: ColumnPreparation) -> Field:
    """The field of a picture, a text or a series."""
    if column.kind == "image":
        return replace(field, kind="picture", value="", hint=_PICTURES)
    if item.series:
        listed = ", ".join(item.series.columns[:8])
        hint = f"{item.series.window} rows or more of {listed}, the oldest first"
        return replace(field, kind="rows", hint=hint)
    return replace(field, kind="passage")


def _step(item: ColumnPreparation) -> float:
    """The step of a slider: a power of ten, at least 1 where the numbers are whole."""
    size = (item.maximum - item.minimum) / _STEPS
    step = float(f"1e{floor(log10(size))}") if size > 0 else 1.0
    whole = all(edge == int(edge) for edge in (item.minimum, item.maximum, item.median))
    return max(1.0, step) if whole else step


def typed_row(texts: Mapping[str, str], content: Content) -> dict[str, object]:
    """A row as clients send it, from texts; a text that does not parse stays a text, so that the
    model's error names it.
    """
    series = content.preparation.inputs[0].series if is_raw(content) else None
    if series:
        name = content.schema.columns[0].name
        return {name: series_cell(texts.get(name, ""), series)}
    return {
        column.name: _typed(texts.get(column.name, ""), column) for column in content.schema.columns
    }


def _typed(text: str, column: ColumnSchema) -> object:
    value = kind_of(column).read(text)
    if value is None:
        return None
    if isinstance(value, Refused) or column.kind not in _TYPED:
        return text
    return _TYPED[column.kind](value)


_TYPED: Mapping[ColumnKind, Callable[..., object]] = {
    "number": float,
    "integer_category": int,
    "boolean": bool,
}
"""Kinds whose cells programs send as something else than text."""
