"""What a dataset says of its values, before they are read: shape, kind, value of what is not
stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.errors import CorruptModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.artifact.hdf5.dataspaces import Dataspace
    from keramos.artifact.hdf5.datatypes import Datatype

    Array = NDArray[np.generic]


class Chunks(Frozen, frozen=True):
    """Where to look up a dataset's chunks. ``kind`` is 0 for a version 1 B-tree; ``detail`` has its
    parameters.
    """

    shape: tuple[int, ...]
    kind: int
    address: int | None
    detail: tuple[int, ...] = ()
    whole_edges: bool = True


class Values(Frozen, frozen=True):
    """What a dataset holds, before its values are read."""

    owner: int
    space: Dataspace
    kind: Datatype
    fill: bytes


def filled(values: Values) -> Array:
    """An array of the fill value."""
    kind = np.dtype(values.kind.numpy)
    native = kind.newbyteorder("=")
    shape = cast("tuple[int, ...]", values.space.shape)
    if not values.fill.strip(b"\0"):
        return np.zeros(shape, native)
    if len(values.fill) != kind.itemsize:
        raise CorruptModelError(
            f"the fill value has another size than the {kind.itemsize} bytes of a value",
            received=f"{len(values.fill)} bytes",
        )
    return np.full(shape, np.frombuffer(values.fill, kind)[0], native)
