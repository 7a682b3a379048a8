"""One gRPC server in the event loop of the HTTP server, at one port or two, with every service at
each.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NoReturn

os.environ.setdefault(
    "GRPC_VERBOSITY", "NONE"
)  # what goes wrong is said once, by us; set before grpc is loaded

import grpc
from google.protobuf.message import DecodeError

from keramos.errors import KeramosError, NotReadyError, RequestError, UsageError
from keramos.serving.batching.arrays import ArrayBatcher
from keramos.serving.core.logging import log_access
from keramos.serving.core.memory import BUSY, reserve
from keramos.serving.core.refusals import refusal_fields, refusal_of
from keramos.serving.core.routes import Refusal
from keramos.serving.core.rpcs import DeniedError, PendingRun
from keramos.serving.core.served import UnopenedError
from keramos.serving.grpc.arrival import received
from keramos.serving.grpc.message_size import UNCOUNTED, decoded_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from keramos.serving.core.counters import Counts
    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context
    from keramos.serving.core.rpcs import Rpc, Service

    Admit = Callable[[Sequence[tuple[bytes, bytes]]], bool]
    Handle = Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], Awaitable[bytes]]

_LARGE = 1 << 16
"""Bytes above which a message is decoded in a thread."""

_SAID = 4000
_MOST_FIELDS = 2000
"""Bytes of the fields; clients limit all metadata of a response, mostly to 8 KB."""

ERROR_KEY = "keramos-error-bin"
"""Trailing metadata of a failed RPC: the fields of the error as UTF-8 JSON."""
"""Characters of an error at most: statuses travel in headers, which clients limit to 8 KB."""

_log = logging.getLogger("keramos.serving")


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """Where and how: ``ports`` to listen at, and limits. ``shared`` lets several processes listen
    at one port, among which the system divides connections.
    """

    host: str = "127.0.0.1"
    ports: tuple[int, ...] = ()
    max_message_bytes: int = 64 << 20
    max_calls: int = 4096
    request_timeout: float = 30.0
    tls_cert: str | None = None
    tls_key: str | None = None
    shared: bool = False
    access_log: bool = False


class GrpcServer:
    """Start and stop in a running event loop. ``ports`` are the ones that it listens at, also where
    0 was asked for.
    """

    def __init__(
        self,
        context: Context,
        services: Sequence[Service],
        settings: GrpcSettings,
        admit: Admit | None,
    ) -> None:
        self.ports: tuple[int, ...] = ()
        self._context = context
        self._services = services
        self._settings = settings
        self._admit = admit
        self._batcher = ArrayBatcher(context.registry)
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            UsageError: a port is taken, or the certificate or its key cannot be used.
        """
        settings = self._settings
        options = (
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", int(settings.shared)),
        )
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=settings.max_calls)
        self._server.add_generic_rpc_handlers(
            tuple(self._service(service) for service in self._services)
        )
        self.ports = tuple(
            self._listen(self._server, port) for port in dict.fromkeys(settings.ports)
        )
        await self._server.start()

    async def stop(self, seconds: float) -> None:
        """Take no new calls, and finish those that have begun within so many seconds."""
        if self._server is not None:
            await self._server.stop(seconds)

    def _listen(self, server: grpc.aio.Server, port: int) -> int:
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{port}"
        try:
            if settings.tls_cert:
                bound = server.add_secure_port(
                    address, _credentials(settings.tls_cert, settings.tls_key)
                )
            else:
                bound = server.add_insecure_port(address)
        except RuntimeError:
            bound = 0
        if not bound:
            raise UsageError(
                f"gRPC cannot listen at {address}: the port is taken, or the address is not this "
                "machine's",
                remedy="Choose another port, or switch gRPC off with --grpc-port none "
                "--oip-grpc-port none",
            )
        return int(bound)

    def _service(self, service: Service) -> grpc.GenericRpcHandler:
        handlers = {
            rpc.name: grpc.stream_unary_rpc_method_handler(self._handler(service.name, rpc))
            for rpc in service.rpcs
        }
        return grpc.method_handlers_generic_handler(service.name, handlers)

    def _handler(self, service: str, rpc: Rpc) -> Handle:
        """The handler of one method, from bytes to bytes: a malformed message is a client error.
        It takes a stream of one message, which lets it decide when to read it.
        """
        settings = self._settings

        async def handle(messages: AsyncIterator[bytes], call: grpc.aio.ServicerContext) -> bytes:
            if self._admit is not None and not rpc.probe and not _admitted(self._admit, call):
                said = (
                    "an API key is needed: send it as metadata 'authorization: Bearer KEY' or "
                    "'x-api-key: KEY'"
                )
                await call.abort(grpc.StatusCode.UNAUTHENTICATED, said)
            begun, code, request, data, reply = perf_counter(), "OK", None, b"", b""
            refusal: Refusal | None = None
            try:
                data = await received(
                    messages,
                    self._context.memory,
                    settings.max_message_bytes,
                    settings.request_timeout,
                )
                if len(data) > _LARGE:
                    request, reply = await self._answer_large(rpc, data)
                else:
                    request = _parsed(rpc, data)
                    reply = await self._answer(rpc, request, rpc.slow)
            except Exception as error:  # noqa: BLE001 (a fault of ours is logged there, and answered as INTERNAL)
                refusal = _refusal(error)
                code = refusal.code
            seconds = perf_counter() - begun
            if rpc.call:
                self._counts(rpc, request).answered(rpc.call, code, seconds, len(data), len(reply))
            if self._settings.access_log:
                log_access("gRPC", rpc.name, code, seconds, len(data), len(reply))
            if (traced := self._context.traced) is not None:
                traced(f"{service}/{rpc.name}", call.invocation_metadata() or (), code, seconds)
            return reply if refusal is None else await _abort(call, refusal)

        return handle

    async def _answer_large(self, rpc: Rpc, data: bytes) -> tuple[Message, bytes]:
        """The request and its reply; the message is counted before it is decoded, in a thread."""
        with self._context.memory.lease() as lease:
            if not lease.body(len(data)):
                raise NotReadyError(BUSY)
            request = await asyncio.to_thread(_counted, rpc, data)
            return request, await self._answer(rpc, request, long=True)

    async def _answer(self, rpc: Rpc, request: Message, long: bool) -> bytes:  # noqa: FBT001 (passed on)
        try:
            found = await self._found(rpc, request, long=long)
        except UnopenedError as error:
            await asyncio.to_thread(error.open)
            found = await self._found(rpc, request, long=long)
        if not isinstance(found, PendingRun):
            return bytes(found.SerializeToString())
        outputs = await self._batcher.run(found.served, found.feeds)
        reply = await asyncio.to_thread(found.write, outputs) if long else found.write(outputs)
        return bytes(reply.SerializeToString())

    async def _found(self, rpc: Rpc, request: Message, *, long: bool) -> Message | PendingRun:
        if long:
            return await asyncio.to_thread(rpc.answer, self._context, request)
        return rpc.answer(self._context, request)

    def _counts(self, rpc: Rpc, request: Message) -> Counts:
        try:
            if rpc.ref is not None and request is not None:
                return self._context.registry.get(rpc.ref(request)).counts
        except KeramosError:
            pass
        return self._context.registry.unserved  # an unknown name is not a label of a metric


def _admitted(admit: Admit, call: grpc.aio.ServicerContext) -> bool:
    pairs = call.invocation_metadata() or ()
    return admit(
        [
            (name.encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in pairs
        ]
    )


def _parsed(rpc: Rpc, data: bytes) -> Message:
    try:
        return rpc.request.FromString(data)
    except DecodeError as error:
        raise RequestError(
            f"the message is not a valid {rpc.request.DESCRIPTOR.name}: {error}"
        ) from None


def _counted(rpc: Rpc, data: bytes) -> Message:
    if len(data) > UNCOUNTED:
        reserve(decoded_size(data, rpc.request.DESCRIPTOR))
    return _parsed(rpc, data)


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, DeniedError):
        return Refusal(403, error.code, str(error))
    return refusal_of(error)


async def _abort(call: grpc.aio.ServicerContext, refusal: Refusal) -> NoReturn:
    message = refusal.message
    short = message if len(message) <= _SAID else message[: _SAID - 3] + "..."
    await call.abort(grpc.StatusCode[refusal.code], short, ((ERROR_KEY, _fields(refusal)),))
    raise AssertionError  # abort does not come back


def _fields(refusal: Refusal) -> bytes:
    """The fields of the error as UTF-8 JSON; the longest are left out where all are too many."""
    fields = refusal_fields(refusal)
    for longest in ("problems", "received", "remedy", "where", "what"):
        found = json.dumps(fields).encode()
        if len(found) <= _MOST_FIELDS:
            return found
        del fields[longest]
    return json.dumps(fields).encode()


def _credentials(cert: str, key: str | None) -> grpc.ServerCredentials:
    """Credentials of PEM files; checked here, because gRPC would only say that the port cannot be
    had.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        return grpc.ssl_server_credentials(
            [(Path(key or cert).read_bytes(), Path(cert).read_bytes())]
        )
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificate {cert} with its key {key or cert} cannot be used: {error}"
        ) from None
