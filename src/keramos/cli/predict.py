"""keramos predict: decide the rows of a table."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import say
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.errors import Problem
    from keramos.inference.model import Decided, Model
    from keramos.types.table import Table
    from keramos.types.training import DecisionRule


@click.command(
    "predict", epilog="Example: keramos predict model.h5 new.csv -o decisions.csv --on-error skip"
)
@click.argument("model")
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@click.option(
    "-o", "--output", help="File to write: .csv, .tsv or .jsonl.  [default: standard output as CSV]"
)
@click.option(
    "--trace", "traces", default=0, metavar="N", help="Show the four steps for the first N rows."
)
@json_option("Decisions as JSON Lines.")
@click.option(
    "--on-error",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="fail: write nothing if a row is bad. skip: decide the others, list bad ones in a side "
    "file.",
)
@click.option(
    "--require-signature",
    metavar="KEY",
    help="Open MODEL only if it is signed for this public key.",
)
@by_option
@replace_option
@limit_option
@click.option(
    "--rejects",
    help="Side file for bad rows.  [default: OUTPUT with .rejected before its extension]",
)
def command(
    model: str,
    tables: tuple[str, ...],
    *,
    output: str | None,
    traces: int,
    as_json: bool,
    on_error: str,
    rejects: str | None,
    **opening: object,
) -> None:
    """Decide every row of TABLE (.csv .tsv .jsonl .parquet .arrow, or - for CSV) with MODEL.

    Columns are found by name in any order; the target is not needed, extra columns are ignored. A
    model of pictures takes picture files and folders instead, a model of texts also texts; the last
    rows of the table are the window of a model of series, which gives one answer.
    """
    from keramos.data.conform import row_error
    from keramos.inference.pictures import by_file
    from keramos.pipeline.load import load
    from keramos.pipeline.reading import about
    from keramos.platform.atomic_write import check_target, write_atomically
    from keramos.report.results import RENDERERS

    kind = _kind(output, as_json=as_json)
    side = _side_file(output, rejects)
    for path in (output, rejects or (str(side) if on_error == "skip" else None)):
        if path:
            check_target(path)
            _check_not_read(path, (model, *tables))
    loaded = load(model, **opening)  # type: ignore[arg-type]  # click checks them
    source, files = _source(loaded, tables)
    with about(model):
        decided = loaded.decide_table(source)
    problems = by_file(decided.problems, files) if files else decided.problems
    if problems and on_error == "fail":
        raise row_error(problems, source.source)
    if problems:
        _write_rejects(side, problems)
    content = loaded.content
    if content is None:
        return
    if traces:
        _show_traces(loaded, source, decided, traces)
    text = RENDERERS[kind](*_listed(decided, content.rule, files))
    if output:
        write_atomically(Path(output), text.encode())
    else:
        click.echo(text, nl=False)
    say(_closing(decided, source.rows, side), err=True)


def _write_rejects(path: Path, problems: Sequence[Problem]) -> None:
    from keramos.platform.atomic_write import write_atomically
    from keramos.report.results import PROBLEM_COLUMNS, RENDERERS, problem_records

    render = RENDERERS[_kind(str(path), as_json=False)]
    write_atomically(path, render(PROBLEM_COLUMNS, problem_records(problems)).encode())


def _listed(
    decided: Decided, rule: DecisionRule, files: list[str]
) -> tuple[tuple[str, ...], list[dict[str, object]]]:
    """The columns of the decisions and one record a row, with the file of each row if any."""
    from keramos.inference.decisions import record_columns, records

    names, found = record_columns(rule), records(decided.decisions, decided.rows, rule)
    if not files:
        return names, found
    pairs = zip(decided.rows, found, strict=True)
    return ("file", *names), [{"file": files[row - 1], **one} for row, one in pairs]


def _source(model: Model, paths: tuple[str, ...]) -> tuple[Table, list[str]]:
    """The table of the rows and, for a model of pictures, the file of each."""
    from keramos.data.read import FORMATS, as_table
    from keramos.inference.pictures import picture_bytes, picture_column, picture_paths
    from keramos.inference.raw_inputs import raw_reader

    name = picture_column(model.content) if model.content else None
    if name is None or paths[0] == "-" or Path(paths[0]).suffix.lower() in {*FORMATS, ".gz"}:
        reader = raw_reader(model.content) if name is None else None
        if len(paths) > 1 and not _are_texts(model, paths):
            raise click.UsageError(f"one table is decided at a time; received {len(paths)}")
        given = paths if len(paths) > 1 else paths[0]
        return as_table(given if reader is None else reader(given)), []
    files = picture_paths(paths)
    rows = [{name: picture_bytes(path)} for path in files]
    return replace(as_table(rows), source=paths[0]), list(map(str, files))


def _are_texts(model: Model, given: tuple[str, ...]) -> bool:
    from keramos.inference.texts import is_table

    columns = model.content.schema.columns if model.content else ()
    return [column.kind for column in columns] == ["text"] and not any(map(is_table, given))


def _kind(output: str | None, *, as_json: bool) -> str:
    from keramos.report.results import RENDERERS

    kind = Path(output).suffix.lower() if output else (".jsonl" if as_json else ".csv")
    if kind not in RENDERERS:
        raise click.UsageError(
            f"{output}: the extension must be {', '.join(RENDERERS)}; received '{kind}'"
        )
    return kind


def _check_not_read(target: str, sources: tuple[str, ...]) -> None:
    """Refuse to write over the model or a table."""
    from keramos.errors import UsageError

    for source in sources:
        if os.path.realpath(source) == os.path.realpath(target):
            raise UsageError(
                f"the target is the source {source}", file=target, remedy="Write somewhere else"
            )


def _side_file(output: str | None, rejects: str | None) -> Path:
    if rejects:
        return Path(rejects)
    place = Path(output or "decisions.csv")
    return place.with_name(f"{place.stem}.rejected{place.suffix}")


def _show_traces(model: Model, table: Table, decided: Decided, wanted: int) -> None:
    from keramos.inference.explain import Explainer
    from keramos.report.layout import heading
    from keramos.report.screen import screen_of
    from keramos.report.tracing import explanation

    explainer, screen, content = Explainer(model), screen_of(sys.stderr), model.content
    rule = content.rule if content else None
    for row, decision in zip(decided.rows[:wanted], decided.decisions, strict=False):
        cells = {
            name: None if column.missing[row - 1] else column.values[row - 1]
            for name, column in table.columns.items()
        }
        shown = explanation(explainer.row(model, cells), rule, decision.score, screen)
        click.echo(
            "\n".join([heading(screen, f"prediction trace of row {row}"), *shown, ""]), err=True
        )


def _closing(decided: Decided, rows: int, side: Path) -> str:
    parts = [
        f"{rows} rows: {len(decided.decisions)} decided, {rows - len(decided.decisions)} rejected"
    ]
    if decided.problems:
        parts.append(f"reasons in {side}")
    parts += [f"{count} missing '{name}' filled" for name, count in decided.filled.items()]
    parts += [f"{count} unknown '{name}'" for name, count in decided.unknown.items()]
    if decided.ignored:
        parts.append("ignored columns: " + ", ".join(decided.ignored))
    return "; ".join(parts)
