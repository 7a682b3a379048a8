"""Options that predict and score share: which columns answers have, in which format, and what
becomes of bad rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH, columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keramos.types.scoring import ScoringSummary, Totals

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")

_OPTIONS = (
    click.option(
        "--keep",
        multiple=True,
        metavar="COLUMN",
        shell_complete=columns_of("source"),
        help="Column to carry along (repeat for more); without it, and where rows are left out, "
        "rows have their number.",
    ),
    click.option(
        "--columns",
        metavar="A,B,C",
        help="Of a plain Keras file: its inputs in order.  [default: all numbers]",
    ),
    click.option(
        "--on-error",
        type=click.Choice(["fail", "skip"]),
        default="fail",
        show_default=True,
        help="fail: write nothing if a row is bad. skip: decide the others, list the bad ones.",
    ),
    click.option(
        "--rejects",
        default="",
        type=PATH,
        help="File for bad rows.  [default: OUTPUT with .rejected.csv; none for standard output]",
    ),
    click.option(
        "--format",
        "source_format",
        type=click.Choice(FORMATS),
        help="Of the table, if its name does not say.  [default of -: csv]",
    ),
    click.option(
        "--to-format",
        "target_format",
        type=click.Choice(FORMATS),
        help="Of OUTPUT, if its name does not say.  [default of -: csv]",
    ),
    click.option(
        "--warnings/--no-warnings",
        default=True,
        help="A column that names numbers outside the training range and unknown categories.  "
        "[default: on]",
    ),
)


def answer_options(command: Callable[..., None]) -> Callable[..., None]:
    """Both commands have these, under the names of ``ScoringPlan``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def as_plan(given: dict[str, object]) -> dict[str, object]:
    """What was given as fields of ``ScoringPlan``."""
    names = given.pop("columns")
    plan = {name: "" if value is None else value for name, value in given.items()}
    return {**plan, "columns": tuple(str(names).split(",")) if names else ()}


def findings(summary: ScoringSummary, side: str) -> Iterator[str]:
    """What is to be said of the rows, one line each; ``side`` is the file of bad rows, if any."""
    for rule in summary.totals.rules:
        place = f"column '{rule.column}': " if rule.column else ""
        yield f"  {rule.cells:,} x {place}{rule.rule}"
    if summary.totals.rejected and side:
        yield f"  bad rows: {side}"
    yield from (f"  {words}" for words in _observed(summary.totals))
    if summary.ignored:
        yield "  ignored columns: " + ", ".join(summary.ignored)


def _observed(totals: Totals) -> Iterator[str]:
    """What was seen in the decided rows, a clause for each column and finding."""
    found: dict[str, str] = {}
    for drift in totals.drift:
        seen = drift.observed
        for count, words in (
            (seen.missing, f"missing '{drift.column}' filled"),
            (seen.unknown, f"unknown '{drift.column}'"),
            (seen.below + seen.above, f"'{drift.column}' outside the training range"),
        ):
            if count:  # a date has several inputs
                found.setdefault(words, f"{count:,} {words}")
    yield from found.values()
