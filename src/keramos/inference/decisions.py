"""Decisions about many rows: a list, and a table under the names that files of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from keramos.errors import MissingExtraError
from keramos.types.prediction import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import SupportsIndex

    import pandas as pd
    import pyarrow as pa

    from keramos.errors import Problem
    from keramos.types.schema import Label
    from keramos.types.training import DecisionRule

WARNINGS = "warnings"
_SHOWN = 8


def answer_columns(rule: DecisionRule, *, warned: bool) -> tuple[str, ...]:
    """Label, score, and for several classes one score each, or values; with an interval its ends,
    or the possible labels; with ``warned`` the warnings.
    """
    sure, last = rule.interval is not None, (WARNINGS,) if warned else ()
    if rule.several:
        return (*(f"value_{name}" for name in rule.several), *last)
    if rule.kind == "value":
        return ("value", *(("low", "high") if sure else ()), *last)
    several = (f"score_{name}" for name in rule.labels if rule.kind == "argmax")
    return ("label", "score", *several, *(("possible",) if sure else ()), *last)


def answers_of(decision: Decision, rule: DecisionRule) -> tuple[object, ...]:
    """The cells of ``answer_columns``, the warnings always last."""
    last = "; ".join(decision.warnings) or None
    if rule.several:
        return (*decision.scores, last)
    if rule.kind == "value":
        return (decision.score, *(decision.interval or ()), last)
    several = decision.scores if rule.kind == "argmax" else ()
    held = (possible_text(decision.possible),) if rule.interval else ()
    return (decision.label, decision.score, *several, *held, last)


def possible_text(labels: Iterable[Label]) -> str:
    """The possible labels as one cell."""
    return " | ".join(map(str, labels))


class Decisions(list[Decision]):
    """What ``decide`` gives: a list of decisions, one for each good row.

    ``rows`` has the 1-based row number of each decision, ``problems`` the cells for which other
    rows were left out (``on_error="skip"``).

    Example:
        >>> found = model.decide(frame)
        >>> found[0].label
        >>> frame.join(found.to_pandas())
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        rule: DecisionRule,
        *,
        rows: Sequence[int] | None = None,
        problems: Sequence[Problem] = (),
        index: object = None,
        warned: bool = False,
    ) -> None:
        """``index`` is that of the pandas table in which the rows came, if they did; ``warned``
        says whether rows were compared with those of training.
        """
        super().__init__(decisions)
        self.rule = rule
        self.rows = range(1, len(decisions) + 1) if rows is None else rows
        self.problems = tuple(problems)
        self._index = index
        self._warned = warned

    @overload
    def __getitem__(self, which: SupportsIndex) -> Decision: ...

    @overload
    def __getitem__(self, which: slice) -> Decisions: ...

    def __getitem__(self, which: SupportsIndex | slice) -> Decision | Decisions:
        """One decision, or some of them with the numbers of their rows."""
        if not isinstance(which, slice):
            return super().__getitem__(which)
        return Decisions(
            super().__getitem__(which),
            self.rule,
            rows=self.rows[which],
            problems=self.problems,
            index=self._index,
            warned=self._warned,
        )

    def to_arrow(self) -> pa.Table:
        """A pyarrow table: ``row`` and the columns that ``keramos predict`` writes.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415 (an extra)
        except ImportError:
            raise MissingExtraError(
                "an Arrow table needs pyarrow",
                remedy="Install it with: pip install 'keramos[tables]'",
            ) from None
        return pa.table(self._columns())

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame of label, score and so on, with the index of the DataFrame that was decided;
        otherwise its index is the number of the row, from 0.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 (not a dependency)
        except ImportError:
            raise MissingExtraError(
                "a DataFrame needs pandas", remedy="Install it with: pip install pandas"
            ) from None
        columns = self._columns()
        places = [row - 1 for row in columns.pop("row")]
        index: Any = self._index  # pandas has no types here
        return pd.DataFrame(columns, index=places if index is None else index[places])

    def _columns(self) -> dict[str, list[Any]]:  # cells have the type of their column
        cells = self._cells(len(self))
        return {name: [row[place] for row in cells] for place, name in enumerate(self._names())}

    def _names(self) -> tuple[str, ...]:
        return ("row", *answer_columns(self.rule, warned=self._warned))

    def _cells(self, rows: int) -> list[tuple[object, ...]]:
        """The first rows of the table."""
        size = len(self._names())
        return [
            (row, *answers_of(one, self.rule))[:size]
            for row, one in zip(self.rows, self[:rows], strict=False)
        ]

    def _count(self) -> str:
        return f"{len(self)} decision{'' if len(self) == 1 else 's'}"

    def __repr__(self) -> str:
        """The first decisions, one a line."""
        lines = [f"  row {row}: {one.rule}" for row, one in zip(self.rows, self[:_SHOWN])]  # noqa: B905 (the first)
        more = len(self) - len(lines)
        return "\n".join(
            [
                self._count(),
                *lines,
                *([f"  ... and {more} more"] if more else []),
                *([f"  {len(self.problems)} cells refused"] if self.problems else []),
            ]
        )

    def _repr_html_(self) -> str:
        from keramos.drawing.notebook import table, view  # noqa: PLC0415 (only notebooks draw)

        rows = [list(cells) for cells in self._cells(_SHOWN)]
        more = len(self) - len(rows)
        return view(
            self._count() + (f", the first {_SHOWN} shown" if more > 0 else ""),
            table(self._names(), rows),
        )
