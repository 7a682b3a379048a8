"""A recipe of a series -> the network that takes raw windows, and its content."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.candidate import Published, Whole
from keramos.adoption.series.network import whole_network
from keramos.adoption.tables.scaled import likely_range
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError
from keramos.prepare.feeds import feeds
from keramos.runtime.session import Session
from keramos.tabular.series import SCALE_PARTS, series_rows
from keramos.types.artifact import Content
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Preparation,
    Schema,
    TargetPreparation,
)
from keramos.types.table import Column, Table
from keramos.types.training import GoldenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.adoption.series.answer import Back
    from keramos.adoption.series.recipe import Recipe
    from keramos.types.network import Network

    Floats = NDArray[np.float64]

_GOLDEN = 3
_MOST = 1e-3
_MOST_CELLS = 4000
"""Numbers of one golden window that are worth to be kept three times."""


def whole(body: Network, recipe: Recipe, app: str = "") -> Whole:
    """The network with its front and its content, proven on golden windows. ``app`` is where the
    source scales answers back without their minimum.

    Raises:
        MismatchError: it answers otherwise than the original parts.
    """
    network = whole_network(body, recipe)
    schema, preparation = _schema(recipe)
    cells = _golden(recipe)
    expected = reference(body, recipe, cells)
    fed = _fed(cells, schema, preparation)
    got = Session(compile_network(network)).run(fed)[0].reshape(expected.shape)
    size = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(got.astype(float) - expected).max())
    if not difference <= _MOST * size:
        raise MismatchError(
            "the whole answers otherwise than the original parts", received=f"{difference:.3g}"
        )
    golden = GoldenRows(
        inputs=tuple(tuple(array.tolist()) for array in fed.values()),
        outputs=tuple(map(tuple, expected.tolist())),
        absolute=max(2e-6 * size, 4 * difference),
        relative=1e-5,
        reference="original parts",
    )
    content = Content(
        schema=schema, preparation=preparation, rule=recipe.answer.rule, golden=golden
    )
    return Whole(
        network,
        content,
        difference,
        _preview(recipe, cells, expected),
        partial(_original, body, recipe, schema.columns[0].name),
        (),
        _published(body, recipe, schema.columns[0].name, app),
    )


def _schema(recipe: Recipe) -> tuple[Schema, Preparation]:
    name, series = recipe.name, recipe.series
    listed = ", ".join(series.columns[:6]) + (", ..." if len(series.columns) > 6 else "")  # noqa: PLR2004 (for people)
    reason = f"the network takes {series.window} rows of {listed}"
    middle = _middle(recipe)
    parts = ("", *SCALE_PARTS) if recipe.is_requested else ("",)
    inputs = tuple(
        ColumnPreparation(
            name,
            f"{name}_{part}" if part else name,
            "series",
            "refuse",
            part,
            median=middle,
            series=series,
        )
        for part in parts
    )
    schema = Schema((ColumnSchema(name, "series", reason),), recipe.answer.target)
    preparation = Preparation("minmax", False, inputs, TargetPreparation(), features=())
    return schema, preparation


def _middle(recipe: Recipe) -> float:
    scaler = recipe.scale.affine
    found = likely_range(scaler, 0) if scaler is not None else None
    return float(np.mean(found)) if found else 0.0


def _golden(recipe: Recipe) -> list[Floats]:
    """Windows of a table beside the model, or walks in the range of the scaler."""
    held = _from_table(recipe)
    if held is not None:
        return held
    rng = np.random.default_rng(7)
    more = recipe.length // 2 if recipe.scale.fitted == "request" else 0
    count = _count(recipe)
    steps = rng.normal(0, 0.1, (count, recipe.length + more, len(recipe.columns.names)))
    walks = 0.5 + 0.3 * np.tanh(np.cumsum(steps, axis=1))
    scaler = recipe.scale.affine
    ranges = [
        (likely_range(scaler, place) if scaler is not None else None) or (0.0, 1.0)
        for place in range(walks.shape[2])
    ]
    low, high = np.array(ranges).T
    return list(low + walks * (high - low))


def _count(recipe: Recipe) -> int:
    cells = recipe.length * len(recipe.columns.names)
    return _GOLDEN if cells <= _MOST_CELLS else 1


def _from_table(recipe: Recipe) -> list[Floats] | None:
    table = recipe.columns.table
    if table is None:
        return None
    names = [table.column(name) or "" for name in recipe.columns.names]
    columns = [table.numbers(name) for name in names]
    known = [column for column in columns if column is not None]
    if len(known) != len(names) or len({len(column) for column in known}) != 1:
        return None
    rows = np.column_stack(known)
    rows = rows[np.isfinite(rows).all(axis=1)]
    count, size = _count(recipe), recipe.length
    if len(rows) < size + count:
        return None
    ends = np.linspace(size, len(rows), count).astype(int)
    return [rows[end - size : end] for end in ends]


def _fed(
    cells: Sequence[Floats], schema: Schema, preparation: Preparation
) -> dict[str, NDArray[np.generic]]:
    fed = feeds(
        Table("golden rows", {schema.columns[0].name: _column(cells)}, len(cells)), preparation
    )
    if fed.problems:
        raise MismatchError(f"golden windows cannot be used: {fed.problems[0].reason}")
    return fed.feeds


def _column(cells: Sequence[object]) -> Column:
    values = np.empty(len(cells), object)
    for place, cell in enumerate(cells):
        values[place] = cell
    return Column(values, np.zeros(len(cells), bool))


def _published(body: Network, recipe: Recipe, name: str, app: str) -> Published | None:
    """What an app shows that forgets the minimum of its column."""
    if not app or (recipe.answer.back is None and not recipe.is_requested):
        return None
    how = f"{app}: scaled back without the minimum"
    return Published(how, partial(_original, body, recipe, name, least=False))


def reference(
    body: Network, recipe: Recipe, cells: Sequence[Floats], *, least: bool = True
) -> Floats:
    """What the original parts answer to series, in float64 outside of the network; without the
    minimum of the answer's column where ``least`` is False.
    """
    windows, backs = zip(*(_prepared(cell, recipe) for cell in cells), strict=True)
    output = _answers(body, np.stack(windows), recipe)
    factors, offsets = np.array(backs).swapaxes(0, 1)
    scaled: Floats = output * factors + (offsets if least else 0.0)
    return scaled


def _answers(body: Network, windows: Floats, recipe: Recipe) -> Floats:
    """What the body answers to scaled windows, and then to its own answers; (windows, values)."""
    compiled = compile_network(body)
    session, name = Session(compiled), compiled.inputs[0].name
    found = []
    for _ in range(recipe.answer.steps):
        fed = windows.astype("float32")
        if recipe.window.turned:
            fed = fed.reshape(len(fed), 1, recipe.length)
        found.append(session.run({name: fed})[0].reshape(len(fed), -1).astype(float))
        if recipe.answer.steps > 1:
            windows = np.concatenate([windows[:, 1:], found[-1][:, None]], axis=1)
    return np.concatenate(found, axis=1)


def _prepared(rows: Floats, recipe: Recipe) -> tuple[Floats, Back]:
    """The window as the body takes it, and what leads each value back."""
    scale, window, answer = recipe.scale, rows[-recipe.length :], recipe.answer
    same = (1.0,) * answer.rule.units, (0.0,) * answer.rule.units
    if scale.affine is not None:
        return np.column_stack(scale.affine.apply(list(window.T))), answer.back or same
    if scale.fitted == "training":
        return window, answer.back or same
    low, size = rows.min(axis=0), np.ptp(rows, axis=0)
    factor = (scale.high - scale.low) / np.where(size == 0, 1.0, size)
    offset = scale.low - low * factor
    names = recipe.columns.names
    scaled = window * factor + offset
    if not recipe.is_requested:
        return scaled, answer.back or same
    of = [names.index(answer.column)] if answer.column else list(range(len(names)))
    of *= answer.rule.units // len(of)
    return scaled, (tuple(1 / factor[of]), tuple(-offset[of] / factor[of]))


def _original(
    body: Network, recipe: Recipe, name: str, table: object, *, least: bool = True
) -> Floats:
    """What the original parts answer to the series of a parsed table."""
    cells = table.columns[name].values if isinstance(table, Table) else ()
    read = [series_rows(cell, recipe.columns.names) for cell in cells]
    rows = [one for one in read if isinstance(one, np.ndarray)]
    return reference(body, recipe, rows, least=least)


def _preview(recipe: Recipe, cells: Sequence[Floats], expected: Floats) -> str:
    """The last row of a window and its answer, for people."""
    names = recipe.columns.names
    place = names.index(recipe.answer.column) if recipe.answer.column else 0
    answer = ", ".join(f"{one:.5g}" for one in expected[-1, :4])
    return f"a window whose last {names[place]} is {cells[-1][-1, place]:.5g} gives {answer}"
