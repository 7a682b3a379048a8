"""keramos serve: answer requests over HTTP and gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keramos.cli.grpc import options as grpc_options
from keramos.cli.sources import Where

if TYPE_CHECKING:
    from keramos.serve.server import Joined
    from keramos.serve.settings import Settings


@click.command("serve", epilog="Example: keramos serve model.h5 --port 8501")
@click.argument("path")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8501, show_default=True, help="Port to listen at; 0 takes a free one.")
@grpc_options
@click.option("--name", help="Name of the model, where PATH has one.  [default: the name of its file or folder]")
@click.option("--versions", default="latest", show_default=True, help="latest, latest:N, all, or numbers such as 3,5.")
@click.option("--poll", default=1.0, show_default=True, help="Seconds between two looks for new versions.")
@click.option("--admin", is_flag=True, help="Let clients load and unload models.")
def command(
    path: str,
    *,
    host: str,
    port: int,
    grpc_port: int | None,
    oip_grpc_port: int | None,
    admin: bool,
    **where: object,
) -> None:
    """Serve PATH: a model file, a folder of them, or a store of versions (a folder or URL, or one model of it)."""
    from functools import partial

    from keramos.cli.grpc import free_ports
    from keramos.serve.server import address, listen, work
    from keramos.serve.settings import Settings

    settings = Settings(host, port, free_ports(host, grpc_port, oip_grpc_port), admin=admin)
    listener = listen(settings)
    click.echo(f"serving {path} at {address(settings, listener)}", err=True)
    work(partial(join, Where(path, **where)), settings, listener)  # type: ignore[arg-type] # options of the same names


def join(where: Where, settings: Settings) -> Joined:
    """The parts of one server process."""
    from keramos.cli.grpc import Grpc
    from keramos.cli.sources import Watch, lifecycle_of
    from keramos.serve.engine import Engine
    from keramos.serve.routes import Context
    from keramos.serve.server import Joined

    engine = Engine()
    versions = lifecycle_of(where, engine)
    context = Context(engine, settings.most_rows)
    if settings.admin:
        context.load, context.unload = versions.load, versions.unload
    return Joined(context, companions=(Watch(versions, where.poll), Grpc(context, settings)))
