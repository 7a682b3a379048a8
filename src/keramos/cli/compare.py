"""keramos compare: two models on the same rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option

if TYPE_CHECKING:
    from keramos.report.screen import Screen
    from keramos.types.comparison import Comparison


@click.command("compare", epilog="Example: keramos compare old.h5 new.h5 fresh.csv")
@click.argument("first", type=PATH)
@click.argument("second", type=PATH)
@click.argument("table", type=PATH)
@json_option()
def command(first: str, second: str, table: str, *, as_json: bool) -> None:
    """Judge models FIRST and SECOND by the rows of TABLE, which has their target."""
    from keramos.pipeline.compare import compare
    from keramos.report.screen import screen_of

    found = compare(first, second, table)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    names = _titles(first, second)
    click.echo("\n".join(_lines(found, names, screen_of(sys.stdout))))


def _titles(first: str, second: str) -> tuple[str, str]:
    """The names of the files, with the folders that tell them apart where the names do not."""
    one, other = Path(first).parts, Path(second).parts
    for size in range(1, max(len(one), len(other)) + 1):
        names = "/".join(one[-size:]), "/".join(other[-size:])
        if names[0] != names[1]:
            return names
    return first, second


def _lines(found: Comparison, names: tuple[str, str], screen: Screen) -> list[str]:
    from keramos.drawing.words import brief, counted
    from keramos.report.layout import Column, paragraph, table

    titles = (*names, "difference", "95 % interval")
    better = {"first": names[0], "second": names[1], "neither": "neither"}
    columns = [
        Column(f"on {found.rows:,} rows"),
        *(Column(title, right=True) for title in titles),
        Column("better"),
    ]
    cells = [
        (
            one.name.replace("_", " "),
            brief(one.first),
            brief(one.second),
            brief(one.difference),
            f"{brief(one.low)} to {brief(one.high)}",
            better[one.better],
        )
        for one in found.metrics
    ]
    lines = [*table(screen, columns, cells), ""]
    left_out = f"; {counted(found.left_out, 'row')} left out" if found.left_out else ""
    lines += paragraph(screen, f"agreement: {found.agreement:.1%}{left_out}")
    for note in found.notes:
        lines += paragraph(screen, f"note: {note}")
    if found.differing:
        heads = [Column("row", right=True), *map(Column, ("truth", *names))]
        rows = [(one.row, one.truth, one.first, one.second) for one in found.differing]
        lines += ["", *table(screen, heads, rows)]
    return lines
