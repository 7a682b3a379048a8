"""keramos score: decide every row of a data set of any size."""

from __future__ import annotations

import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

import click

from keramos.cli.answers import answer_options, as_plan, findings
from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import is_quiet, remark, say
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.limits import Limits
    from keramos.types.scoring import DatabaseTable, Progress, Query, ScoringSummary

_BAR = 24


@click.command(
    "score",
    epilog="Example: keramos score model.h5 in.parquet -o out.parquet --keep id --on-error skip",
)
@click.argument("model", type=PATH)
@click.argument("source", required=False, type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="File or folder to write, or - for standard output.  [default: -, without --to-sql]",
)
@click.option(
    "--from-sql", metavar="URL", help="Database to read instead of SOURCE (with --query)."
)
@click.option("--query", help="SELECT whose rows are decided.")
@click.option("--to-sql", metavar="URL", help="Database to write instead of OUTPUT (with --table).")
@click.option("--table", help="Table to write, or SCHEMA.TABLE.")
@click.option(
    "--if-exists",
    type=click.Choice(["fail", "append", "replace"]),
    default="fail",
    show_default=True,
)
@answer_options
@click.option(
    "--require-signature",
    metavar="KEY",
    type=PATH,
    help="Open MODEL only if it is signed for this public key.",
)
@click.option(
    "--summary",
    default="",
    type=PATH,
    help="Where the summary goes.  [default: OUTPUT.summary.json]",
)
@click.option(
    "--resume", is_flag=True, help="Go on where an interrupted run of the same job stopped."
)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option(
    "--ray-address",
    default="",
    help="Head of a Ray cluster, host:port.  [default: RAY_ADDRESS or here]",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    default=0,
    help="Processes on the cluster.  [default: one for each of its processors]",
)
@click.option(
    "--part-rows",
    default=1 << 25,
    show_default=True,
    help="Rows after which the work so far is safe.",
)
@by_option
@replace_option
@limit_option
@json_option("The summary as JSON.")
def command(
    model: str,
    source: str | None,
    output: str | None,
    *,
    replace: dict[str, str],
    by: str | None,
    limits: Limits,
    as_json: bool,
    **options: object,
) -> None:
    """Decide every row of SOURCE with MODEL: a file, a pattern, a folder, a URL, or - for standard
    input.

    Rows are read, decided and written at once; memory does not grow with them. The result appears
    when it is whole; to standard output rows go as they are decided.

    Databases are written sqlite:///folder/file.db or postgresql://user@host:5432/database; a
    password is better given as PostgreSQL's own tools take it (PGPASSWORD, ~/.pgpass) than in the
    URL, which other users of a machine can see.
    """
    from keramos.pipeline.load import load
    from keramos.scoring.run import score

    rows = _rows(source, options.pop("from_sql"), options.pop("query"))
    answers = _answers(output, *(options.pop(name) for name in ("to_sql", "table", "if_exists")))
    key = options.pop("require_signature")
    given = as_plan(options)
    try:
        opened = load(model, replace=replace, require_signature=key, by=by, limits=limits)  # type: ignore[arg-type]  # a path
        summary = score(opened, rows, answers, on_progress=_watch(), **given)  # type: ignore[arg-type]  # click checks them
    except BrokenPipeError:
        # Whoever reads standard output has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    except BaseException as error:
        for note in getattr(error, "__notes__", []):
            say(f"keramos: {note}", err=True)
        raise
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(summary)).decode(), err=answers == "-")
    else:
        remark(*_closing(summary), err=True)


def _rows(source: str | None, url: object, query: object) -> str | Query:
    """What SOURCE or --from-sql and --query say."""
    from keramos.types.scoring import Query

    if bool(url) != bool(query):
        raise click.UsageError(
            "--from-sql and --query go together: the database, and the SELECT that gives its rows"
        )
    if bool(source) == bool(url):
        raise click.UsageError(
            "name what to score: either SOURCE, or --from-sql URL --query SELECT"
        )
    return Query(str(url), str(query)) if url else str(source)


def _answers(
    output: str | None, url: object, table: object, if_exists: object
) -> str | DatabaseTable:
    """What --output or --to-sql, --table and --if-exists say."""
    from keramos.types.scoring import DatabaseTable

    if bool(url) != bool(table):
        raise click.UsageError(
            "--to-sql and --table go together: the database, and the table to write"
        )
    if output and url:
        raise click.UsageError(
            "name where answers go: either -o OUTPUT, or --to-sql URL --table NAME"
        )
    return DatabaseTable(str(url), str(table), if_exists) if url else output or "-"  # type: ignore[arg-type]  # click checks


def _watch() -> Callable[[Progress], None] | None:
    """A bar that is drawn again on a terminal, a line every few seconds elsewhere."""
    if is_quiet():
        return None
    live = sys.stderr.isatty()
    every, last = (0.1, 0.0) if live else (5.0, monotonic())

    def show(progress: Progress) -> None:
        nonlocal last
        if monotonic() - last >= every:
            last = monotonic()
            click.echo(
                f"\r{_line(progress)}\x1b[K" if live else _line(progress), err=True, nl=not live
            )

    return show


def _line(progress: Progress) -> str:
    rate = progress.rows_now / max(progress.seconds, 1e-9)
    parts = [f"{progress.rows:,} rows", f"{rate:,.0f} rows/s", f"{progress.rejected:,} bad"]
    if progress.bytes_all:
        part = min(progress.bytes_done / progress.bytes_all, 1.0)
        left = (
            (progress.bytes_all - progress.bytes_done)
            * progress.seconds
            / max(progress.bytes_now, 1)
        )
        done = round(part * _BAR)
        parts = [f"[{'#' * done}{'.' * (_BAR - done)}] {part:4.0%}", *parts, f"{left:,.0f} s left"]
    return "  ".join(parts)


def _closing(summary: ScoringSummary) -> list[str]:
    found = summary.totals
    rate = found.rows / max(summary.seconds, 1e-9)
    lines = [
        (
            f"{found.rows:,} rows = {found.decided:,} decided + {found.rejected:,} rejected "
            f"in {summary.seconds:,.1f} s ({rate:,.0f} rows/s)"
        )
    ]
    lines += findings(summary, summary.rejects)
    lines += [
        f"column '{drift.observed.input}' has moved since training: stability index {drift.psi:.2f}"
        for drift in found.drift
        if drift.moved
    ]
    return lines
