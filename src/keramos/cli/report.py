"""keramos report: a model file explained in one page of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import remark
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.inference.model import Model
    from keramos.pipeline.inspect import Inspection
    from keramos.types.artifact import Artifact

_KINDS = (".html", ".md", ".pdf")


@click.command("report", epilog="Example: keramos report model.h5 -o report.html --pdf")
@click.argument("model", type=PATH)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    help=".html, .md (a model card) or .pdf; may be repeated.",
)
@click.option(
    "--pdf",
    "with_pdf",
    is_flag=True,
    help="Also print a .pdf beside the first output (needs Chromium).",
)
@click.option("--name", help="What to call the model.  [default: the file's name]")
@click.option("--force", is_flag=True, help="Write over files that exist.")
@by_option
@replace_option
@limit_option
@json_option("Print the same views as JSON and write nothing.")
def command(
    model: str,
    outputs: tuple[str, ...],
    name: str | None,
    *,
    with_pdf: bool,
    force: bool,
    as_json: bool,
    **opening: object,
) -> None:
    """Explain MODEL, any Keras file, in one self-contained file that needs no network."""
    from keramos.errors import SaveError
    from keramos.pipeline.inspect import inspect
    from keramos.platform.atomic_write import check_target, write_atomically

    paths = [Path(output) for output in outputs or ("report.html",)]
    paths += [paths[0].with_suffix(".pdf")] if with_pdf else []
    for path in paths:
        if path.suffix.lower() not in _KINDS:
            raise click.UsageError(
                f"{path}: the extension must be {', '.join(_KINDS)}; received '{path.suffix}'"
            )
    for path in () if as_json else paths:
        if path.exists() and not force:
            raise SaveError(
                "the file exists", file=str(path), remedy="Name another, or write over it: --force"
            )
        check_target(path)
    found = inspect(model, **opening)  # type: ignore[arg-type]  # click checks them
    loaded, title = _loaded(model, found.artifact, opening), name or Path(model).stem
    if as_json:
        click.echo(_json(found, loaded, title))
        return
    for path in dict.fromkeys(paths):
        data = _made(path.suffix.lower(), found, loaded, title)
        write_atomically(path, data)
        remark(f"{path}: {len(data):,} bytes")


def _loaded(path: str, artifact: Artifact, opening: Mapping[str, object]) -> Model | None:
    """The model, also where its proof fails, because the report shows that; None where it cannot
    run.
    """
    from keramos.errors import MismatchError, ModelError
    from keramos.pipeline.load import load

    try:
        try:
            return load(path, **opening)  # type: ignore[arg-type]  # click checks them
        except MismatchError:
            if artifact.content is None:
                raise
            return load(path, verify=False, **opening)  # type: ignore[arg-type]  # as before
    except ModelError:
        return None


def _made(kind: str, found: Inspection, model: Model | None, name: str) -> bytes:
    from keramos.report.card import card
    from keramos.report.printing import pdf
    from keramos.report.standalone import report
    from keramos.report.views.model import model_view

    if kind == ".md":
        content = found.artifact.content
        task = content.schema.target.task if content else ""
        return card(model_view(found, model, name), task).encode()
    html = report(found, model, name)
    return pdf(html) if kind == ".pdf" else html.encode()


def _json(found: Inspection, model: Model | None, name: str) -> str:
    import json

    import msgspec

    from keramos.report.views.model import model_view

    return json.dumps(
        msgspec.to_builtins(model_view(found, model, name)),
        indent=2,
        ensure_ascii=False,
    )
