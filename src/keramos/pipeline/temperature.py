"""Logits of a trained network, and the same network with its logits divided by a temperature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.types.network import Call, Layer, TensorRef

if TYPE_CHECKING:
    from keramos.types.network import Network

_PROBABILITIES = frozenset({"sigmoid", "softmax"})


def with_logits(body: Network) -> Network:
    """The network without the activation that makes probabilities of its logits.

    Raises:
        UsageError: its last layer is no Dense or Activation of ``sigmoid`` or ``softmax``.
    """
    last = _last(body)
    return _with(body, replace(last, config={**last.config, "activation": "linear"}))


def divided(body: Network, temperature: float) -> Network:
    """The network whose logits are divided by the temperature, as built-in layers."""
    last, share = _last(body), float(np.float32(1 / temperature))
    if last.kind == "Dense":
        weights = tuple((array.astype("float32") * np.float32(share)) for array in last.weights)
        return _with(body, replace(last, weights=weights))
    name = "temperature"
    while name in body.layers:
        name += "_"
    scaled = Layer(name, "Rescaling", {"scale": share, "offset": 0.0})
    calls: list[Call] = []
    for call in body.calls:
        if call.layer == last.name:
            calls += [Call(name, call.args), replace(call, args=(TensorRef(name),))]
        else:
            calls.append(call)
    return replace(body, layers={**body.layers, name: scaled}, calls=tuple(calls))


def _last(body: Network) -> Layer:
    layer = body.layers[body.outputs[0].layer]
    activation = layer.config.get("activation")
    if layer.kind not in {"Dense", "Activation"} or activation not in _PROBABILITIES:
        raise UsageError(
            "a network is calibrated by the logits of its last layer, a Dense or Activation of "
            "sigmoid or softmax",
            option="calibrate",
            received=f"{layer.kind} ({activation or 'no activation'})",
        )
    return layer


def _with(body: Network, layer: Layer) -> Network:
    return replace(body, layers={**body.layers, layer.name: layer})
