"""The layers around a network of a series: they scale its window and scale its answers back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.adoption.series.ahead import steps_ahead
from keramos.compile.emit import compile_network
from keramos.prepare.front import join
from keramos.tabular.fitted.front import Front, Raw
from keramos.tabular.plan import Plan
from keramos.tabular.series import SCALE_PARTS
from keramos.types.network import Call, Layer, Network, TensorRef

if TYPE_CHECKING:
    from keramos.adoption.series.recipe import Recipe
    from keramos.types.network import Config

_AXES = 2  # rows and values


def whole_network(body: Network, recipe: Recipe) -> Network:
    """Layers that scale a window, the body as often as it has steps, and layers that scale its
    answers back.
    """
    body = _in_rows(body, recipe)
    if recipe.answer.steps > 1:
        body = steps_ahead(body, recipe.answer.steps, recipe.length, len(recipe.columns.names))
    network = join(_front(recipe), body)
    if recipe.is_requested:
        return _scaled_by_request(network, recipe)
    if recipe.answer.back is None:
        return network
    scale, offset = recipe.answer.back
    several = len(scale) > 1
    config: Config = {
        "scale": [*scale] if several else scale[0],
        "offset": [*offset] if several else offset[0],
    }
    return _then(network, "answer_in_its_unit", "Rescaling", config)


def _front(recipe: Recipe) -> Network:
    """Raw rows -> the scaled window, shape (rows, window, columns)."""
    names = recipe.columns.names
    front = Front(names, dict.fromkeys(range(len(names)), "number"), matrix=True)
    front.whole = front.plan.input(recipe.name, "float32", recipe.length, len(names))
    output = front.whole
    if recipe.scale.affine is not None:
        row = recipe.scale.affine.layers(front, [Raw(place) for place in range(len(names))])
        output, _ = front.numbers(row)
    if not front.plan.calls and not recipe.window.turned:
        sizes: list[int] = [recipe.length, len(names)]
        output = front.plan.add("Reshape", "window", {"target_shape": sizes}, output)
    return _network(front.plan, output)


def _in_rows(body: Network, recipe: Recipe) -> Network:
    """A body that takes (rows, window, columns) and answers (rows, values)."""
    answered = compile_network(body).outputs[0].shape
    if recipe.window.turned:
        plan = Plan()
        given = plan.input("given", "float32", recipe.length, 1)
        row = plan.add("Reshape", "row", {"target_shape": [1, recipe.length]}, given)
        body = join(_network(plan, row), body)
    if len(answered) > _AXES:
        body = _then(body, "values", "Reshape", {"target_shape": [recipe.answer.values]})
    return body


def _network(plan: Plan, output: TensorRef) -> Network:
    return Network("front", plan.layers, tuple(plan.calls), tuple(plan.inputs), (output,))


def _then(network: Network, name: str, kind: str, config: Config) -> Network:
    """One more layer behind the network's output."""
    while name in network.layers:
        name += "_"
    layers = {**network.layers, name: Layer(name, kind, config)}
    calls = (*network.calls, Call(name, network.outputs))
    return replace(network, layers=layers, calls=calls, outputs=(TensorRef(name),))


def _scaled_by_request(network: Network, recipe: Recipe) -> Network:
    """The answers times the range of their column in the request, plus its minimum there."""
    columns = 1 if recipe.answer.column else len(recipe.columns.names)
    least, size = (TensorRef(f"{recipe.name}_{part}") for part in SCALE_PARTS)
    parts: Config = {"batch_shape": [None, columns], "dtype": "float32"}
    layers = {
        **network.layers,
        **{ref.layer: Layer(ref.layer, "InputLayer", dict(parts)) for ref in (least, size)},
    }
    network = replace(network, layers=layers, inputs=(*network.inputs, least, size))
    if columns > 1 and recipe.answer.steps > 1:
        network, size, least = _for_each_step(network, (size, least), recipe.answer.steps)
    network = _merged(network, "answer_times_range", "Multiply", size)
    return _merged(network, "answer_plus_minimum", "Add", least)


def _for_each_step(
    network: Network, parts: tuple[TensorRef, TensorRef], steps: int
) -> tuple[Network, TensorRef, TensorRef]:
    """The parts of several columns, again for each step."""
    names = [f"{ref.layer}_of_each_step" for ref in parts]
    layers = {name: Layer(name, "Concatenate", {"axis": -1}) for name in names}
    calls = [Call(name, ([ref] * steps,)) for name, ref in zip(names, parts, strict=True)]
    network = replace(network, layers={**network.layers, **layers}, calls=(*network.calls, *calls))
    size, least = map(TensorRef, names)
    return network, size, least


def _merged(network: Network, name: str, kind: str, with_: TensorRef) -> Network:
    layers = {**network.layers, name: Layer(name, kind, {})}
    calls = (*network.calls, Call(name, ([network.outputs[0], with_],)))
    return replace(network, layers=layers, calls=calls, outputs=(TensorRef(name),))
