"""Booleans: true and false, also written as 1 and 0."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import Refused
from keramos.tabular.kind import Encoded, Kind, NotPlainError
from keramos.types.schema import MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation
    from keramos.types.table import Column

_TEXTS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


class Boolean(Kind):
    """A column of true and false; the model receives 1 and 0."""

    name = "boolean"
    noun = "booleans"
    refusal = "not true or false"
    dtype = "float64"
    filler = np.nan
    input_dtype = "float32"
    array_dtype = np.float32
    in_matrix = True
    null_code = MISSING_NUMBER
    tensor_dtype = "bool"

    def _value(self, cell: object) -> object:
        if isinstance(cell, str):
            return _TEXTS.get(cell.lower(), Refused(self.refusal))
        if isinstance(cell, (bool, int, float, Decimal)) and cell in (0, 1):
            return float(cell)
        return self._refused(cell)

    def _vector(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        if values.dtype.kind not in "bif":
            return None
        return values.astype(float), np.isin(values, [0, 1])

    def encode(self, column: Column, part: str) -> Encoded:
        """1 and 0 as float32, with the code for missing."""
        del part
        filled = np.where(
            column.missing, MISSING_NUMBER, np.nan_to_num(column.values.astype(float))
        )
        return Encoded(filled.astype("float32").reshape(-1, 1))

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """True and false, as numbers."""
        nullable = column.null_policy != "refuse"

        def encode(cell: object) -> object:
            if cell is True or cell is False:
                return float(cell)
            if cell is None and nullable:
                return MISSING_NUMBER
            raise NotPlainError

        return encode

    def json_type(self, column: ColumnPreparation) -> object:
        """True or false."""
        del column
        return bool

    def json_schema(self, column: ColumnPreparation) -> Json:
        """A boolean."""
        del column
        return {"type": "boolean"}

    def example(self, column: ColumnPreparation) -> object:
        """What most training rows have."""
        return column.median > 0
