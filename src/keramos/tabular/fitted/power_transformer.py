"""PowerTransformer: powers that make columns like the normal distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.tabular.column_steps import applied
from keramos.tabular.fitted.attributes import flag, floats, word
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.host import host_row
from keramos.tabular.fitted.standard_scaler import StandardScaler
from keramos.types.companions import Record
from keramos.types.schema import ColumnStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row


@dataclass(frozen=True, slots=True)
class PowerTransformer(Fitted):
    """The method, the exponent of each column, and the scaling afterwards (None: none)."""

    name = "PowerTransformer"
    method: str
    exponents: tuple[float, ...]
    scaling: StandardScaler | None

    @classmethod
    def read(cls, record: Record) -> Self:
        """``lambdas_``, ``method`` and ``_scaler``."""
        scaler = record.state.get("_scaler")
        standardised = flag(record, "standardize", default=True) and isinstance(scaler, Record)
        return cls(
            word(record, "method", "yeo-johnson").replace("-", "_"),
            tuple(floats(record, "lambdas_").tolist()),
            StandardScaler.read(scaler) if standardised else None,  # type: ignore[arg-type]
        )

    def _steps(self) -> list[ColumnStep]:
        return [ColumnStep(self.method, {"exponent": (one,)}) for one in self.exponents]

    @property
    def inputs(self) -> int:
        """One number for each exponent."""
        return len(self.exponents)

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """Powers, then scaled."""
        pairs = zip(columns, self._steps(), strict=True)
        found: list[Cells] = [applied((step,), column.astype(float)) for column, step in pairs]
        return found if self.scaling is None else self.scaling.apply(found)

    def layers(self, front: Front, row: Row) -> Row:
        """A step of the host, then Rescaling."""
        row = host_row(self.name, front, row, self._steps())
        return row if self.scaling is None else self.scaling.layers(front, row)
