"""Transforms that mix columns: x times a matrix, plus a row."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from keramos.tabular.fitted.fitted import Fitted, numeric, split
from keramos.tabular.fitted.front import Made

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row


class Projection(Fitted):
    """(x - centre) times a matrix."""

    __slots__ = ()

    @abstractmethod
    def centre(self) -> NDArray[np.float64]:
        """What is subtracted first, shape (inputs,)."""

    @abstractmethod
    def kernel(self) -> NDArray[np.float64]:
        """Shape (inputs, outputs)."""

    @property
    def inputs(self) -> int:
        """The rows of the matrix."""
        return len(self.kernel())

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The product."""
        return split((numeric(columns) - self.centre()) @ self.kernel())

    def layers(self, front: Front, row: Row) -> Row:
        """Rescaling and Dense."""
        x, width = front.numbers(row)
        x = front.affine(x, [1.0] * width, (-self.centre()).tolist())
        kernel = self.kernel()
        return [Made(front.dense(self.name.lower(), x, kernel), kernel.shape[1])]
