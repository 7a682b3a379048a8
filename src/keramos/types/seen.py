"""What a model sees of a picture, a text or a series, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SeenPicture:
    """``pixels`` are those of the prepared picture before they are scaled, shape (height, width, 1
    or 3), in RGB whatever the order of the model.
    """

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SeenWords:
    """The first words of a text, each with whether the vocabulary has it; ``total`` counts all,
    ``known`` those that it has.
    """

    words: tuple[tuple[str, bool], ...]
    total: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class SeenSeries:
    """The last rows of one column, shape (rows,), of which the network sees ``window``, and what it
    says comes next; ``forecast`` is empty where the answer is no value of the column.
    """

    column: str
    rows: NDArray[np.float64]
    window: int
    forecast: tuple[float, ...]


Seen = SeenPicture | SeenWords | SeenSeries


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """How much of the score ``about`` is lost where a patch of the picture is hidden: ``lost`` has
    one number a patch, shape (rows, columns); below 0 the score rises.
    """

    about: str
    score: float
    lost: NDArray[np.float64]
