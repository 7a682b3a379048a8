"""A recipe of a table -> the network that takes raw columns, and its content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET

from keramos.adoption.candidate import Whole
from keramos.adoption.tables.sample_rows import known_range, range_of, raw_rows
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, RowError
from keramos.prepare.feeds import feeds
from keramos.prepare.front import join
from keramos.runtime.session import Session
from keramos.tabular.fitted.front import Front, Raw
from keramos.tabular.input_names import free_input_name
from keramos.types.artifact import Content
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Notation,
    Preparation,
    Schema,
    TargetPreparation,
)
from keramos.types.table import Column, Table
from keramos.types.training import GoldenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.adoption.tables.answers import Answers
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.tabular.fitted.front import Use

_ROWS = 8
_SHOWN = 4
_MOST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A front, what became of each raw column, and the columns that it uses, by place."""

    network: Network
    uses: dict[int, Use]
    names: tuple[str, ...]
    inputs: tuple[str, ...]
    matrix: bool


def front_of(names: Sequence[str], transform: Fitted, shape: tuple[int, ...]) -> Made:
    """The layers from raw columns to the network's input of ``shape`` (without rows)."""
    row = [Raw(place) for place in range(len(names))]
    taken: set[str] = set()
    inputs = tuple(free_input_name(name, taken) for name in names)
    trial = Front(inputs)
    trial.numbers(transform.layers(trial, list(row)))
    used = sorted(trial.uses)
    kinds = {place: trial.uses[place].kind for place in used}
    matrix = len(used) == len(names) and set(kinds.values()) <= {"number", "boolean"}
    front = Front(inputs, kinds, matrix)
    front.open()
    output, _ = front.numbers(transform.layers(front, list(row)))
    if not front.plan.calls or len(shape) > 1:
        output = front.plan.add("Reshape", "shaped", {"target_shape": list(shape)}, output)
    plan = front.plan
    network = Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), (output,))
    kept = tuple(used)
    return Made(
        network,
        front.uses,
        tuple(names[place] for place in kept),
        tuple(inputs[place] for place in kept),
        matrix,
    )


def whole(body: Network, shape: tuple[int, ...], found: Arrangement, answers: Answers) -> Whole:
    """The network with its front and its content, proven on golden rows.

    Raises:
        MismatchError: it answers otherwise than the original parts.
    """
    made = front_of(found.names, found.transform, shape)
    network = join(made.network, body)
    if answers.scaling is not None:
        network = _scaled_back(network, *answers.scaling)
    schema, preparation = _schema(made, found, answers)
    rows = raw_rows(found, made.uses, _ROWS)
    expected = _reference(body, shape, found, answers, rows)
    fed = _fed(rows, found, schema, preparation)
    got = Session(compile_network(network)).run(fed)[0].reshape(expected.shape)
    size = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(got.astype(float) - expected).max())
    if not difference <= _MOST * size:
        raise MismatchError(
            "the whole answers otherwise than the original parts", received=f"{difference:.3g}"
        )
    tolerance = max(2e-6 * size, 4 * difference)
    golden = GoldenRows(
        inputs=tuple(tuple(array.tolist()) for array in fed.values()),
        outputs=tuple(map(tuple, expected.tolist())),
        absolute=tolerance,
        relative=1e-5,
        reference="original parts",
    )
    content = Content(schema=schema, preparation=preparation, rule=answers.rule, golden=golden)
    return Whole(
        network,
        content,
        difference,
        _preview(found, rows, expected),
        partial(original, body, shape, found, answers, schema),
    )


def _preview(
    found: Arrangement, rows: Sequence[NDArray[np.generic]], expected: NDArray[np.float64]
) -> str:
    """The first row and its answer, for people."""
    pairs = zip(found.names[:_SHOWN], rows[:_SHOWN], strict=True)
    cells = ", ".join(f"{name}={column[0]}" for name, column in pairs)
    more = ", ..." if len(found.names) > _SHOWN else ""
    answer = ", ".join(f"{one:.4g}" for one in expected[0, :_SHOWN])
    return f"{cells}{more} gives {answer}"


def original(
    body: Network,
    shape: tuple[int, ...],
    found: Arrangement,
    answers: Answers,
    schema: Schema,
    table: object,
) -> NDArray[np.float64]:
    """What the original parts answer to the rows of a parsed table."""
    columns = table.columns if isinstance(table, Table) else {}
    kinds = {column.name: column.kind for column in schema.columns}
    rows = []
    for name in found.names:
        column = columns[name] if name in kinds else None
        rows.append(_cells(column, kinds.get(name, "number"), table))
    return _reference(body, shape, found, answers, rows)


def _cells(column: Column | None, kind: str, table: object) -> NDArray[np.generic]:
    """A parsed column as the original parts had it: gaps are NaN, or None."""
    if column is None:
        return np.zeros(table.rows if isinstance(table, Table) else 0)
    if kind.endswith("category"):
        cells = column.values.astype(object)
        cells[column.missing] = None
        return cells
    numbers: NDArray[np.generic] = np.where(column.missing, np.nan, column.values.astype(float))
    return numbers


def _scaled_back(network: Network, scale: float, offset: float) -> Network:
    """The network with its answer scaled back."""
    (last,) = network.outputs
    name = "answer_in_its_unit"
    config: dict[str, object] = {"scale": scale, "offset": offset}
    layers = {**network.layers, name: Layer(name, "Rescaling", config)}
    calls = (*network.calls, Call(name, (last,)))
    return replace(network, layers=layers, calls=calls, outputs=(TensorRef(name),))


def _reference(
    body: Network,
    shape: tuple[int, ...],
    found: Arrangement,
    answers: Answers,
    rows: Sequence[NDArray[np.generic]],
) -> NDArray[np.float64]:
    """What the original parts answer: the row in float64, the network, the answer scaled back."""
    row = np.column_stack([np.asarray(one, float) for one in found.transform.apply(rows)])
    compiled = compile_network(body)
    name = compiled.inputs[0].name
    batch = row.astype("float32").reshape(len(row), *shape)
    output = Session(compiled).run({name: batch})[0].reshape(len(row), -1).astype(float)
    if answers.scaling is not None:
        output = output * answers.scaling[0] + answers.scaling[1]
    return output


def _fed(
    rows: Sequence[NDArray[np.generic]],
    found: Arrangement,
    schema: Schema,
    preparation: Preparation,
) -> dict[str, NDArray[np.generic]]:
    by_name = dict(zip(found.names, rows, strict=True))
    columns = {}
    for column in schema.columns:
        cells = by_name[column.name]
        missing = np.array([cell is None or cell != cell for cell in cells.tolist()])  # noqa: PLR0124
        if column.kind == "integer_category":
            cells = np.where(missing, 0, cells).astype("int64")
        columns[column.name] = Column(cells, missing)
    fed = feeds(Table("golden rows", columns, len(rows[0])), preparation)
    if fed.problems:
        raise RowError("golden rows cannot be used", problems=fed.problems)
    return fed.feeds


def _schema(made: Made, found: Arrangement, answers: Answers) -> tuple[Schema, Preparation]:
    reasons = {one.what.removeprefix("column "): one.value for one in found.findings}
    columns, inputs = [], []
    for place, name, source in zip(sorted(made.uses), made.inputs, made.names, strict=True):
        use = made.uses[place]
        notation = Notation(blanks="kept") if use.kind == "string_category" else UNSET
        reason = reasons.get(source, "the transform takes it so")
        columns.append(ColumnSchema(source, use.kind, reason, notation=notation))
        category = use.kind.endswith("category")
        filled = "level" if category else "median"
        low, high = known_range(found, place, source)
        middle = sum(range_of(found, place, source)) / 2
        inputs.append(
            ColumnPreparation(
                source,
                name,
                use.kind,
                filled if use.takes_missing else "refuse",  # type: ignore[arg-type]
                minimum=0.0 if category else low,
                maximum=0.0 if category else high,
                median=0.0 if category else middle,
                categories=use.categories,
                unknown="refuse" if category and use.refuses_unknown else UNSET,
                steps=use.steps or UNSET,
            )
        )
    schema = Schema(tuple(columns), answers.target)
    preparation = Preparation(
        "standard", made.matrix, tuple(inputs), TargetPreparation(), features=()
    )
    return schema, preparation
