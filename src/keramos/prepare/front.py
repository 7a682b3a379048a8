"""The layers in front of the network: preparation as built-in Keras layers, as data.

numbers -> missing ones filled -> scaled; categories -> one-hot; all joined into one row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from keramos.tabular.impute import fill_layers
from keramos.tabular.kinds import KINDS
from keramos.tabular.plan import Plan
from keramos.tabular.transforms import (
    number_inputs,
    number_transforms,
    one_hots,
    target_statistics,
)
from keramos.types.network import Call, Network, TensorRef
from keramos.types.schema import MATRIX_INPUT, MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.schema import Preparation

FrontOutput = Literal["prepared", "raw"]
"""What a network takes: the prepared row, or the numbers as they are beside one-hot categories."""


def front(preparation: Preparation, rows: Sequence[FrontOutput] = ("prepared",)) -> Network:
    """The network from raw inputs to the joined rows that are asked for, float32, in that order.

    ``prepared``: the numbers of levels, filled and scaled numbers, and one-hot categories, shape
    (rows, len(preparation.features)). ``raw``: the same with numbers as they are,
    ``MISSING_NUMBER`` where there is none, and the median where training rows had all.
    """
    plan = Plan()
    sources = _inputs(plan, preparation)
    numbers = _joined_numbers(plan, preparation, sources)
    scaled = _scaled(plan, preparation, numbers) if "prepared" in rows else []
    means = [each.layers(plan, sources[each.input]) for each in target_statistics(preparation)]
    levels = [each.layers(plan, sources[each.input]) for each in one_hots(preparation)]
    parts = {"prepared": scaled, "raw": _filled(plan, preparation, numbers)}
    outputs = tuple(plan.join(name, [*means, *parts[name], *levels]) for name in rows)
    return Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), outputs)


def raw_columns(preparation: Preparation) -> tuple[int, ...]:
    """How many cells of the ``raw`` row each column has: 1 for a number, also of a level, and one
    for each level of others.
    """
    levels = [len(each.features()) for each in one_hots(preparation)]
    means = sum(len(each.features()) for each in target_statistics(preparation))
    return (*(1 for _ in range(means)), *(1 for _ in number_inputs(preparation)), *levels)


def _joined_numbers(
    plan: Plan, preparation: Preparation, sources: dict[str, TensorRef]
) -> list[TensorRef]:
    """All numbers side by side, or nothing where no column is a number."""
    columns = number_inputs(preparation)
    if not columns:
        return []
    if preparation.matrix:
        return [sources[MATRIX_INPUT]]
    return [plan.join("numbers", [sources[column.input] for column in columns])]


def _filled(plan: Plan, preparation: Preparation, numbers: list[TensorRef]) -> list[TensorRef]:
    """The numbers as they are, but the median for a missing one where training rows had none
    missing: what learns from raw numbers has not seen what missing means there.
    """
    columns = number_inputs(preparation)
    taught = [column.null_policy != "median" or column.missing_rows > 0 for column in columns]
    if all(taught):
        return numbers
    fills = [
        MISSING_NUMBER if seen else column.median
        for column, seen in zip(columns, taught, strict=True)
    ]
    return [fill_layers(plan, numbers[0], fills)[0]]


def _scaled(plan: Plan, preparation: Preparation, numbers: list[TensorRef]) -> list[TensorRef]:
    """The transformed numbers, then the further features of each transform."""
    if not numbers:
        return []
    (x,) = numbers
    further = []
    for transform in number_transforms(preparation):
        x, more = transform.layers(plan, x)
        further += [] if more is None else [more]
    return [x, *further]


def _inputs(plan: Plan, preparation: Preparation) -> dict[str, TensorRef]:
    if preparation.matrix:
        return {MATRIX_INPUT: plan.input(MATRIX_INPUT, "float32", len(preparation.inputs))}
    return {
        column.input: plan.input(column.input, KINDS[column.kind].input_dtype, 1)
        for column in preparation.inputs
    }


def join(first: Network, second: Network) -> Network:
    """``second`` fed with the outputs of ``first``, in order, as one network; clashing names in
    ``second`` get a suffix.
    """
    names: dict[str, str] = {}
    for name in second.layers:
        free = name
        while free in first.layers or free in names.values():
            free += "_"
        names[name] = free
    moved = dict(zip(second.inputs, first.outputs, strict=True))
    sources = {ref.layer for ref in second.inputs}

    def rename(item: object) -> object:
        match item:
            case TensorRef():
                return moved.get(item, replace(item, layer=names[item.layer]))
            case list() | tuple():
                return type(item)(rename(part) for part in item)
            case dict():
                return {key: rename(part) for key, part in item.items()}
        return item

    layers = {
        names[n]: replace(layer, name=names[n])
        for n, layer in second.layers.items()
        if n not in sources
    }
    calls = tuple(
        Call(
            names[call.layer],
            tuple(rename(arg) for arg in call.args),
            {k: rename(v) for k, v in call.kwargs.items()},
        )
        for call in second.calls
    )
    outputs = tuple(replace(ref, layer=names[ref.layer]) for ref in second.outputs)
    return Network(
        "keramos", {**first.layers, **layers}, (*first.calls, *calls), first.inputs, outputs
    )
