"""Decisions about many rows: a list, and a table under the names that files of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keramos.errors import MissingExtraError
from keramos.types.prediction import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    import pyarrow as pa

    from keramos.errors import Problem
    from keramos.types.schema import Label
    from keramos.types.training import DecisionRule

Records = list[dict[str, object]]
_SHOWN = 8


def record_columns(rule: DecisionRule) -> tuple[str, ...]:
    """Row number, label, score, and for several classes one score each; with an interval its ends,
    or the possible labels.
    """
    sure = rule.interval is not None
    if rule.kind == "value":
        return ("row", "value", *(("low", "high") if sure else ()))
    several = (f"score_{name}" for name in rule.labels if rule.kind == "argmax")
    return ("row", "label", "score", *several, *(("possible",) if sure else ()))


def records(decisions: Sequence[Decision], rows: Sequence[int], rule: DecisionRule) -> Records:
    """One record a decision, with the keys of ``record_columns``."""
    names = record_columns(rule)
    return [
        dict(zip(names, (row, *_answers(decision, rule)), strict=True))
        for row, decision in zip(rows, decisions, strict=True)
    ]


def _answers(decision: Decision, rule: DecisionRule) -> tuple[object, ...]:
    if rule.kind == "value":
        return (decision.score, *(decision.interval or ()))
    several = decision.scores if rule.kind == "argmax" else ()
    held = (possible_text(decision.possible),) if rule.interval else ()
    return (decision.label, decision.score, *several, *held)


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
    ) -> None:
        """``index`` is that of the pandas table in which the rows came, if they did."""
        super().__init__(decisions)
        self.rule = rule
        self.rows = range(1, len(decisions) + 1) if rows is None else rows
        self.problems = tuple(problems)
        self._index = index

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
        names = record_columns(self.rule)
        found = records(self, self.rows, self.rule)
        return {name: [record[name] for record in found] for name in names}

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

        names = record_columns(self.rule)
        rows = [list(one.values()) for one in records(self[:_SHOWN], self.rows[:_SHOWN], self.rule)]
        more = len(self) - len(rows)
        return view(
            self._count() + (f", the first {_SHOWN} shown" if more > 0 else ""),
            table(names, rows),
        )
