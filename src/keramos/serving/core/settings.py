"""The options of one server, as one plain value that worker processes get too."""

from __future__ import annotations

from dataclasses import dataclass

from keramos.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. Fields have the names of the command's options.

    Attributes:
        host: address to listen at.
        port: port for HTTP; 0 takes a free one.
        grpc_ports: ports for gRPC; empty where gRPC is off.
        workers: processes that share the port.
        max_body_bytes: bytes of a request's body, also after decompression.
        max_rows: rows of one request.
        max_memory_bytes: memory for all requests of one process together: a quarter for bodies as
            they arrive, half for what they decode to. At least four times ``max_body_bytes``.
        max_connections: open connections of one process.
        request_timeout: seconds in which a request must arrive.
        idle_timeout: seconds for which an idle connection is kept.
        drain_seconds: seconds for which a stopping server still accepts connections.
        tls_cert: certificate (PEM).
        tls_key: private key of the certificate (PEM).
        api_keys_file: file of API keys, one a line.
        cors_origin: origin whose pages may read responses, or ``*``.
        allowed_host: names of this server in Host headers, beside its address; with ``admin``, or
            where any are given, requests for other hosts are refused.
        admin: whether clients may load and unload models.
        log: ``text`` or ``json``; None leaves the logging of the process as it is.
        access_log: whether each request is logged.
        otel: whether traces are exported by OpenTelemetry.
        fast_path: whether small requests are decoded and batched below the ASGI application.

    Raises:
        UsageError: options contradict each other.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_ports: tuple[int, ...] = ()
    workers: int = 1
    max_body_bytes: int = 64 << 20
    max_rows: int = 1_000_000
    max_memory_bytes: int = 1 << 30
    max_connections: int = 4096
    request_timeout: float = 30.0
    idle_timeout: float = 75.0
    drain_seconds: float = 1.0
    tls_cert: str | None = None
    tls_key: str | None = None
    api_keys_file: str | None = None
    cors_origin: str | None = None
    allowed_host: tuple[str, ...] = ()
    admin: bool = False
    log: str | None = None
    access_log: bool = False
    otel: bool = False
    fast_path: bool = True

    def memory_bytes(self) -> int:
        """Memory for all requests: so much that one body of the largest size fits."""
        return max(self.max_memory_bytes, 4 * self.max_body_bytes)

    def __post_init__(self) -> None:
        """Check what no single option shows."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key go together")
        if self.admin and self.workers != 1:
            raise UsageError(
                "--admin is for one worker",
                received=f"{self.workers} workers",
                remedy="Serve a store or a folder: all workers see its new versions",
            )

    @property
    def checks_hosts(self) -> bool:
        """Whether requests for unknown hosts are refused."""
        return self.admin or bool(self.allowed_host)
