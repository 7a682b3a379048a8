"""A network that answers one step ahead, run again on its own answers: several steps ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.adoption.series.window import layers_of
from keramos.errors import UnsupportedModelError, UsageError
from keramos.prepare.front import join
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.network import Config

MOST_STEPS = 400
_SHAPED = {"dtype": "float32"}


def check_steps(stated: object) -> int:
    """How many steps ahead a person wants.

    Raises:
        UsageError: it is not a number of steps, or too many.
    """
    if type(stated) is not int or not 1 <= stated <= MOST_STEPS:
        raise UsageError(
            f"the steps ahead are a number from 1 to {MOST_STEPS}",
            option="steps",
            received=repr(stated),
        )
    return stated


def steps_ahead(body: Network, steps: int, length: int, width: int) -> Network:
    """``body``, which takes (rows, ``length``, ``width``) and answers (rows, ``width``), run
    ``steps`` times: each answer becomes the last row of the next window, whose first row is left
    out. The output has shape (rows, ``steps`` x ``width``), step by step.

    Raises:
        UnsupportedModelError: a layer keeps its state from one run to the next.
    """
    kept = next((one.name for one in layers_of(body) if one.config.get("stateful")), None)
    if kept is not None:
        raise UnsupportedModelError(
            f"layer '{kept}' keeps its state from one run to the next, so that steps ahead would "
            "depend on what was asked before"
        )
    source = Layer("window", "InputLayer", {"batch_shape": [None, length, width], **_SHAPED})
    given = TensorRef("window")
    whole = join(Network("window", {"window": source}, (), (given,), (given,)), body)
    (answers,) = whole.outputs
    row, rest, window, joined = added = _added(whole, width)
    calls, last, outputs = list(whole.calls), whole.inputs[0], [answers]
    for step in range(1, steps):
        both = [TensorRef(rest.name, step - 1), TensorRef(row.name, step - 1)]
        calls += [
            Call(row.name, (outputs[-1],)),
            Call(rest.name, (last,)),
            Call(window.name, (both,)),
        ]
        last = TensorRef(window.name, step - 1)
        calls += _again(whole, last, step)
        outputs.append(_later(answers, whole, step))
    calls.append(Call(joined.name, (outputs,)))
    layers = {**whole.layers, **{layer.name: layer for layer in added}}
    return Network("ahead", layers, tuple(calls), whole.inputs, (TensorRef(joined.name),))


def _added(whole: Network, width: int) -> tuple[Layer, Layer, Layer, Layer]:
    """The layers that make the next window, and the one that joins all answers."""

    def layer(name: str, kind: str, config: Config) -> Layer:
        while name in whole.layers:
            name += "_"
        return Layer(name, kind, config)

    return (
        layer("answer_as_row", "Reshape", {"target_shape": [1, width], **_SHAPED}),
        layer("without_first_row", "Cropping1D", {"cropping": [1, 0], **_SHAPED}),
        layer("next_window", "Concatenate", {"axis": 1, **_SHAPED}),
        layer("all_steps", "Concatenate", {"axis": -1, **_SHAPED}),
    )


def _again(whole: Network, window: TensorRef, step: int) -> list[Call]:
    """The calls of the body once more, on another window."""
    return [
        Call(
            call.layer,
            tuple(_moved(arg, whole, window, step) for arg in call.args),
            {key: _moved(value, whole, window, step) for key, value in call.kwargs.items()},
        )
        for call in whole.calls
    ]


def _moved(item: object, whole: Network, window: TensorRef, step: int) -> object:
    match item:
        case TensorRef():
            return window if item == whole.inputs[0] else _later(item, whole, step)
        case list() | tuple():
            return type(item)(_moved(part, whole, window, step) for part in item)
        case dict():
            return {key: _moved(part, whole, window, step) for key, part in item.items()}
    return item


def _later(ref: TensorRef, whole: Network, step: int) -> TensorRef:
    """The same tensor of a later run: a layer's calls are numbered through all runs."""
    count = sum(call.layer == ref.layer for call in whole.calls)
    return TensorRef(ref.layer, ref.node + step * count, ref.tensor)


def names_ahead(names: Sequence[str], steps: int) -> tuple[str, ...]:
    """The name of each value: the column, and how many steps ahead."""
    return tuple(f"{name}_{step}" for step in range(1, steps + 1) for name in names)
