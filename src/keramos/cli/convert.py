"""keramos convert: rewrite a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import say
from keramos.cli.replace import replace_option

if TYPE_CHECKING:
    from keramos.types.limits import Limits


@click.command("convert", epilog="Example: keramos convert old.h5 new.keras")
@click.argument("source")
@click.argument("target")
@click.option(
    "--weights", help="The file of weights, where SOURCE is an architecture alone (.json)."
)
@replace_option
@limit_option
@json_option()
def command(
    source: str,
    target: str,
    weights: str | None,
    *,
    replace: dict[str, str],
    limits: Limits,
    as_json: bool,
) -> None:
    """Rewrite SOURCE as TARGET (.keras or .h5 for current Keras, .onnx for any ONNX runtime)."""
    from keramos.pipeline.convert import convert

    done = convert(source, target, weights=weights, replace=replace, limits=limits)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(done)))
        return
    say(
        f"{done.path}: {done.size:,} bytes; on {done.rows} random rows the largest difference is "
        f"{done.difference:.3g}"
    )
