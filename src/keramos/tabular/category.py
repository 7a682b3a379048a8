"""What both kinds of categories have in common: a vocabulary, and a level for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from keramos.tabular.kind import Kind, NotPlainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation

_MOST_NAMED = 200
"""Categories that a JSON Schema lists one by one at most."""

_MOST_TYPED = 4096
"""Categories that msgspec tells apart at most."""


class Category(Kind):
    """A column of categories."""

    is_category = True
    other: Json
    """JSON Schema of any category."""
    first: ClassVar[object]
    """Example where there is no vocabulary."""

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """Categories of the vocabulary, as they are."""
        known, word, null = frozenset(column.categories), self.word, self.null_code
        nullable = column.null_policy != "refuse"

        def encode(cell: object) -> object:
            if type(cell) is word and cell in known:
                return cell
            if cell is None and nullable:
                return null
            raise NotPlainError

        return encode

    def json_type(self, column: ColumnPreparation) -> object:
        """One of the vocabulary, if that is small enough."""
        return Literal[column.categories] if 0 < len(column.categories) <= _MOST_TYPED else None

    def json_schema(self, column: ColumnPreparation) -> Json:
        """Any value is taken: those of the vocabulary are listed, others share the level of the
        unseen.
        """
        if column.unknown == "refuse" and 0 < len(column.categories) <= _MOST_NAMED:
            return {"enum": list(column.categories), "description": "Any other is refused."}
        if not 0 < len(column.categories) <= _MOST_NAMED:
            count = f"One of {len(column.categories)} categories; others count as unseen."
            return self.other | {"description": count}
        known = {
            "enum": list(column.categories),
            "description": "The categories of the training rows.",
        }
        return {"anyOf": [known, self.other | {"description": "Any other counts as unseen."}]}

    def example(self, column: ColumnPreparation) -> object:
        """The most frequent category."""
        return column.categories[0] if column.categories else self.first
