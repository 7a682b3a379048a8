"""Decisions as the block of columns that files of answers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.inference.decisions import answer_columns, answers_of
from keramos.types.block import Block, Field, Fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.inference.deciding import Decided
    from keramos.types.block import Cells
    from keramos.types.training import DecisionRule


_TYPES = {"low": "double", "high": "double", "possible": "string", "warnings": "string"}


def decision_block(decided: Decided, rule: DecisionRule, files: Sequence[str]) -> Block:
    """The number of each row, and its answers; before them its file, where ``files`` has one for
    each row. Scores are float32, as computed.
    """
    names = answer_columns(rule, warned=False)
    cells = [answers_of(one, rule)[: len(names)] for one in decided.decisions]
    label = {str: "string", bool: "bool", int: "int64"}
    kinds = [
        label[type(rule.labels[0])] if name == "label" else _TYPES.get(name, "float")
        for name in names
    ]
    keys = {"file": "string", "row": "int64"} if files else {"row": "int64"}
    fields = [*(Field(*key) for key in keys.items()), *map(Field, names, kinds)]
    columns: dict[str, Cells] = {
        **({"file": [files[row - 1] for row in decided.rows]} if files else {}),
        "row": list(decided.rows),
        **{name: [row[place] for row in cells] for place, name in enumerate(names)},
    }
    return Block(Fields(fields), columns, len(cells))
