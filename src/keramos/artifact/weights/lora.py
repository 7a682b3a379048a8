"""LoRA: what was trained beside a frozen kernel (Hu et al. 2021, arXiv:2106.09685) and is added to
it.

Archives hold the sum already; legacy files hold the parts. Source of the formula: ``kernel`` in
keras.src.layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from msgspec.structs import replace

from keramos.artifact.weights.weight_specs import weights_of
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keramos.artifact.weights.keras3_weights import Weight
    from keramos.types.network import Layer, Network

    Array = NDArray[np.generic]

_OPTIONS = ("lora_rank", "lora_alpha")
_ADAPTED = frozenset({"kernel", "embeddings"})


def adapted(layer: Layer) -> str:
    """The role of the weight that has parts beside it, or "" where none has."""
    if not layer.config.get("lora_rank"):
        return ""
    return next((weight.name for weight in weights_of(layer) if weight.name in _ADAPTED), "")


def parts(layer: Layer) -> tuple[str, ...]:
    """The roles of those parts."""
    role = adapted(layer)
    return (f"lora_{role}_a", f"lora_{role}_b") if role else ()


def summed(layer: Layer, role: str, array: Array, stored: Mapping[str, Weight]) -> Array:
    """The array of a role, with what lies beside it in ``stored`` added: array + alpha / rank * a @
    b.

    Raises:
        MismatchError: the parts do not fit the array.
        UnsupportedModelError: the array is quantised, so that nothing can be added to it.
    """
    if role != adapted(layer) or array.ndim == 0:
        return array
    first, second = (stored[part] for part in parts(layer))
    rank, alpha = layer.config.get("lora_rank"), layer.config.get("lora_alpha")
    alpha = rank if alpha is None else alpha
    fits = first.shape == (*array.shape[:-1], rank) and second.shape == (rank, array.shape[-1])
    if not fits or not isinstance(alpha, int | float):
        raise MismatchError(
            f"LoRA parts do not fit rank {rank!r}, alpha {alpha!r} and {role} of {array.shape}",
            received=f"parts of {first.shape} and {second.shape}",
            layer=layer.name,
            layer_kind=layer.kind,
        )
    a, b = (np.asarray(part.read()) for part in (first, second))
    if {array.dtype.kind, a.dtype.kind, b.dtype.kind} != {"f"}:
        raise UnsupportedModelError(
            f"LoRA parts ({a.dtype}, {b.dtype}) cannot be added to {role} ({array.dtype})",
            layer=layer.name,
            layer_kind=layer.kind,
            remedy="Save the model as .keras, where Keras adds them",
        )
    scale = np.float32(alpha / cast("int", rank))
    return cast("Array", (array + scale * np.matmul(a, b)).astype(array.dtype))


def merged(network: Network) -> Network:
    """The same network without the wish for such parts, for a file that would have to hold them."""
    return replace(network, layers={name: _plain(layer) for name, layer in network.layers.items()})


def _plain(layer: Layer) -> Layer:
    return replace(
        layer,
        config={key: value for key, value in layer.config.items() if key not in _OPTIONS},
        inner=tuple(_plain(part) for part in layer.inner),
        network=None if layer.network is None else merged(layer.network),
    )
