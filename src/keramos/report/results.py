"""Decisions as files: CSV, TSV, JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.errors import Problem
    from keramos.types.prediction import Decision
    from keramos.types.training import DecisionRule

Records = list[dict[str, object]]


def records(decisions: Sequence[Decision], rows: Sequence[int], rule: DecisionRule) -> Records:
    """One record a decision: row number, label, score, and for several classes one score each."""
    several = rule.kind == "argmax"
    found: Records = []
    for row, decision in zip(rows, decisions, strict=True):
        record: dict[str, object] = {"row": row}
        if rule.kind == "value":
            record["value"] = decision.score
        else:
            record |= {"label": decision.label, "score": decision.score}
        if several:
            record |= {
                f"score_{name}": score
                for name, score in zip(rule.labels, decision.scores, strict=True)
            }
        found.append(record)
    return found


def problem_records(problems: Sequence[Problem]) -> Records:
    """One record a cell that breaks a rule."""
    return [
        {
            "row": problem.row,
            "column": problem.column,
            "value": problem.value,
            "reason": problem.reason,
        }
        for problem in problems
    ]


def _delimited(delimiter: str) -> Callable[[Records], str]:
    def render(rows: Records) -> str:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(
            buffer, list(rows[0]) if rows else [], delimiter=delimiter, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
        return buffer.getvalue()

    return render


def _json_lines(rows: Records) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


RENDERERS: dict[str, Callable[[Records], str]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _json_lines,
}
"""File extension -> text of the records."""
