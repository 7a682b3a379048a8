"""keramos predict: decide the rows of a table, or pictures."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.answers import answer_options, as_plan, findings
from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import remark
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from keramos.inference.model import Model

_STANDARD = "-"
_LITTLE = 1 << 23
"""Bytes of a text file up to which Arrow takes longer to import than it saves."""
_PLAN = ("keep", "columns", "on_error", "rejects", "source_format", "target_format", "warnings")


@click.command(
    "predict", epilog="Example: keramos predict model.h5 new.csv -o decisions.csv --on-error skip"
)
@click.argument("model", type=PATH)
@click.argument("source", nargs=-1, required=True, metavar="TABLE...", type=PATH)
@click.option(
    "-o",
    "--output",
    default=_STANDARD,
    type=PATH,
    help="File to write, or - for standard output.  [default: -]",
)
@click.option(
    "--trace", "traces", default=0, metavar="N", help="Show the four steps for the first N rows."
)
@json_option("Decisions as JSON Lines.")
@answer_options
@click.option(
    "--require-signature",
    metavar="KEY",
    type=PATH,
    help="Open MODEL only if it is signed for this public key.",
)
@by_option
@replace_option
@limit_option
def command(
    model: str,
    source: tuple[str, ...],
    *,
    output: str,
    traces: int,
    as_json: bool,
    **options: object,
) -> None:
    """Decide every row of TABLE (.csv .tsv .jsonl .parquet .arrow .xlsx, or - for standard input)
    with MODEL.

    Columns are found by name in any order; the target is not needed, extra columns are ignored. A
    model of pictures takes picture files and folders instead, a model of texts also texts; the last
    rows of the table are the window of a model of series, which gives one answer. Standard output
    gets rows once all are decided; keramos score writes them as they are decided, at any size.
    """
    from keramos.cli.raw_input import decide_raw, takes_raw
    from keramos.pipeline.load import load

    plan = as_plan({name: options.pop(name) for name in _PLAN})
    if as_json and not plan["target_format"]:
        plan["target_format"] = "jsonl"
    skips = plan["on_error"] == "skip" or bool(plan["rejects"])
    _check_targets(model, source, output, str(plan["rejects"]), skips=skips)
    loaded = load(model, **options)  # type: ignore[arg-type]  # click checks them
    if takes_raw(loaded, source):
        decide_raw(loaded, source, output, plan, traces)
        return
    if len(source) > 1:
        raise click.UsageError(f"one table is decided at a time; received {len(source)}")
    _decide(loaded, source[0], output, plan, traces)


def _decide(model: Model, source: str, output: str, plan: dict[str, object], traces: int) -> None:
    from keramos.pipeline.reading import about
    from keramos.scoring.run import score

    given = sys.stdin.buffer.read() if source == _STANDARD and traces else b""
    with _backend(source, output, plan), _written(output, plan) as target:
        if given:  # it is read twice
            sys.stdin = io.TextIOWrapper(io.BytesIO(given))
        with about(model.artifact.info.path):
            summary = score(model, source, target, summary=None, **plan)  # type: ignore[arg-type]  # click checks them
        if traces:
            from keramos.cli.raw_input import show_traces
            from keramos.data.delimited import read_delimited
            from keramos.data.read import as_table

            table = read_delimited(given, "standard input") if given else as_table(source)
            show_traces(model, table, traces)
    side = summary.rejects if plan["rejects"] or output != _STANDARD else ""
    found = summary.totals
    closing = f"{found.rows:,} rows: {found.decided:,} decided, {found.rejected:,} rejected"
    remark(closing, *findings(summary, side), err=True)


def _beside(output: str, rejects: str) -> str:
    """The file of bad rows, if there shall be one."""
    from keramos.scoring.formats import stem

    return rejects or ("" if output == _STANDARD else f"{stem(output)}.rejected.csv")


def _check_targets(
    model: str, source: Sequence[str], output: str, rejects: str, *, skips: bool
) -> None:
    """Refuse what cannot be written, and to write over what is read, before anything is done."""
    from keramos.errors import UsageError
    from keramos.platform.atomic_write import check_target

    beside = _beside(output, rejects) if skips else ""
    for path in (output, beside):
        if path in {"", _STANDARD} or "://" in path or path.endswith("/"):
            continue
        if not (path == output and Path(path).is_dir()):
            check_target(path)
        for read in (model, *source):
            if os.path.realpath(read) == os.path.realpath(path):
                raise UsageError(
                    f"the target is the source {read}", file=path, remedy="Write somewhere else"
                )


@contextmanager
def _written(output: str, plan: dict[str, object]) -> Iterator[str]:
    """The place of the answers; those for standard output get there once all are decided."""
    if output != _STANDARD:
        yield output
        return
    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        place = Path(folder, f"answers.{plan['target_format'] or 'csv'}")
        yield str(place)
        sys.stdout.flush()
        sys.stdout.buffer.write(place.read_bytes())


def _backend(source: str, output: str, plan: dict[str, object]) -> AbstractContextManager[None]:
    """What reads and writes the files: little text is decided before Arrow is imported."""
    from keramos.scoring.formats import TEXT, format_of
    from keramos.scoring.installed import text_alone

    found = [
        format_of(source, str(plan["source_format"]) or ("csv" if source == _STANDARD else "")),
        format_of(output, str(plan["target_format"]) or ("csv" if output == _STANDARD else "")),
        format_of(str(plan["rejects"]) or "bad.csv"),
    ]
    plain = all(one and one.name in TEXT and one.compression in {"", "gzip"} for one in found)
    path = Path(source)
    if plain and (source == _STANDARD or (path.is_file() and path.stat().st_size < _LITTLE)):
        return text_alone()
    return nullcontext()
