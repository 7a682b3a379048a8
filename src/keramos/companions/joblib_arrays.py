"""Arrays that joblib wrote into the stream of a pickle, right after their description."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from keramos.companions.interpreter import load
from keramos.companions.numpy_values import Dtype, array_of, shape_of
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.companions.stream import Stream
    from keramos.types.companions import Record


def array_reader(work: int) -> Callable[[Record, Stream], object]:
    """What reads the array of a wrapper; ``work`` bounds the pickles of Python values."""

    def read(wrapper: Record, stream: Stream) -> object:
        dtype, state = wrapper.state.get("dtype"), wrapper.state
        if not isinstance(dtype, Dtype):
            raise CorruptModelError("an array of joblib has no dtype")
        if dtype.is_object:
            return load(stream, work)
        if state.get("numpy_array_alignment_bytes") is not None:
            stream.take(stream.byte())
        size = prod(shape_of(state.get("shape"))) * dtype.numpy().itemsize
        order = str(state.get("order", "C"))
        return array_of(dtype, state.get("shape"), stream.take(size), order=order)

    return read
