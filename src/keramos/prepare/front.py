"""The layers in front of the network: preparation as built-in Keras layers, as data.

numbers -> missing ones filled -> two Rescaling layers -> 0 to 1; categories -> one-hot; all joined
into one row.

Two Rescaling layers, subtract then multiply: one layer's x * scale + offset loses digits in float32
where the offset is large against the range (years, time stamps).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.kinds import KINDS
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.schema import MATRIX_INPUT, MISSING_INTEGER, MISSING_NUMBER, MISSING_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Config
    from keramos.types.schema import ColumnPreparation, Preparation


@dataclass(slots=True)
class _Plan:
    """Layers and calls so far; names that a column already has get a suffix."""

    layers: dict[str, Layer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    inputs: list[TensorRef] = field(default_factory=list)

    def input(self, name: str, dtype: str, size: int) -> TensorRef:
        self.layers[name] = Layer(name, "InputLayer", {"batch_shape": [None, size], "dtype": dtype})
        self.inputs.append(TensorRef(name))
        return self.inputs[-1]

    def add(
        self,
        kind: str,
        name: str,
        config: Config,
        inputs: TensorRef | Sequence[TensorRef],
        weights: tuple[NDArray[np.generic], ...] = (),
    ) -> TensorRef:
        free = next(
            n
            for n in (name, *(f"{name}_{i}" for i in range(1, len(self.layers) + 2)))
            if n not in self.layers
        )
        self.layers[free] = Layer(free, kind, config, weights)
        self.calls.append(Call(free, (inputs if isinstance(inputs, TensorRef) else list(inputs),)))
        return TensorRef(free)

    def join(self, name: str, parts: Sequence[TensorRef]) -> TensorRef:
        return parts[0] if len(parts) == 1 else self.add("Concatenate", name, {"axis": -1}, parts)


def front(preparation: Preparation) -> Network:
    """The network from raw inputs to the prepared row, shape (rows, len(preparation.features)),
    float32.
    """
    plan = _Plan()
    numbers = [column for column in preparation.inputs if not KINDS[column.kind].is_category]
    levels = [column for column in preparation.inputs if KINDS[column.kind].is_category]
    sources = _inputs(plan, preparation)
    parts: list[TensorRef] = []
    if numbers:
        joined = (
            sources[MATRIX_INPUT]
            if preparation.matrix
            else plan.join("numbers", [sources[c.input] for c in numbers])
        )
        parts += _numbers(plan, numbers, joined, preparation)
    parts += [_one_hot(plan, column, sources[column.input]) for column in levels]
    plan.join("prepared", parts)
    last = plan.calls[-1].layer
    return Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), (TensorRef(last),))


def _inputs(plan: _Plan, preparation: Preparation) -> dict[str, TensorRef]:
    if preparation.matrix:
        return {MATRIX_INPUT: plan.input(MATRIX_INPUT, "float32", len(preparation.inputs))}
    return {
        column.input: plan.input(column.input, KINDS[column.kind].input_dtype, 1)
        for column in preparation.inputs
    }


def _numbers(
    plan: _Plan, columns: list[ColumnPreparation], x: TensorRef, preparation: Preparation
) -> list[TensorRef]:
    """Filled and scaled numbers, then one 0/1 indicator for each column that may be missing."""
    indicators: list[TensorRef] = []
    places = [place for place, column in enumerate(columns) if column.null_policy == "median"]
    if places:
        x, gone = _fill(plan, columns, x)
        kernel = np.zeros((len(columns), len(places)), "float32")
        kernel[places, range(len(places))] = 1
        dense: Config = {
            "units": len(places),
            "activation": "linear",
            "use_bias": False,
            "trainable": False,
        }
        indicators.append(plan.add("Dense", "is_missing", dense, gone, (kernel,)))
    standard = preparation.scaling == "standard"
    zero = [column.mean if standard else column.minimum for column in columns]
    width = [
        column.deviation if standard else column.maximum - column.minimum for column in columns
    ]
    x = plan.add("Rescaling", "shift", {"scale": 1.0, "offset": [-value for value in zero]}, x)
    scale = [1.0 / value if value > 0 else 1.0 for value in width]
    return [plan.add("Rescaling", "scale", {"scale": scale, "offset": 0.0}, x), *indicators]


def _fill(
    plan: _Plan, columns: list[ColumnPreparation], x: TensorRef
) -> tuple[TensorRef, TensorRef]:
    """X with medians where it is missing, and 1.0 there, 0.0 elsewhere; exact in float32.

    Missing is -2**127. -x - 2**126 is 2**126 there and negative for every number that is let in, so
    clipping it to 0..1 gives the indicator; a product with 0 or 1 and a sum with 0 change no digit.
    """
    below: Config = {"scale": -1.0, "offset": MISSING_NUMBER / 2}
    distance = plan.add("Rescaling", "below_all_numbers", below, x)
    clip: Config = {"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}
    gone = plan.add("ReLU", "missing", clip, distance)
    present = plan.add("Rescaling", "present", {"scale": -1.0, "offset": 1.0}, gone)
    kept = plan.add("Multiply", "without_missing", {}, (x, present))
    medians = [column.median for column in columns]
    instead = plan.add("Rescaling", "medians", {"scale": medians, "offset": 0.0}, gone)
    return plan.add("Add", "filled", {}, (kept, instead)), gone


def _one_hot(plan: _Plan, column: ColumnPreparation, x: TensorRef) -> TensorRef:
    text = column.kind == "string_category"
    nothing: str | int = MISSING_TEXT if text else MISSING_INTEGER
    vocabulary = [*column.categories, *([nothing] if column.null_policy == "level" else [])]
    other: str | int = "[UNK]" if text else MISSING_INTEGER + 1
    while other in vocabulary:
        other = other + "_" if isinstance(other, str) else other + 1
    config: Config = {
        "vocabulary": vocabulary,
        "num_oov_indices": 1,
        "mask_token": None,
        "oov_token": other,
        "output_mode": "one_hot",
    }
    return plan.add(
        "StringLookup" if text else "IntegerLookup", f"{column.input}_one_hot", config, x
    )


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
