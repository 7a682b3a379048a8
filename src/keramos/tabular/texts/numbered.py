"""The words of one text as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Numbered(NamedTuple):
    """What the network takes of one text, and by word whether the vocabulary has it."""

    values: NDArray[np.generic]
    known: tuple[bool, ...]
