"""The layers in front of the network: preparation as built-in Keras layers, as data.

numbers -> missing ones filled -> scaled; categories -> one-hot; all joined into one row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.tabular.kinds import KINDS
from keramos.tabular.plan import Plan
from keramos.tabular.transforms import number_inputs, number_transforms, one_hots
from keramos.types.network import Call, Network, TensorRef
from keramos.types.schema import MATRIX_INPUT

if TYPE_CHECKING:
    from keramos.types.schema import Preparation


def front(preparation: Preparation) -> Network:
    """The network from raw inputs to the prepared row, shape (rows, len(preparation.features)),
    float32.
    """
    plan = Plan()
    sources = _inputs(plan, preparation)
    parts = _numbers(plan, preparation, sources)
    parts += [each.layers(plan, sources[each.input]) for each in one_hots(preparation)]
    plan.join("prepared", parts)
    last = plan.calls[-1].layer
    return Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), (TensorRef(last),))


def _numbers(
    plan: Plan, preparation: Preparation, sources: dict[str, TensorRef]
) -> list[TensorRef]:
    """The transformed numbers, then the further features of each transform."""
    columns = number_inputs(preparation)
    if not columns:
        return []
    if preparation.matrix:
        x = sources[MATRIX_INPUT]
    else:
        x = plan.join("numbers", [sources[column.input] for column in columns])
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
    """``second`` fed with the output of ``first``, as one network; clashing names in ``second`` get
    a suffix.
    """
    (source,) = second.inputs
    names: dict[str, str] = {}
    for name in second.layers:
        free = name
        while free in first.layers or free in names.values():
            free += "_"
        names[name] = free
    moved = {source: first.outputs[0]}

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
        if n != source.layer
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
