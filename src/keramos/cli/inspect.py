"""keramos inspect: what a model file holds."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option


@click.command("inspect", epilog="Example: keramos inspect model.h5 --json")
@click.argument("model", type=PATH)
@click.option(
    "--weights",
    type=PATH,
    help="The file of weights, where MODEL is an architecture alone (.json).",
)
@click.option(
    "--require-signature",
    type=PATH,
    metavar="KEY",
    help="Read files only if they are signed for this public key.",
)
@by_option
@replace_option
@limit_option
@json_option()
def command(model: str, *, as_json: bool, **opening: object) -> None:
    """Show layers, inputs and outputs of MODEL, what keeps it from running, and what keramos stored
    beside it.
    """
    from keramos.pipeline.inspect import inspect
    from keramos.report.inspection import as_dict
    from keramos.report.screen import screen_of
    from keramos.report.text import document, overview
    from keramos.report.views.model import model_view

    found = inspect(model, **opening)  # type: ignore[arg-type]  # click checks them
    if as_json:
        import json

        click.echo(json.dumps(as_dict(found), indent=2))
        return
    screen, view = screen_of(sys.stdout), model_view(found, None, Path(model).stem)
    click.echo("\n".join([*overview(view, screen), *document(view, screen)]))
