"""Weights of a blend of models, chosen on rows that none of them learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    RowLosses = Callable[[Floats], Floats]

_ADDITIONS = 12


def blend_weights(scores: Mapping[str, Floats], losses: RowLosses) -> dict[str, float]:
    """The weight of each model that the blend keeps, summing to 1.

    ``scores`` (n, K) by name; ``losses`` gives each row's loss of scores. Begins with the equal
    mean of all models whose loss is within one paired standard error of the best, then adds models
    one by one, the same again if it helps, and keeps the best prefix (Caruana's greedy ensemble
    selection).
    """
    by_name = {name: losses(array) for name, array in scores.items()}
    best = min(by_name, key=lambda name: float(by_name[name].mean()))
    picked = [name for name in scores if _is_level(by_name[name] - by_name[best])]
    total = sum(scores[name] for name in picked)
    found = [(float(losses(np.asarray(total / len(picked))).mean()), tuple(picked))]
    for _ in range(_ADDITIONS):
        size = len(picked) + 1
        value, name = min(
            (float(losses(np.asarray((total + scores[name]) / size)).mean()), name)
            for name in scores
        )
        total, picked = total + scores[name], [*picked, name]
        found.append((value, tuple(picked)))
    return _shares(min(found)[1])


def _is_level(differences: Floats) -> bool:
    error = float(differences.std()) / max(len(differences), 1) ** 0.5
    return bool(differences.mean() <= error)


def _shares(picked: tuple[str, ...]) -> dict[str, float]:
    """The share of each name."""
    return {name: picked.count(name) / len(picked) for name in dict.fromkeys(picked)}
