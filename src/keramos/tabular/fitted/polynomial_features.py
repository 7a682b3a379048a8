"""PolynomialFeatures: products of columns up to a degree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations, combinations_with_replacement
from typing import TYPE_CHECKING, Self

import numpy as np

from keramos.errors import LimitExceededError
from keramos.tabular.fitted.attributes import cells, count, flag
from keramos.tabular.fitted.fitted import Fitted, numeric, split
from keramos.tabular.fitted.front import Made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.tabular.fitted.fitted import Cells
    from keramos.tabular.fitted.front import Front, Row
    from keramos.types.companions import Record

_MOST_TERMS = 20_000
_MOST_DEGREE = 8


@dataclass(frozen=True, slots=True)
class PolynomialFeatures(Fitted):
    """How many columns there are, and the columns that each term multiplies."""

    name = "PolynomialFeatures"
    size: int
    terms: tuple[tuple[int, ...], ...]

    @classmethod
    def read(cls, record: Record) -> Self:
        """``degree``, ``interaction_only``, ``include_bias`` and the number of columns."""
        size = count(record, "n_features_in_", "n_input_features_")
        least, most = _degrees(record.state.get("degree", 2))
        if size**most > 100 * _MOST_TERMS or most > _MOST_DEGREE:
            raise LimitExceededError("the polynomial has too many terms", option="degree")
        only = flag(record, "interaction_only", default=False)
        pick = combinations if only else combinations_with_replacement
        begin = [()] if flag(record, "include_bias", default=True) else []
        found = chain.from_iterable(
            pick(range(size), degree) for degree in range(max(1, least), most + 1)
        )
        terms = (*begin, *found)
        if len(terms) > _MOST_TERMS:
            raise LimitExceededError("the polynomial has too many terms", option="degree")
        return cls(size, terms)

    @property
    def inputs(self) -> int:
        """All columns."""
        return self.size

    def names(self, names: Sequence[str]) -> list[str]:
        """The factors."""
        return [" ".join(_powers(term, names)) or "1" for term in self.terms]

    def apply(self, columns: Sequence[Cells]) -> list[Cells]:
        """The products."""
        values = numeric(columns)
        return split(np.column_stack([values[:, list(term)].prod(1) for term in self.terms]))

    def layers(self, front: Front, row: Row) -> Row:
        """A Dense layer of 0 and 1 for each factor of the terms, then Multiply."""
        x, _ = front.numbers(row)
        degree = max(map(len, self.terms), default=1)
        factors = []
        for factor in range(max(1, degree)):
            kernel, bias = np.zeros((self.size, len(self.terms))), np.ones(len(self.terms))
            for place, term in enumerate(self.terms):
                if factor < len(term):
                    kernel[term[factor], place], bias[place] = 1, 0
            factors.append(front.dense(f"factor_{factor + 1}", x, kernel, bias))
        product = (
            factors[0] if len(factors) == 1 else front.plan.add("Multiply", "terms", {}, factors)
        )
        return [Made(product, len(self.terms))]


def _degrees(value: object) -> tuple[int, int]:
    if isinstance(value, (tuple, list)):
        least, most = cells(value, "degree")
        return int(str(least)), int(str(most))
    return 0, int(str(value))


def _powers(term: tuple[int, ...], names: Sequence[str]) -> list[str]:
    counts = {place: term.count(place) for place in term}
    return [names[place] + (f"^{n}" if n > 1 else "") for place, n in counts.items()]
