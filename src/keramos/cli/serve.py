"""keramos serve: answer requests over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from keramos.serve.server import Joined
    from keramos.serve.settings import Settings


@click.command("serve", epilog="Example: keramos serve model.h5 --port 8501")
@click.argument("path")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8501, show_default=True, help="Port to listen at; 0 takes a free one.")
def command(path: str, *, host: str, port: int) -> None:
    """Serve the model file PATH, or every model file in the folder PATH."""
    from functools import partial

    from keramos.serve.server import address, listen, work
    from keramos.serve.settings import Settings

    settings = Settings(host, port)
    listener = listen(settings)
    click.echo(f"serving {path} at {address(settings, listener)}", err=True)
    work(partial(join, path), settings, listener)


def join(path: str, settings: Settings) -> Joined:
    """The parts of one server process."""
    from keramos.serve.engine import Engine
    from keramos.serve.files import Files
    from keramos.serve.lifecycle import Lifecycle
    from keramos.serve.routes import Context
    from keramos.serve.server import Joined

    engine = Engine()
    versions = Lifecycle(engine, Files(path))
    versions.look()
    versions.watch(1.0)
    return Joined(Context(engine, settings.most_rows))
