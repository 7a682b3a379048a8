"""What a network takes and gives, as far as texts go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.network import Layer, Network

_ROWS_AND_PLACES = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """``takes`` is what the one input holds: the indices of words, a number for each word of a
    vocabulary, or the text itself. ``length`` is how many, 0 where that is free; ``table`` how many
    words the embedding has, 0 without one; ``units`` the number of scores.
    """

    takes: Literal["indices", "row", "text"]
    input: str
    dtype: str
    length: int
    table: int
    units: int


def taken_by(network: Network) -> Taken | None:
    """What a network with one input takes; None where that is not what texts become.

    Raises:
        UnsupportedModelError: it takes texts and gives no row of scores.
    """
    try:
        compiled = compile_network(network)
    except UnsupportedModelError:
        return None
    if len(compiled.inputs) != 1:
        return None
    (spec,) = compiled.inputs
    table = table_of(network)
    sizes = spec.shape[1:]
    if spec.dtype == "str":
        takes: Literal["indices", "row", "text"] = "text"
        if sizes not in {(), (1,), (None,)}:
            return None
    elif len(sizes) == 1 and (table or sizes[0]):
        takes = "indices" if table else "row"
    else:
        return None
    length = (sizes[0] or 0) if sizes else 0
    return Taken(takes, spec.name, spec.dtype, length, table, _units(compiled.outputs[0].shape))


def _units(shape: tuple[int | None, ...]) -> int:
    """0 where a network gives anything but one row of scores."""
    return shape[1] or 0 if len(shape) == _ROWS_AND_PLACES else 0


def table_of(network: Network) -> int:
    """The number of words of the first embedding, 0 without one."""
    for layer in layers(network):
        size = layer.config.get("input_dim")
        if layer.kind == "Embedding" and isinstance(size, int):
            return size
    return 0


def layers(network: Network) -> Iterator[Layer]:
    """All layers, those inside of others too."""
    for layer in network.layers.values():
        yield layer
        yield from layer.inner
        if layer.network is not None:
            yield from layers(layer.network)
