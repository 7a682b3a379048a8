"""Whether a network takes a window of a series, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from keramos.types.network import Layer, Network

_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D"})
_SLIDING = frozenset({"Conv1D", "SeparableConv1D", "MultiHeadAttention"})
_TEXT = frozenset({"Embedding", "TextVectorization", "StringLookup", "IntegerLookup"})
_AXES = 3  # rows, time, columns


@dataclass(frozen=True, slots=True)
class Window:
    """``length`` rows (None: any) of ``width`` columns; ``shape`` is that of the network's input,
    where ``turned`` says that the rows lie on its last axis.
    """

    length: int | None
    width: int
    turned: bool = False


def window_of(network: Network, widths: Collection[int]) -> Window | None:
    """The window that a network takes; None where it takes something else.

    ``widths`` are those of the scalers beside it: of a row of numbers, or of a row of the window.
    """
    try:
        inputs = compile_network(network).inputs
    except UnsupportedModelError:
        return None
    if len(inputs) != 1 or len(inputs[0].shape) != _AXES or not inputs[0].dtype.startswith("float"):
        return None
    kinds = {layer.kind for layer in layers_of(network)}
    if kinds & _TEXT or not kinds & (_RECURRENT | _SLIDING):
        return None
    return _sizes(inputs[0].shape[1], inputs[0].shape[2], kinds, widths)


def _sizes(
    time: int | None, width: int | None, kinds: set[str], widths: Collection[int]
) -> Window | None:
    if width is None:
        return None
    if time == 1:
        turned = width > 1 and 1 in widths and width not in widths and bool(kinds & _RECURRENT)
        return Window(width, 1, turned=True) if turned else None
    if width == 1 and time in widths and 1 not in widths:
        return None  # the scaler takes a row of a table, which the network reads cell by cell
    if width == 1 and 1 not in widths and not kinds & _RECURRENT:
        return None
    return Window(time, width)


def layers_of(network: Network) -> Iterator[Layer]:
    """All layers, those of nested models too."""
    for layer in network.layers.values():
        yield layer
        if layer.network is not None:
            yield from layers_of(layer.network)
