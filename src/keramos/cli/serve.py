"""keramos serve: options and help; ``keramos.serve`` does the work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.limits import limit_option
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option
from keramos.serving.core.settings import Settings

if TYPE_CHECKING:
    from keramos.serving.serve import ServeOptions

_DEFAULTS = Settings()


@click.command("serve", epilog="Example: keramos serve model.h5 --port 8501")
@click.argument("path", type=PATH)
@click.option("--host", default=_DEFAULTS.host, show_default=True, help="Address to listen at.")
@click.option(
    "--port", default=_DEFAULTS.port, show_default=True, help="Port for HTTP; 0 takes a free one."
)
@click.option(
    "--grpc-port",
    metavar="PORT",
    help="Port for TensorFlow Serving's gRPC, or none.  [default: 8500 if it is free]",
)
@click.option(
    "--oip-grpc-port",
    metavar="PORT",
    help="Port for the Open Inference Protocol's gRPC, or none.  [default: 8001 if it is free]",
)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option(
    "--ray-address",
    default="",
    help="Head of a Ray cluster, host:port.  [default: RAY_ADDRESS, or this machine]",
)
@click.option(
    "--replicas",
    default="1:1",
    show_default=True,
    metavar="MIN:MAX",
    help="Replicas on Ray, by load.",
)
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
    multiple=True,
    metavar="MODEL@LABEL=SHARE",
    help="Mirror this share of traffic to a version; its responses are discarded.",
)
@by_option
@replace_option
@limit_option
@click.option(
    "--require-signature",
    type=click.Path(exists=True, dir_okay=False),
    help="Public key (PEM): files that are not signed for it are not parsed.",
)
@click.option(
    "--workers",
    default=_DEFAULTS.workers,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that share the port; one a core.",
)
@click.option(
    "--poll", default=1.0, show_default=True, help="Seconds between two looks for new versions."
)
@click.option(
    "--load-timeout",
    default=120.0,
    show_default=True,
    help="Seconds in which a model must be loaded, proven and warm.",
)
@click.option(
    "--preload/--no-preload",
    default=None,
    help="Open all models at the start, or each at its first request.  [default: at the start up "
    "to 32 models]",
)
@click.option(
    "--model-memory",
    "model_memory_bytes",
    default=0,
    type=click.IntRange(min=0),
    metavar="BYTES",
    help="Memory for open models of one process: beyond it, those that answered least recently are "
    "closed until their next request.  [default: no bound]",
)
@click.option(
    "--warnings/--no-warnings",
    default=True,
    help="Decisions, traces and pages name numbers outside the training range and unknown "
    "categories, unless a request says warnings=false; or none do.  [default: on]",
)
@click.option("--admin", is_flag=True, help="Let clients load and unload models.")
@click.option(
    "--tls-cert", type=PATH, help="Certificate (PEM); with --tls-key the server speaks HTTPS."
)
@click.option("--tls-key", type=PATH, help="Private key of the certificate (PEM).")
@click.option(
    "--api-keys-file", type=PATH, help="API keys, one a line; every request but a probe needs one."
)
@click.option("--cors-origin", help="Origin whose pages may read responses, or *.  [default: none]")
@click.option(
    "--allowed-host",
    multiple=True,
    help="Name of this server in Host headers (repeat for more); others are refused, as with "
    "--admin.",
)
@click.option(
    "--max-body-bytes",
    "--max-body",
    "max_body_bytes",
    default=_DEFAULTS.max_body_bytes,
    show_default=True,
    help="Bytes of one request.",
)
@click.option(
    "--max-rows", default=_DEFAULTS.max_rows, show_default=True, help="Rows of one request."
)
@click.option(
    "--max-memory-bytes",
    default=_DEFAULTS.max_memory_bytes,
    show_default=True,
    help="Memory for the bodies of all requests of one process, received and decoded; at least "
    "four times --max-body-bytes.",
)
@click.option(
    "--max-connections",
    default=_DEFAULTS.max_connections,
    show_default=True,
    help="Open connections of one process.",
)
@click.option(
    "--request-timeout",
    default=_DEFAULTS.request_timeout,
    show_default=True,
    help="Seconds in which a request must arrive.",
)
@click.option(
    "--idle-timeout",
    default=_DEFAULTS.idle_timeout,
    show_default=True,
    help="Seconds for which an idle connection is kept.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    help="Format of the log.  [default: json, text on a terminal]",
)
@click.option("--access-log", is_flag=True, help="Log each request.")
@click.option(
    "--otel", is_flag=True, help="Export OpenTelemetry traces to OTEL_EXPORTER_OTLP_ENDPOINT."
)
@click.option(
    "--drain-seconds",
    default=_DEFAULTS.drain_seconds,
    show_default=True,
    help="Seconds for which a stopping server still accepts connections.",
)
@click.option(
    "--fast-path/--no-fast-path",
    default=_DEFAULTS.fast_path,
    help="Answer small requests below the ASGI application (0010), or none.  [default: on]",
)
def command(path: str, **options: object) -> None:
    """Serve PATH: a model file, a folder of them, or a store of versions (a folder or URL, or one
    model of it).

    Speaks TensorFlow Serving's REST API and gRPC, the Open Inference Protocol over HTTP and gRPC,
    MLflow's scoring protocol, and keramos' own.
    """
    from typing import cast

    from keramos.serving.core.gc_freeze import importing

    with importing():
        from keramos.serving.http.starting import leave
        from keramos.serving.serve import run

    options["log"] = options["log"] or ("text" if sys.stderr.isatty() else "json")
    run(path, cast("ServeOptions", options))
    leave()
