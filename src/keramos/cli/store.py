"""keramos store: versions of models in a folder or behind a URL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.output import say
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.types.versions import Version

_MODEL = click.option("--model", required=True, help="Name of the model.")
_JSON = json_option()


@click.group(
    "store", epilog="Example: keramos store publish model.h5 models --model credit --label stable"
)
def command() -> None:
    """Keep versions of models as ROOT/MODEL/INTEGER/model.keras, which keramos serve watches.

    ROOT is a folder or a URL such as s3://bucket/models (with the extra 'remote').
    """


@command.command(
    "publish", epilog="Example: keramos store publish model.h5 models --model credit --label stable"
)
@click.argument("file", type=PATH)
@click.argument("root", type=PATH)
@_MODEL
@click.option(
    "--label", "labels", multiple=True, help="Label that points to it afterwards (repeat for more)."
)
@by_option
@replace_option
@_JSON
def publish(
    file: str,
    root: str,
    model: str,
    labels: tuple[str, ...],
    *,
    replace: dict[str, str],
    by: str | None,
    as_json: bool,
) -> None:
    """Prove FILE by its golden rows and add it to ROOT as the next version of a model."""
    from keramos.store.store import Store

    _say([Store(root).publish(file, model, labels, replace, by)], as_json=as_json)


@command.command("list", epilog="Example: keramos store list models --model credit --json")
@click.argument("root", type=PATH)
@click.option("--model", help="Only this model.")
@_JSON
def list_(root: str, model: str | None, *, as_json: bool) -> None:
    """List the versions in ROOT with size, time and labels."""
    from keramos.store.store import Store

    _say(Store(root).versions(model), as_json=as_json)


@command.command(
    "label", epilog="Example: keramos store label models stable --model credit --version 3"
)
@click.argument("root", type=PATH)
@click.argument("label")
@_MODEL
@click.option("--version", type=int, help="Version it points to.")
@click.option("--remove", is_flag=True, help="Take the label away instead.")
@_JSON
def label_(
    root: str, label: str, model: str, version: int | None, *, remove: bool, as_json: bool
) -> None:
    """Point LABEL to a version of a model in ROOT."""
    from keramos.store.store import Store

    if (version is None) != remove:
        raise click.UsageError("give either --version N or --remove")
    store = Store(root)
    if version is None:
        store.unlabel(model, label)
        _say(store.versions(model), as_json=as_json)
    else:
        _say([store.label(model, label, version)], as_json=as_json)


@command.command(
    "rollback", epilog="Example: keramos store rollback models --model credit --label stable"
)
@click.argument("root", type=PATH)
@_MODEL
@click.option("--label", help="Label that goes back to the version it had before.")
@by_option
@replace_option
@_JSON
def rollback(
    root: str,
    model: str,
    label: str | None,
    *,
    replace: dict[str, str],
    by: str | None,
    as_json: bool,
) -> None:
    """Go one step back in ROOT: a label to its version before, or else the version before the
    newest, published again as the newest.
    """
    from keramos.store.store import Store

    _say([Store(root).rollback(model, label, replace, by)], as_json=as_json)


@command.command("prune", epilog="Example: keramos store prune models --model credit --keep 3")
@click.argument("root", type=PATH)
@_MODEL
@click.option("--keep", type=click.IntRange(min=1), required=True, help="Newest versions to keep.")
@_JSON
def prune(root: str, model: str, keep: int, *, as_json: bool) -> None:
    """Remove all but the newest versions of a model in ROOT; versions with a label stay."""
    from keramos.store.store import Store

    done = Store(root).prune(model, keep)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(done)))
        return
    removed = ", ".join(map(str, done.removed)) or "none"
    say(f"{model}: removed {removed}; kept {', '.join(map(str, done.kept))}")


def _say(versions: Sequence[Version], *, as_json: bool) -> None:
    for fault in dict.fromkeys(one.labels_fault for one in versions if one.labels_fault):
        say(f"keramos: {fault}", err=True)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(versions), indent=2))
        return
    for version in versions:
        time = datetime.fromtimestamp(version.modified, UTC).isoformat(timespec="seconds")
        labels = f"  {' '.join(version.labels)}" if version.labels else ""
        say(f"{version.model}  {version.number}  {version.size:,} bytes  {time}{labels}")
