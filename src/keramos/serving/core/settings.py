"""How to serve: every option of the server as one plain value, which worker processes get too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``request_seconds`` is the time in which a request must arrive; ``idle_seconds`` how long a
    connection may rest.

    ``drain_seconds`` is how long a server that was asked to stop still takes connections. Sizes are
    bytes. ``grpc_ports`` are ports for gRPC, none where it is off.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_ports: tuple[int, ...] = ()
    workers: int = 1
    most_body: int = 64 << 20
    most_rows: int = 1_000_000
    most_connections: int = 4096
    request_seconds: float = 30.0
    idle_seconds: float = 75.0
    drain_seconds: float = 1.0
    tls_cert: str | None = None
    tls_key: str | None = None
    api_keys_file: str | None = None
    cors_origin: str | None = None
    admin: bool = False
    access_log: bool = False
    log_format: str = "text"
    tracing: bool = False
