"""keramos serve --engine ray: the same HTTP routes as an application of Ray Serve, until a signal
says stop.
"""

from __future__ import annotations

import logging
import re
import signal
from functools import wraps
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, cast

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.serving.core.settings import Settings
    from keramos.serving.registry.sources import Where


_log = logging.getLogger("keramos.serving")


class Chosen(NamedTuple):
    """Where the server runs: here, or on the Ray cluster at ``address`` with so many replicas."""

    engine: str
    address: str
    least: int
    most: int


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of the engine, given to a command as one value, ``chosen``."""

    @click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True
    )
    @click.option(
        "--ray-address",
        default="",
        help="Head of a Ray cluster, host:port.  [default: RAY_ADDRESS or here]",
    )
    @click.option(
        "--replicas",
        default="1:1",
        show_default=True,
        metavar="MIN:MAX",
        help="On Ray, as load needs.",
    )
    @wraps(command)
    def wrapped(**given: object) -> None:
        engine, address, replicas = (
            cast("str", given.pop(name)) for name in ("engine", "ray_address", "replicas")
        )
        found = re.fullmatch(r"(\d+):(\d+)", replicas)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise click.BadParameter(
                f"MIN:MAX is needed, such as 1:4; received {replicas!r}", param_hint="--replicas"
            )
        command(chosen=Chosen(engine, address, int(found[1]), int(found[2])), **given)

    return wrapped


def serve_ray(where: Where, settings: Settings, chosen: Chosen, shadows: tuple[str, ...]) -> None:
    """Deploy what is at a place, wait, and take it away again."""
    from keramos.platform.ray import cluster
    from keramos.serving.core.logging import event
    from keramos.serving.deploy.ray_serve import Scaling, Snapshot, deploy, withdraw
    from keramos.serving.registry.sources import policy_of, source_of

    own = (
        ("--tls-cert", settings.tls_cert),
        ("--admin", settings.admin),
        ("--shadow", shadows),
        ("--otel", settings.tracing),
        ("--require-signature", where.key),
    )
    for option, given in own:
        if given:
            raise click.UsageError(
                f"{option} is for the engine local: Ray Serve has a proxy and versions of its "
                "own, and no replica sees "
                "the rows of all"
            )
    snapshot = Snapshot.of(
        source_of(where.path, where.name), policy_of(where.versions), where.limits
    )
    stop = Event()
    with cluster(chosen.address) as ray:
        deploy(ray, snapshot, Scaling(chosen.least, chosen.most), settings)
        url = f"http://{settings.host}:{settings.port}"
        _log.info(
            "serving %s at %s on Ray (HTTP; gRPC, pages and drift are for the engine local)",
            where.path,
            url,
            extra=event("start", path=where.path, url=url),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        withdraw()
