"""keramos convert: rewrite a model file."""

from __future__ import annotations

import click


@click.command("convert", epilog="Example: keramos convert old.h5 new.keras")
@click.argument("source")
@click.argument("target")
@click.option("--weights", help="The file of weights, where SOURCE is an architecture alone (.json).")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(source: str, target: str, weights: str | None, *, as_json: bool) -> None:
    """Rewrite SOURCE as TARGET (.keras or .h5 for current Keras, .onnx for any ONNX runtime)."""
    from keramos.pipeline.convert import convert

    done = convert(source, target, weights=weights)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(done)))
        return
    click.echo(
        f"{done.path}: {done.size:,} bytes; on {done.rows} random rows the largest difference is {done.difference:.3g}"
    )
