"""A network -> a layers model of TensorFlow.js: ``model.json`` and shards of its weights."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.containers.tfjs import CONTENT, FILE
from keramos.artifact.content.document import encode
from keramos.artifact.keras.layer_names import legal
from keramos.artifact.keras.layer_order import keras_order
from keramos.artifact.keras.tfjs_dialect import to_tfjs, topology
from keramos.artifact.weights.lora import merged
from keramos.artifact.weights.weight_specs import weights_of
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.network import Layer, Network

_NAMES = {("DepthwiseConv2D", "kernel"): "depthwise_kernel"}
"""Class and name of a weight -> its name in TensorFlow.js, where that is another."""

_ILLEGAL = re.compile(r"[^-A-Za-z0-9_.]|^[-_]")
_SHARD_BYTES = 1 << 22
_LIKE = "2.4.0"
"""The Keras whose words and meanings are written: those of TensorFlow.js."""


def tfjs_files(network: Network, content: Content | None) -> dict[str, bytes]:
    """The files of a layers model by their names, ``model.json`` first.

    Raises:
        UnsupportedModelError: TensorFlow.js has no word for something in the network; names all of
            it.
        SaveError: the content breaks a rule.
    """
    network = keras_order(legal(to_tfjs(merged(network)), _ILLEGAL))
    config = topology(network)
    weights = list(_weights(network))
    data = b"".join(np.ascontiguousarray(array).tobytes() for _, array in weights)
    cuts = range(0, len(data), _SHARD_BYTES)
    shards = {
        f"group1-shard{place}of{len(cuts)}.bin": data[at : at + _SHARD_BYTES]
        for place, at in enumerate(cuts, 1)
    }
    specs = [
        {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
        for name, array in weights
    ]
    found: dict[str, object] = {
        "format": "layers-model",
        "generatedBy": f"keras v{_LIKE}",
        "convertedBy": f"keramos {__version__}",
        "modelTopology": {
            "keras_version": _LIKE,
            "backend": "tensorflow",
            "model_config": config,
        },
        "weightsManifest": [{"paths": list(shards), "weights": specs}],
    }
    if content is not None:
        document = encode(content, network, json.dumps(config).encode()).decode()
        found["userDefinedMetadata"] = {CONTENT: document}
    return {FILE: json.dumps(found).encode(), **shards}


def _weights(network: Network) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """The weights by the names that TensorFlow.js gives them, in order."""
    for layer in network.layers.values():
        if layer.network is not None:
            yield from _weights(layer.network)
        else:
            yield from _named(layer, layer.name)


def _named(layer: Layer, scope: str) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """The weights of a layer that is no model; cells lend their layer's name."""
    for spec, array in zip(weights_of(layer), layer.weights, strict=True):
        name = _NAMES.get((layer.kind, spec.name), spec.name)
        yield f"{scope}/{name}", np.asarray(array, "float32")
    for place, part in enumerate(layer.inner):
        own = scope
        if layer.kind == "Bidirectional":
            own = f"{scope}/{('forward', 'backward')[place]}_{layer.inner[0].name}"
        elif layer.kind == "StackedRNNCells" or len(layer.inner) > 1:
            own = f"{scope}/RNNCell_{place}"
        if part.network is None:
            yield from _named(part, own)
        else:
            yield from _weights(part.network)
