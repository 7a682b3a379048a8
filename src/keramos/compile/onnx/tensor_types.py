"""What the shape rules share: the view they have of a tensor, and arithmetic on sizes."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol, cast

from keramos.errors import MismatchError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int | None, ...]
Kind = tuple[str, Shape]
"""dtype and shape of one output."""


class Tensor(Protocol):
    """What a rule may know about an input."""

    @property
    def dtype(self) -> str:
        """Numpy dtype name, or ``str``."""

    @property
    def shape(self) -> Shape:
        """Sizes; None is free."""

    @property
    def const(self) -> NDArray[np.generic] | None:
        """The array of an initialiser."""


def ints(value: object) -> list[int]:
    """Integers of an attribute or of a constant input."""
    return [int(item) for item in cast("Iterable[int]", value)]


def whole(value: object) -> int:
    """One integer of an attribute, or a size that is not free."""
    return ints([value])[0]


def const_ints(tensor: Tensor | None) -> list[int] | None:
    """Integers of a constant input; None where it is computed at run time."""
    return None if tensor is None or tensor.const is None else ints(tensor.const.ravel())


def broadcast(*shapes: Shape) -> Shape:
    """Numpy's broadcasting; a free size meets 1 or itself.

    Raises:
        MismatchError: two sizes differ and neither is 1.
    """
    out: list[int | None] = []
    for sizes in zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1):
        known = {size for size in sizes if size not in (1, None)}
        if len(known) > 1:
            raise MismatchError(
                f"shapes {' and '.join(str(shape) for shape in shapes)} do not fit together"
            )
        out.append(known.pop() if known else None if None in sizes else 1)
    return tuple(reversed(out))
