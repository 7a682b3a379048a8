"""Where a picture mattered: patches of it are hidden, one after the other, and the score asked
again.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from keramos.types.seen import Occlusion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Predictor

_SIDES = (8, 6, 4, 3)
"""Patches along one side; fewer where a network is slow."""
_SECONDS = 4.0
"""About how long all patches may take."""
_BATCH = 32 << 20
"""Bytes of pictures that are run at a time."""


def occlusion(model: Predictor, content: Content, fed: Feeds) -> Occlusion | None:
    """How the score of the answer changes where a patch has the mean colour of the picture.

    Args:
        model: the model of one picture.
        content: its content.
        fed: the model's inputs for one picture, shape (1, height, width, channels).

    Returns:
        None where even the coarsest grid would take too long.
    """
    ((name, array),) = fed.items()
    begun = perf_counter()
    scores = model.run(fed)[0].reshape(-1).astype(float)
    taken = perf_counter() - begun
    side = next((one for one in _SIDES if one * one * taken <= _SECONDS), None)
    if side is None:
        return None
    unit, about = answered(scores, content)
    patches = list(_patches(array.shape[1], array.shape[2], side))
    hidden = array.mean(axis=(1, 2), dtype="float64").astype(array.dtype)[0]
    step = max(_BATCH // max(array.nbytes, 1), 1)
    found: list[float] = []
    for at in range(0, len(patches), step):
        many = np.repeat(array, len(patches[at : at + step]), axis=0)
        for one, (rows, columns) in zip(many, patches[at : at + step], strict=True):
            one[rows, columns] = hidden
        answers = model.run({name: many})[0]
        found += answers.reshape(len(many), -1)[:, unit].astype(float).tolist()
    lost: NDArray[np.float64] = (scores[unit] - np.array(found)).reshape(side, side)
    return Occlusion(about, float(scores[unit]), lost)


def answered(scores: NDArray[np.float64], content: Content) -> tuple[int, str]:
    """Which output an explanation is about, and its name."""
    if content.rule.kind == "value":
        return 0, (content.rule.several or (content.schema.target.name,))[0]
    if content.rule.kind == "threshold":
        return 0, f"score of {content.rule.labels[1]}"
    unit = int(scores.argmax())
    return unit, f"score of {content.rule.labels[unit]}"


def _patches(height: int, width: int, side: int) -> Iterator[tuple[slice, slice]]:
    rows, columns = (np.linspace(0, size, side + 1).round().astype(int) for size in (height, width))
    for top, bottom in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True):
        for left, right in zip(columns[:-1].tolist(), columns[1:].tolist(), strict=True):
            yield slice(top, bottom), slice(left, right)
