"""PCA: the components with the largest variance, whitened where that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import CorruptModelError
from keramos.tabular.fitted.attributes import flag, floats, matrix
from keramos.tabular.fitted.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class PCA(Projection):
    """The mean, and a row of weights for each component."""

    name = "PCA"
    mean: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """``mean_`` and ``components_``."""
        components, mean = matrix(record, "components_"), floats(record, "mean_")
        if flag(record, "whiten", default=False):
            deviation = np.sqrt(floats(record, "explained_variance_"))
            least = np.finfo(float).eps
            components = components / np.where(deviation < least, least, deviation)[:, None]
        if components.shape[1] != len(mean):
            raise CorruptModelError("mean and components do not fit", path="components_")
        return cls(tuple(mean.tolist()), tuple(map(tuple, components.tolist())))

    def centre(self) -> NDArray[np.float64]:
        """The mean."""
        return np.array(self.mean)

    def kernel(self) -> NDArray[np.float64]:
        """The components as columns."""
        return np.array(self.components).T

    def names(self, names: Sequence[str]) -> list[str]:
        """``pca0``, ``pca1`` ..."""
        del names
        return [f"pca{place}" for place in range(len(self.components))]
