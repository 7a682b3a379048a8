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

    Renderer = Callable[[Sequence[str], "Records"], str]

Records = list[dict[str, object]]
PROBLEM_COLUMNS = ("row", "column", "value", "reason")


def records(decisions: Sequence[Decision], rows: Sequence[int], rule: DecisionRule) -> Records:
    """One record a decision, with the keys of ``record_columns``."""
    names = record_columns(rule)
    return [
        dict(zip(names, (row, *_answers(decision, rule)), strict=True))
        for row, decision in zip(rows, decisions, strict=True)
    ]


def record_columns(rule: DecisionRule) -> tuple[str, ...]:
    """Row number, label, score, and for several classes one score each."""
    if rule.kind == "value":
        return ("row", "value")
    several = (f"score_{name}" for name in rule.labels if rule.kind == "argmax")
    return ("row", "label", "score", *several)


def _answers(decision: Decision, rule: DecisionRule) -> tuple[object, ...]:
    if rule.kind == "value":
        return (decision.score,)
    several = decision.scores if rule.kind == "argmax" else ()
    return (decision.label, decision.score, *several)


def problem_records(problems: Sequence[Problem]) -> Records:
    """One record a cell that breaks a rule."""
    return [{name: getattr(problem, name) for name in PROBLEM_COLUMNS} for problem in problems]


def _delimited(delimiter: str) -> Renderer:
    def render(names: Sequence[str], rows: Records) -> str:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, names, delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return buffer.getvalue()

    return render


def _json_lines(_: Sequence[str], rows: Records) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


RENDERERS: dict[str, Renderer] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _json_lines,
}
"""File extension -> text of the records under their names, which a table without rows has too."""
