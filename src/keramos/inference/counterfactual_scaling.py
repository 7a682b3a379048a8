"""What a file's network would answer if the ranges that preparation learned had been lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.compile.emit import compile_network
from keramos.errors import KeramosError
from keramos.prepare.front import front
from keramos.runtime.session import Session
from keramos.runtime.verify import golden_feeds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.artifact import Artifact

_SCALING_LAYERS = 2  # subtract, then multiply


def without_scaling(artifact: Artifact) -> NDArray[np.float64] | None:
    """Answers (rows, units) to the golden rows with numbers let through as they are.

    None where no column is a number, where the network takes numbers as they are, or where layers
    in front are no longer those that keramos wrote.
    """
    content, layers = artifact.content, artifact.network.layers
    if content is None or content.golden is None or not content.preparation.features:
        return None
    first = front(content.preparation)
    scaling = [call.layer for call in first.calls if first.layers[call.layer].kind == "Rescaling"][
        -_SCALING_LAYERS:
    ]
    if len(scaling) < _SCALING_LAYERS or any(
        name not in layers or layers[name].kind != "Rescaling" for name in scaling
    ):
        return None
    plain = {
        name: replace(layer, config={**layer.config, "scale": 1.0, "offset": 0.0})
        for name, layer in layers.items()
        if name in scaling
    }
    try:
        compiled = compile_network(replace(artifact.network, layers={**layers, **plain}))
        outputs = Session(compiled).run(golden_feeds(content, compiled.inputs))[0]
    except KeramosError:
        return None
    return outputs.reshape(len(outputs), -1).astype(float)
