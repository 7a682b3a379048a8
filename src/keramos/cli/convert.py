"""keramos convert: rewrite a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import remark
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from keramos.types.limits import Limits


@click.command("convert", epilog="Example: keramos convert old.h5 new.keras")
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option(
    "--to",
    help="The form to write, where TARGET does not say which: keras, h5, onnx, tflite, tfjs, "
    "saved_model.",
)
@click.option(
    "--weights",
    type=PATH,
    help="The file of weights, where SOURCE is an architecture alone (.json).",
)
@by_option
@replace_option
@limit_option
@json_option()
def command(
    source: str,
    target: str,
    to: str | None,
    weights: str | None,
    *,
    replace: dict[str, str],
    by: str | None,
    limits: Limits,
    as_json: bool,
) -> None:
    """Rewrite SOURCE as TARGET, and prove that both answer the same.

    TARGET is a .keras or .h5 file for current Keras, an .onnx file for any ONNX runtime, a .tflite
    file for TensorFlow Lite, a folder for TensorFlow and TensorFlow Serving (a SavedModel:
    models/NAME/1), or model.json for TensorFlow.js, with its shards beside.
    """
    from keramos.pipeline.convert import convert

    done = convert(source, target, to=to, weights=weights, replace=replace, by=by, limits=limits)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(done)))
        return
    proof = (
        "keramos does not run what it wrote"
        if done.difference is None
        else f"on {done.rows} {done.fed} rows the largest difference is {done.difference:.3g}"
    )
    remark(f"{done.path}: {done.form}, {done.size:,} bytes; {proof}")
