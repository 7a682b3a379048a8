"""keramos predict for models of pictures, texts and series, and the traces of first rows."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from keramos.cli.output import remark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.inference.model import Model
    from keramos.scoring.formats import Format
    from keramos.types.block import Block
    from keramos.types.table import Table


def takes_raw(model: Model, given: Sequence[str]) -> bool:
    """Whether what is given is no table whose rows are decided one by one."""
    from keramos.inference.raw_inputs import raw_reader

    if raw_reader(model.content) is None:
        return False
    from keramos.inference.texts import is_table

    in_cells = _takes(model, "text") or _takes(model, "image")
    return not (in_cells and len(given) == 1 and is_table(given[0]))


def _takes(model: Model, kind: str) -> bool:
    columns = model.content.schema.columns if model.content else ()
    return [column.kind for column in columns] == [kind]


def decide_raw(
    model: Model, given: Sequence[str], output: str, plan: Mapping[str, object], traces: int
) -> None:
    """Decide picture files and folders, texts, or the series in a table."""
    from keramos.data.conform import row_error
    from keramos.inference.decision_block import decision_block
    from keramos.inference.pictures import by_file
    from keramos.pipeline.reading import about
    from keramos.scoring.block_backend import BlockBackend

    if plan["keep"]:
        raise click.UsageError("--keep is for tables of rows")
    form = _form(output, str(plan["target_format"]))
    table, files = _source(model, given)
    with about(model.artifact.info.path):
        decided = model.decide_table(table, warnings=False)
    problems = by_file(decided.problems, files) if files else decided.problems
    if problems and plan["on_error"] == "fail":
        raise row_error(problems, table.source)
    if traces:
        show_traces(model, table, traces)
    rule = model.need_content("decide").rule
    _write(decision_block(decided, rule, files), output, form)
    side = str(plan["rejects"]) or _beside(output)
    closing = f"{table.rows:,} rows: {len(decided.rows):,} decided, "
    closing += f"{table.rows - len(decided.rows):,} rejected"
    if problems and side:
        _write(BlockBackend().listed(table.source, problems), side, _form(side, ""))
        closing += f"; reasons in {side}"
    remark(closing, err=True)


def _form(path: str, given: str) -> Format:
    from keramos.scoring.formats import TEXT, format_of

    found = format_of(path, given or ("csv" if path == "-" else ""))
    if found is None or found.name not in TEXT:
        raise click.UsageError(f"{path}: answers about such inputs are .csv, .tsv or .jsonl")
    return found


def _beside(output: str) -> str:
    from keramos.scoring.formats import stem

    return "" if output == "-" else f"{stem(output)}.rejected.csv"


def _write(block: Block, output: str, form: Format) -> None:
    from keramos.platform.atomic_write import write_atomically
    from keramos.scoring.block_writers import open_writer

    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        place = Path(folder, "answers")
        writer = open_writer(place, form, block.schema)
        writer.write(block)
        writer.close()
        data = place.read_bytes()
    if output == "-":
        sys.stdout.buffer.write(data)
    else:
        write_atomically(Path(output), data)


def _source(model: Model, given: Sequence[str]) -> tuple[Table, list[str]]:
    """The table of what is given and, for pictures, the file of each row."""
    from keramos.data.read import FORMATS, as_table
    from keramos.inference.pictures import picture_bytes, picture_column, picture_paths
    from keramos.inference.raw_inputs import raw_reader
    from keramos.inference.texts import is_table

    content = model.need_content("decide")
    name = picture_column(content)
    if name and given[0] != "-" and Path(given[0]).suffix.lower() not in {*FORMATS, ".gz"}:
        files = picture_paths(given)
        rows = [{name: picture_bytes(path)} for path in files]
        return replace(as_table(rows), source=given[0]), list(map(str, files))
    if len(given) > 1 and (not _takes(model, "text") or any(map(is_table, given))):
        raise click.UsageError(f"one table is decided at a time; received {len(given)}")
    reader = raw_reader(content)
    whole = list(given) if len(given) > 1 else given[0]
    return as_table(reader(whole) if reader and not name else whole), []


def show_traces(model: Model, table: Table, wanted: int) -> None:
    """The four steps of the first good rows, on standard error."""
    from keramos.inference.explain import Explainer
    from keramos.report.layout import heading
    from keramos.report.screen import screen_of
    from keramos.report.tracing import explanation

    decided = model.decide_table(table)
    explainer, screen = Explainer(model), screen_of(sys.stderr)
    rule = model.need_content("trace").rule
    for row, decision in zip(decided.rows[:wanted], decided.decisions, strict=False):
        cells = {
            name: None if column.missing[row - 1] else column.values[row - 1]
            for name, column in table.columns.items()
        }
        shown = explanation(explainer.row(model, cells), rule, decision.score, screen)
        click.echo(
            "\n".join([heading(screen, f"prediction trace of row {row}"), *shown, ""]), err=True
        )
