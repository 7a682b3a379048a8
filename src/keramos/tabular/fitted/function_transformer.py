"""FunctionTransformer: nothing, or a named function of NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from keramos.errors import UnsupportedModelError
from keramos.tabular.column_steps import FUNCTIONS, applied
from keramos.tabular.fitted.attributes import function
from keramos.tabular.fitted.fitted import Fitted
from keramos.tabular.fitted.host import host_row
from keramos.types.schema import ColumnStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record


@dataclass(frozen=True, slots=True)
class FunctionTransformer(Fitted):
    """The function's name, "" for none; the host computes it."""

    name = "FunctionTransformer"
    function: str = ""

    @classmethod
    def read(cls, record: Record) -> Self:
        """``func``, which is never called."""
        named = function(record, "func")
        short = named.rpartition(".")[2]
        if named and (not named.startswith("numpy.") or short not in FUNCTIONS):
            raise UnsupportedModelError(
                "the function is none of NumPy that the host knows", option="func", received=named
            )
        if record.state.get("kw_args"):
            raise UnsupportedModelError("the function has arguments", option="kw_args")
        return cls(short)

    @property
    def inputs(self) -> None:
        """Any number."""
        return

    def names(self, names: Sequence[str]) -> list[str]:
        """The same."""
        return list(names)

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The function of each column."""
        if not self.function:
            return list(columns)
        step = ColumnStep(self.function)
        return [applied((step,), column.astype(float)) for column in columns]

    def layers(self, front: Front, row: Row) -> Row:
        """Nothing: a step of the host."""
        if not self.function:
            return row
        steps = [ColumnStep(self.function)] * len(row)
        return host_row(self.name, front, row, steps)

    def describe(self) -> str:
        """The function."""
        return self.function or "as it is"
