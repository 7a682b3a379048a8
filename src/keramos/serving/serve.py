"""``keramos.serve``: the server of the command, from Python."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn, Self, TypedDict, Unpack, cast, overload

import msgspec

from keramos.errors import UsageError
from keramos.platform.read_file import open_regular
from keramos.serving.assemble import assemble
from keramos.serving.core.logging import event, start_logging
from keramos.serving.core.settings import Settings
from keramos.serving.core.sockets import address, listen
from keramos.serving.grpc.companion import free_ports
from keramos.serving.http.server import build_server, run_server
from keramos.serving.registry.sources import ModelLocation, versions_at

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from os import PathLike
    from types import TracebackType

    from keramos.serving.http.server import Server, ServerParts
    from keramos.types.limits import Limits

_log = logging.getLogger("keramos.serving")
_FIRST_SECONDS = 2.0
"""Seconds for which a starting server waits for its models; then it answers, and is ready when they
are.
"""

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ServeOptions(TypedDict, total=False):
    """The options of ``keramos serve``, under their names and with their defaults."""

    host: str
    port: int
    grpc_port: int | str | None
    oip_grpc_port: int | str | None
    engine: Literal["local", "ray"]
    ray_address: str
    replicas: str
    name: str | None
    versions: str
    load_timeout: float
    preload: bool | None
    model_memory_bytes: int
    warnings: bool
    shadow: tuple[str, ...]
    replace: Mapping[str, str]
    by: str | None
    limits: Limits
    require_signature: str | None
    workers: int
    poll: float
    admin: bool
    tls_cert: str | None
    tls_key: str | None
    api_keys_file: str | None
    cors_origin: str | None
    allowed_host: tuple[str, ...]
    max_body_bytes: int
    max_rows: int
    max_memory_bytes: int
    max_connections: int
    request_timeout: float
    idle_timeout: float
    drain_seconds: float
    log: Literal["text", "json"] | None
    access_log: bool
    otel: bool
    fast_path: bool


@overload
def serve(
    path: str | PathLike[str], *, block: Literal[True] = True, **options: Unpack[ServeOptions]
) -> None: ...


@overload
def serve(
    path: str | PathLike[str], *, block: Literal[False], **options: Unpack[ServeOptions]
) -> RunningServer: ...


def serve(
    path: str | PathLike[str], *, block: bool = True, **options: Unpack[ServeOptions]
) -> RunningServer | None:
    """Serve a model file, a folder of them, or a store of versions over HTTP and gRPC.

    >>> with keramos.serve("model.h5", port=0, block=False) as server:
    ...     requests.post(f"{server.url}/v1/models/model:predict", json={"instances": rows})

    Args:
        path: a model file, a folder of model files, or a store (a folder or URL, or one model of
            it).
        block: True serves until SIGTERM or SIGINT, as the command does. False serves in a thread of
            this process until the returned server is stopped.
        options: the options of ``keramos serve`` under their names: ``--max-rows 100`` is
            ``max_rows=100``, ``--shadow`` is ``shadow=("model@next=0.1",)``, ``--limit`` is
            ``limits=keramos.Limits(...)``, ``--replace`` is ``replace={"layer": "x / 127.5"}``.
            Without ``log`` the logging of the process stays as it is.

    Returns:
        The running server where ``block`` is False; its models are loaded and its ports are open.

    Raises:
        UsageError: an option is wrong, a port is taken, or there is no model at the path.
        ModelError: the path is one file, and it cannot be served.
    """
    if not block:
        return _serve_in_thread(str(path), options)
    if threading.current_thread() is not threading.main_thread():
        raise UsageError(
            "serve blocks in the main thread only", remedy="Give block=False in another thread"
        )
    with _signal_handlers_restored():
        run(str(path), options)
    return None


def run(path: str, options: ServeOptions) -> None:
    """Serve until a signal to stop; signals that come later are ignored.

    Raises:
        KeramosError: as ``serve``.
    """
    location, settings = _parts_of(path, options)
    shadows = tuple(options.get("shadow", ()))
    if options.get("engine", "local") == "ray":
        _run_on_ray(location, settings, options)
        return
    # Until the server has its own: whoever can connect to its port may also end it.
    signal.signal(signal.SIGTERM, _leave)
    listener = _listen(location, settings)
    make = partial(assemble, location, shadows=shadows, wait=_FIRST_SECONDS)
    if settings.workers > 1:
        # multiprocessing takes 20 ms to import, which a server of one process saves.
        from keramos.serving.http.workers import supervise  # noqa: PLC0415 (see above)

        supervise(make, settings, listener)
    else:
        run_server(make, settings, listener)


class RunningServer:
    """A server in a thread of this process; leaving its ``with`` block stops it.

    Attributes:
        url: its base URL, as in ``http://127.0.0.1:8501``.
        grpc_ports: its ports for gRPC.
    """

    def __init__(self, server: Server, parts: ServerParts, listener: socket.socket) -> None:
        self._server, self._parts, self._listener = server, parts, listener
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="keramos-server", daemon=True)
        self.url = ""
        self.grpc_ports: tuple[int, ...] = ()

    def start(self) -> None:
        """Return when every port is open.

        Raises:
            KeramosError: a port or the certificate cannot be used.
        """
        self._thread.start()
        self._server.complete.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Finish the requests in flight, then close the ports; a second call does nothing."""
        self._server.should_exit = True
        self._thread.join()
        self._parts.context.registry.observers.close()

    def __enter__(self) -> Self:
        """The server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def _run(self) -> None:
        try:
            self._server.run([self._listener])
        except BaseException as error:  # noqa: BLE001 (raised again by start, in the caller's thread)
            self._error = error
        finally:
            self._listener.close()
            self._server.complete.set()


def _serve_in_thread(path: str, options: ServeOptions) -> RunningServer:
    if options.get("engine", "local") == "ray" or options.get("workers", 1) != 1:
        raise UsageError("block=False serves in one thread: without workers and without Ray")
    location, settings = _parts_of(path, options)
    listener = _listen(location, settings)
    try:
        parts = assemble(location, settings, tuple(options.get("shadow", ())))
        running = RunningServer(build_server(parts, settings), parts, listener)
    except BaseException:
        listener.close()
        raise
    running.url, running.grpc_ports = address(settings, listener), settings.grpc_ports
    running.start()
    return running


def _parts_of(path: str, options: ServeOptions) -> tuple[ModelLocation, Settings]:
    unknown = sorted(options.keys() - ServeOptions.__annotations__.keys())
    if unknown:
        raise UsageError(
            "serve() has no such option",
            option=unknown[0],
            remedy=f"Options are {', '.join(ServeOptions.__annotations__)}",
        )
    given = cast("Mapping[str, object]", options)
    location = ModelLocation(path, **_fields_of(ModelLocation, given))  # type: ignore[arg-type] # of TypedDict
    try:
        settings = msgspec.convert(_fields_of(Settings, given), Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"an option is wrong: {error}") from None
    if settings.log:
        start_logging(settings.log, access=settings.access_log)
    if options.get("engine", "local") == "ray":
        return location, settings
    _check_tls(settings)
    ports = free_ports(settings.host, options.get("grpc_port"), options.get("oip_grpc_port"))
    return location, replace(settings, grpc_ports=ports)


def _check_tls(settings: Settings) -> None:
    """Refuse files that TLS cannot read: it would take a missing name for none, and wait for the
    end of a pipe.
    """
    for option, path in (("--tls-cert", settings.tls_cert), ("--tls-key", settings.tls_key)):
        if path is None:
            continue
        try:
            open_regular(path).close()
        except OSError as error:
            raise UsageError(
                f"the file cannot be read: {error.strerror}", file=path, option=option
            ) from None


def _fields_of(kind: type, options: Mapping[str, object]) -> dict[str, object]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in options.items() if name in names}


def _listen(location: ModelLocation, settings: Settings) -> socket.socket:
    versions_at(location)  # what is not there is said before anything is served
    listener = listen(settings)
    url = address(settings, listener)
    facts = event("start", path=location.path, url=url, grpc=settings.grpc_ports)
    _log.info("starting: %s for %s", location.path, url, extra=facts)
    return listener


def _run_on_ray(location: ModelLocation, settings: Settings, options: ServeOptions) -> None:
    from keramos.serving.deploy.ray_serve import Scaling, serve_on_ray  # noqa: PLC0415 (an extra)

    local_only = (
        ("--tls-cert", settings.tls_cert),
        ("--admin", settings.admin),
        ("--allowed-host", settings.allowed_host),
        ("--shadow", options.get("shadow")),
        ("--otel", settings.otel),
        ("--require-signature", location.require_signature),
    )
    for option, given in local_only:
        if given:
            raise UsageError(
                f"{option} is for the engine local",
                remedy="Leave it out: Ray Serve has its own proxy and versions, and no replica "
                "sees all rows",
            )
    scaling = Scaling.of(options.get("replicas", "1:1"))
    serve_on_ray(location, settings, options.get("ray_address", ""), scaling)


def _leave(number: int, frame: object) -> NoReturn:  # noqa: ARG001 (a handler's signature)
    raise SystemExit(0)


@contextmanager
def _signal_handlers_restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
