"""Blocks of plain columns, where Arrow is not installed: their cells read, and answers beside the
columns that are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.inference.scored import Labels
from keramos.tabular.distinct_cells import distinct_cells
from keramos.types.block import Block, Field, Fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.tabular.distinct_cells import DistinctCells
    from keramos.types.block import Cells
    from keramos.types.schema import ColumnSchema

_TYPES = {"float32": "float", "float64": "double", "bool": "bool"}
"""numpy's name of a type -> Arrow's, where they differ."""
_NUMBERS = frozenset({"int64", "double", "bool"})


class BlockBatches:
    """Batches that are ``Block``s."""

    def vector(self, array: Cells, column: ColumnSchema) -> None:
        """Each cell is looked at."""

    def numbers(self, array: Cells) -> None:
        """Each cell is looked at."""

    def cells(self, array: Cells, column: ColumnSchema) -> DistinctCells:
        """A column parsed as the schema has it."""
        return distinct_cells(list(array), column)

    def odd(self, array: Cells) -> tuple[str, str]:
        """Text files have no type whose cells cannot be read."""
        del array
        return "", ""

    def shown(self, array: Cells, rows: NDArray[np.int64]) -> list[str]:
        """Some cells of a column, for messages."""
        return [str(array[row]) for row in rows.tolist()]

    def of_numbers(self, given: Fields, names: Sequence[str]) -> list[str]:
        """Which of the columns hold numbers; all of them where each holds text."""
        texts = all(given.field(name).type == "string" for name in names)
        return [name for name in names if texts or given.field(name).type in _NUMBERS]

    def empty(self, given: Fields) -> Block:
        """A batch without rows."""
        return Block(given, {field.name: [] for field in given}, 0)

    def decided(
        self,
        batch: Block,
        keep: Sequence[str],
        places: NDArray[np.int64] | None,
        answers: Mapping[str, NDArray[np.generic] | Labels],
    ) -> Block:
        """The kept columns of some rows, and the answers beside them."""
        rows = range(batch.num_rows) if places is None else places.tolist()
        cells: dict[str, Cells] = {}
        fields = []
        for name in keep:
            field, column = batch.schema.field(name), batch.column(name)
            as_json = field.type == "json"
            fields.append(Field(name, "string" if as_json else field.type))
            cells[name] = [_text(column[row]) if as_json else column[row] for row in rows]
        for name, answer in answers.items():
            kind, cells[name] = _answer(answer)
            fields.append(Field(name, kind))
        return Block(Fields(fields), cells, len(rows))


def _text(cell: object) -> object:
    """A cell of a column of several types as the text that a table has for it."""
    if cell is None or type(cell) is str:
        return cell
    return msgspec.json.encode(cell).decode()


def _answer(answer: NDArray[np.generic] | Labels) -> tuple[str, Cells]:
    """The type of a column of answers, and its cells."""
    if not isinstance(answer, Labels):
        if answer.dtype.kind in "UO":
            return "string", answer.tolist()
        kind = answer.dtype.name
        return _TYPES.get(kind, kind), answer
    kinds = {type(label) for label in answer.labels}
    if kinds in ({int}, {bool}):
        return "int64" if kinds == {int} else "bool", np.array(answer.labels)[answer.chosen]
    texts = np.array([str(label) for label in answer.labels], object)
    return "string", texts[answer.chosen].tolist()
