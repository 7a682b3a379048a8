"""What answers to rows while a file is made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.training.numpy_engine.answers import is_plain, plain_outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.network import Network
    from keramos.types.prediction import Feeds

    Answering = Callable[[Feeds], list[NDArray[np.generic]]]


def answering(network: Network) -> Answering:
    """A function from inputs to the network's outputs: NumPy's for plain layers, else those of the
    compiled network.

    The tutorial's job needs neither the compiler nor ONNX Runtime, whose imports cost as much as
    its training.
    """
    if is_plain(network):
        return partial(plain_outputs, network)
    return compiled(network)


def compiled(network: Network) -> Answering:
    """A function from inputs to the outputs of the compiled network."""
    from keramos.compile.emit import compile_network  # noqa: PLC0415 (start-up time)
    from keramos.runtime.session import Session  # noqa: PLC0415 (start-up time)

    return Session(compile_network(network)).run
