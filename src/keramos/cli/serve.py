"""keramos serve: answer requests over HTTP and gRPC."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from keramos.cli.limits import limit_option
from keramos.cli.serve_ray import options as engine_options
from keramos.cli.serve_ray import serve_ray
from keramos.serving.grpc.companion import options as grpc_options
from keramos.serving.registry.sources import Where

if TYPE_CHECKING:
    from keramos.cli.serve_ray import Chosen
    from keramos.serving.core.settings import Settings
    from keramos.serving.http.server import Joined


_log = logging.getLogger("keramos.serving")


@click.command("serve", epilog="Example: keramos serve model.h5 --port 8501")
@click.argument("path")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", default=8501, show_default=True, help="Port to listen at; 0 takes a free one."
)
@grpc_options
@engine_options
@click.option(
    "--name",
    help="Name of the model, where PATH has one.  [default: the name of its file or folder]",
)
@click.option(
    "--versions",
    default="latest",
    show_default=True,
    help="latest, latest:N, all, or numbers such as 3,5.",
)
@click.option(
    "--shadow",
    "shadows",
    multiple=True,
    help="MODEL@LABEL=SHARE: that version answers live rows unseen.",
)
@limit_option
@click.option(
    "--require-signature",
    "key",
    type=click.Path(exists=True, dir_okay=False),
    help="Public key (PEM): files that are not signed for it are not even read.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes; one a core.",
)
@click.option(
    "--poll", default=1.0, show_default=True, help="Seconds between two looks for new versions."
)
@click.option("--admin", is_flag=True, help="Let clients load and unload models.")
@click.option("--tls-cert", help="Certificate (PEM); with --tls-key requests come by HTTPS.")
@click.option("--tls-key", help="Private key of the certificate (PEM).")
@click.option("--api-keys-file", help="Keys, one a line; then every request but a probe needs one.")
@click.option(
    "--cors-origin", help="Origin whose pages may ask from a browser, or *.  [default: none]"
)
@click.option("--max-body", default=64 << 20, show_default=True, help="Bytes of one request.")
@click.option("--max-rows", default=1_000_000, show_default=True, help="Rows of one request.")
@click.option("--max-connections", default=4096, show_default=True, help="Connections at a time.")
@click.option(
    "--request-timeout",
    default=30.0,
    show_default=True,
    help="Seconds in which a request must arrive.",
)
@click.option(
    "--log",
    "log_format",
    type=click.Choice(["text", "json"]),
    help="[default: json, text on a terminal]",
)
@click.option("--access-log", is_flag=True, help="Log a line for every request.")
@click.option(
    "--otel", is_flag=True, help="Send OpenTelemetry traces where OTEL_EXPORTER_OTLP_ENDPOINT says."
)
@click.option(
    "--drain-seconds",
    default=1.0,
    show_default=True,
    help="Seconds to go on after a signal to stop.",
)
def command(path: str, *, chosen: Chosen, shadows: tuple[str, ...], **options: object) -> None:
    """Serve PATH: a model file, a folder of them, or a store of versions (a folder or URL, or one
    model of it).

    Answers TensorFlow Serving's REST API, the Open Inference Protocol, MLflow's scoring protocol
    and keramos' own.
    """
    from functools import partial

    from keramos.serving.core.gc_freeze import importing

    with importing():
        from keramos.serving.core.logging import event, start_logging
        from keramos.serving.http.listener import address, listen
        from keramos.serving.http.server import work

    named = {name: options.pop(name) for name in ("name", "versions", "poll", "limits", "key")}
    where = Where(path, **named)  # type: ignore[arg-type] # options of the same names
    options["log_format"] = options["log_format"] or ("text" if sys.stderr.isatty() else "json")
    start_logging(str(options["log_format"]), access=bool(options["access_log"]))
    settings = _settings(options)
    if chosen.engine == "ray":
        serve_ray(where, settings, chosen, shadows)
        return
    listener = listen(settings)
    url = address(settings, listener)
    _log.info(
        "serving %s at %s",
        path,
        url,
        extra=event("start", path=path, url=url, grpc=settings.grpc_ports),
    )
    joined = partial(join, where, shadows=shadows)
    if settings.workers > 1:
        from keramos.serving.http.workers import supervise

        supervise(joined, settings, listener)
    else:
        work(joined, settings, listener)


_NAMES = {
    "max_body": "most_body",
    "max_rows": "most_rows",
    "max_connections": "most_connections",
    "request_timeout": "request_seconds",
    "otel": "tracing",
}
"""Option -> its name in the settings, where that differs."""


def _settings(options: dict[str, object]) -> Settings:
    import msgspec

    from keramos.serving.core.settings import Settings
    from keramos.serving.grpc.companion import free_ports

    if bool(options["tls_cert"]) != bool(options["tls_key"]):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if options["admin"] and options["workers"] != 1:
        raise click.UsageError(
            "--admin is for one worker; several learn of new versions from a store or a folder"
        )
    ports = (options.pop("grpc_port"), options.pop("oip_grpc_port"))
    chosen = {_NAMES.get(name, name): value for name, value in options.items()}
    chosen["grpc_ports"] = free_ports(str(options["host"]), *ports)  # type: ignore[arg-type] # ports by their callback
    return msgspec.convert(chosen, Settings)


_LOOKS = 50
"""So many runs a second are looked at for drift and shadows: one in a hundred of a busy server's
time.
"""


def join(where: Where, settings: Settings, shadows: tuple[str, ...] = ()) -> Joined:
    """The parts of one server process."""
    from keramos.serving.core.gc_freeze import importing

    with importing():
        from keramos.serving.assemble import ROUTES, grpc_services
        from keramos.serving.core.routes import Context
        from keramos.serving.grpc.companion import Grpc
        from keramos.serving.http.pages import LaterPages
        from keramos.serving.http.server import Joined
        from keramos.serving.monitoring.live_drift import LiveDrift
        from keramos.serving.monitoring.shadow import Shadow
        from keramos.serving.registry.registry import Engine
        from keramos.serving.registry.sources import Watch, lifecycle_of

    engine = Engine()
    versions = lifecycle_of(where, engine)
    watched = [Shadow(engine, wish) for wish in shadows]
    drift = LiveDrift(engine)
    engine.observers.pause = 1 / _LOOKS
    engine.observers.add(drift)
    for shadow in watched:
        engine.observers.add(shadow)
    context = Context(engine, settings.most_rows, live=drift.look)
    context.shadows = lambda: [one for shadow in watched for one in shadow.look()]
    pages = LaterPages(engine, drift.look, context.shadows)
    if settings.admin:
        context.load, context.unload = versions.load, versions.unload
    return Joined(
        context,
        ROUTES,
        pages,
        (Watch(versions, where.poll), Grpc(context, grpc_services, settings), pages),
    )
