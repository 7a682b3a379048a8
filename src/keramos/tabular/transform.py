"""What transforms of numbers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.tabular.plan import Plan
    from keramos.types.network import TensorRef

    Floats = NDArray[np.float64]

Parameters = dict[str, tuple[float, ...]]
"""Field of a transform -> its numbers, as the file stores them."""


class NumberTransform(ABC):
    """One step of preprocessing all numbers side by side: fitted on training rows, expressed in
    built-in layers. A subclass is a frozen dataclass whose fields are tuples of numbers.
    """

    __slots__ = ()
    name: ClassVar[str]
    """In the table of transforms and in files."""

    @classmethod
    @abstractmethod
    def fit(cls, values: Floats) -> Self:
        """Learn from training rows, shape (rows, numbers); NaN where a number is missing."""

    @abstractmethod
    def apply(self, values: Floats) -> tuple[Floats, Floats | None]:
        """What ``layers`` compute, by numpy: the numbers, and further features beside them."""

    @abstractmethod
    def layers(self, plan: Plan, x: TensorRef) -> tuple[TensorRef, TensorRef | None]:
        """Add layers that turn ``x`` into the numbers, and into further features beside them."""

    def further(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the further features, for numbers of these names."""
        del names
        return ()

    def parameters(self) -> Parameters:
        """The fitted numbers, to be stored."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def restored(cls, parameters: Mapping[str, tuple[float, ...]]) -> Self:
        """The transform with stored parameters."""
        return cls(**parameters)
