"""A recipe of a series -> the network that takes raw windows, and its content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.candidate import Whole
from keramos.adoption.tables.scaled import likely_range
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError
from keramos.prepare.feeds import feeds
from keramos.prepare.front import join
from keramos.runtime.session import Session
from keramos.tabular.fitted.front import Front, Raw
from keramos.tabular.series import SCALE_PARTS, series_rows
from keramos.types.artifact import Content
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Preparation,
    Schema,
    Series,
    TargetPreparation,
)
from keramos.types.table import Column, Table
from keramos.types.training import GoldenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.adoption.series.answer import Answer
    from keramos.adoption.series.columns import Columns
    from keramos.adoption.series.scale import Scale
    from keramos.adoption.series.window import Window

    Floats = NDArray[np.float64]

_GOLDEN = 3
_MOST = 1e-3
_MOST_CELLS = 4000
"""Numbers of one golden window that are worth to be kept three times."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """Everything that a whole is made of."""

    window: Window
    length: int
    columns: Columns
    scale: Scale
    answer: Answer

    @property
    def series(self) -> Series:
        """What the content says about the rows."""
        scale = self.scale
        return Series(
            self.columns.names,
            self.length,
            self.answer.column,
            scale.fitted,
            scale.low,
            scale.high,
        )

    @property
    def is_requested(self) -> bool:
        """Whether the request scales the answer back."""
        return self.scale.fitted == "request" and bool(self.answer.column)


def whole(body: Network, recipe: Recipe) -> Whole:
    """The network with its front and its content, proven on golden windows.

    Raises:
        MismatchError: it answers otherwise than the original parts.
    """
    network = _network(body, recipe)
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
    )


def _network(body: Network, recipe: Recipe) -> Network:
    """Layers that scale a window, the body, and layers that scale the answer back."""
    names = recipe.columns.names
    front = Front(names, dict.fromkeys(range(len(names)), "number"), matrix=True)
    front.whole = front.plan.input(_name(recipe), "float32", recipe.length, len(names))
    output = front.whole
    if recipe.scale.affine is not None:
        row = recipe.scale.affine.layers(front, [Raw(place) for place in range(len(names))])
        output, _ = front.numbers(row)
    if recipe.window.turned:
        output = front.plan.add("Reshape", "row", {"target_shape": [1, recipe.length]}, output)
    elif not front.plan.calls:
        sizes: list[int] = [recipe.length, len(names)]
        output = front.plan.add("Reshape", "window", {"target_shape": sizes}, output)
    plan = front.plan
    network = Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), (output,))
    network = join(network, body)
    if recipe.is_requested:
        return _scaled_by_request(network, _name(recipe))
    if recipe.answer.back is not None:
        return _scaled_back(network, *recipe.answer.back)
    return network


def _scaled_back(network: Network, scale: float, offset: float) -> Network:
    (last,) = network.outputs
    name = "answer_in_its_unit"
    config: dict[str, object] = {"scale": scale, "offset": offset}
    layers = {**network.layers, name: Layer(name, "Rescaling", config)}
    calls = (*network.calls, Call(name, (last,)))
    return replace(network, layers=layers, calls=calls, outputs=(TensorRef(name),))


def _scaled_by_request(network: Network, name: str) -> Network:
    """The answer times the range of its column in the request, plus its minimum there."""
    (last,) = network.outputs
    least, size = (TensorRef(f"{name}_{part}") for part in SCALE_PARTS)
    one: dict[str, object] = {"batch_shape": [None, 1], "dtype": "float32"}
    added = {
        least.layer: Layer(least.layer, "InputLayer", dict(one)),
        size.layer: Layer(size.layer, "InputLayer", dict(one)),
        "answer_times_range": Layer("answer_times_range", "Multiply", {}),
        "answer_plus_minimum": Layer("answer_plus_minimum", "Add", {}),
    }
    calls = (
        Call("answer_times_range", ([last, size],)),
        Call("answer_plus_minimum", ([TensorRef("answer_times_range"), least],)),
    )
    return replace(
        network,
        layers={**network.layers, **added},
        calls=(*network.calls, *calls),
        inputs=(*network.inputs, least, size),
        outputs=(TensorRef("answer_plus_minimum"),),
    )


def _name(recipe: Recipe) -> str:
    """Name of the schema's column: none of the window's."""
    return next(
        name for name in ("series", "window", "history", "rows") if name not in recipe.columns.names
    )


def _schema(recipe: Recipe) -> tuple[Schema, Preparation]:
    name, series = _name(recipe), recipe.series
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


def reference(body: Network, recipe: Recipe, cells: Sequence[Floats]) -> Floats:
    """What the original parts answer to series, in float64 outside of the network."""
    windows, backs = zip(*(_prepared(cell, recipe) for cell in cells), strict=True)
    fed = np.stack(windows).astype("float32")
    if recipe.window.turned:
        fed = fed.reshape(len(cells), 1, recipe.length)
    compiled = compile_network(body)
    found = Session(compiled).run({compiled.inputs[0].name: fed})[0]
    output: Floats = found.reshape(len(cells), -1).astype(float)
    if recipe.answer.back is None and not recipe.is_requested:
        return output
    factors, offsets = np.array(backs).T
    scaled: Floats = output * factors[:, None] + offsets[:, None]
    return scaled


def _prepared(rows: Floats, recipe: Recipe) -> tuple[Floats, tuple[float, float]]:
    """The window as the body takes it, and what leads its answer back."""
    scale, window = recipe.scale, rows[-recipe.length :]
    if scale.affine is not None:
        return np.column_stack(scale.affine.apply(list(window.T))), recipe.answer.back or (1.0, 0.0)
    if scale.fitted == "training":
        return window, recipe.answer.back or (1.0, 0.0)
    low, size = rows.min(axis=0), np.ptp(rows, axis=0)
    factor = (scale.high - scale.low) / np.where(size == 0, 1.0, size)
    offset = scale.low - low * factor
    place = recipe.columns.names.index(recipe.answer.column) if recipe.answer.column else 0
    return window * factor + offset, (1 / factor[place], -offset[place] / factor[place])


def _original(body: Network, recipe: Recipe, name: str, table: object) -> Floats:
    """What the original parts answer to the series of a parsed table."""
    cells = table.columns[name].values if isinstance(table, Table) else ()
    read = [series_rows(cell, recipe.columns.names) for cell in cells]
    return reference(body, recipe, [one for one in read if isinstance(one, np.ndarray)])


def _preview(recipe: Recipe, cells: Sequence[Floats], expected: Floats) -> str:
    """The last row of a window and its answer, for people."""
    names = recipe.columns.names
    place = names.index(recipe.answer.column) if recipe.answer.column else 0
    answer = ", ".join(f"{one:.5g}" for one in expected[-1, :4])
    return f"a window whose last {names[place]} is {cells[-1][-1, place]:.5g} gives {answer}"
