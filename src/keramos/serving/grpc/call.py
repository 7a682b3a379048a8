"""Calls: from the bytes of a message to the bytes of a reply.

A small message is decoded and answered in the event loop, and calls of one tick share a run. What
takes long gets a thread, and its call a task that ends with its deadline.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from keramos.errors import KeramosError, NotReadyError, RequestError
from keramos.serving.core.logging import log_access
from keramos.serving.core.memory import BUSY, reserve
from keramos.serving.core.refusals import refusal_of
from keramos.serving.core.routes import Refusal
from keramos.serving.core.rpcs import DeniedError, PendingRun
from keramos.serving.core.served import UnopenedError
from keramos.serving.grpc.message_size import UNCOUNTED, decoded_size
from keramos.serving.grpc.wire import (
    OK_HEAD,
    OK_TRAILERS,
    PREFIX_BYTES,
    WRONG_TYPE,
    failed,
    framed,
    known_coding,
    message_of,
    message_size,
    read_head,
    unpacked,
    unpacked_most,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from keramos.serving.batching.arrays import ArrayBatcher
    from keramos.serving.core.counters import Counts
    from keramos.serving.core.memory import Lease
    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.routes import Context
    from keramos.serving.core.rpcs import Rpc, Service
    from keramos.serving.grpc.wire import Head
    from keramos.serving.http2.hpack import Field
    from keramos.serving.http2.stream import Stream
    from keramos.types.serving import Outputs

    Admit = Callable[[Sequence[Field]], bool]

_LARGE = 1 << 16
"""Bytes above which a message is decoded in a thread."""

_MOST_HEADS = 256
_KEY_NEEDED = (
    "an API key is needed: send it as metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'"
)


class Route:
    """What the headers of a call ask for; ``refusal`` says why it has no answer."""

    __slots__ = ("head", "name", "refusal", "rpc")

    def __init__(
        self, head: Head, name: str, rpc: Rpc | None, refusal: Refusal | None = None
    ) -> None:
        self.head, self.name, self.rpc, self.refusal = head, name, rpc, refusal


class Calls:
    """The calls of one server."""

    def __init__(
        self,
        context: Context,
        services: Sequence[Service],
        batcher: ArrayBatcher,
        admit: Admit | None,
        limits: CallLimits,
    ) -> None:
        self.context, self.batcher, self.limits = context, batcher, limits
        self.running = 0
        self._admit = admit
        self._rpcs = {
            f"/{service.name}/{rpc.name}".encode(): rpc
            for service in services
            for rpc in service.rpcs
        }
        self._routes: dict[tuple[Field, ...], Route] = {}

    def begin(self, stream: Stream) -> OneCall:
        """What answers a stream."""
        route = self._routes.get(stream.fields)
        if route is None:
            if len(self._routes) >= _MOST_HEADS:
                self._routes.clear()
            route = self._routes[stream.fields] = self._route(stream.fields)
        return OneCall(self, stream, route)

    def _route(self, fields: tuple[Field, ...]) -> Route:
        head = read_head(fields)
        rpc = self._rpcs.get(head.path)
        name = head.path[1:].decode("latin-1")
        if rpc is None:
            why = Refusal(501, "UNIMPLEMENTED", "Method not found!")
        elif self._admit is not None and not rpc.probe and not self._admit(head.metadata):
            why = Refusal(401, "UNAUTHENTICATED", _KEY_NEEDED)
        elif not known_coding(head.coding):
            why = Refusal(501, "UNIMPLEMENTED", "the call has an unknown grpc-encoding")
        else:
            return Route(head, name, rpc)
        return Route(head, name, rpc, why)


class CallLimits:
    """``message`` bytes, ``seconds`` in which a message must arrive, ``calls`` at a time."""

    __slots__ = ("access_log", "calls", "message", "seconds")

    def __init__(self, message: int, seconds: float, calls: int, *, access_log: bool) -> None:
        self.message, self.seconds, self.calls = message, seconds, calls
        self.access_log = access_log


class OneCall:
    """One call; it is the answer of its run."""

    __slots__ = (
        "_begun", "_calls", "_data", "_lease", "_pending", "_request", "_route", "_stream",
        "_task", "_timer",
    )  # fmt: skip

    def __init__(self, calls: Calls, stream: Stream, route: Route) -> None:
        self._calls, self._stream, self._route = calls, stream, route
        self._begun = perf_counter()
        self._data = b""
        self._request: Message = None
        self._pending: PendingRun | None = None
        self._lease: Lease | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- of the stream

    def begun(self) -> None:
        """Refuse a call by its headers."""
        calls, route = self._calls, self._route
        calls.running += 1
        if not route.head.type.startswith(b"application/grpc"):
            self._stream.reply(WRONG_TYPE)
        elif route.refusal is not None:
            self._stream.reply(failed(route.refusal))
        elif calls.running > calls.limits.calls:
            self._stream.reply(failed(Refusal(503, "RESOURCE_EXHAUSTED", "too many calls at once")))

    def grew(self) -> None:
        """Take memory for a message once its size is known, or refuse it."""
        size, there = message_size(self._stream.body), len(self._stream.body)
        if size < 0 or self._lease is not None:
            if there > size + PREFIX_BYTES:
                self._refuse(RequestError("the call has more than one message"))
            return
        if size > self._calls.limits.message:
            self._too_large(size)
            return
        self._lease = self._calls.context.memory.apart()
        if self._lease.body(size):
            self._stream.allow(size + PREFIX_BYTES)
        else:
            self._refuse(NotReadyError(BUSY))

    def late(self, now: float) -> None:
        """Refuse a message that takes too long."""
        if not self._stream.complete and now - self._stream.begun > self._calls.limits.seconds:
            self._refuse(NotReadyError("the message took too long to arrive"))

    def completed(self) -> None:
        """Answer the message."""
        self._give_back()
        try:
            self._data, packed = message_of(self._stream.body)
        except RequestError as error:
            self._refuse(error)
            return
        self._stream.body = b""
        if packed:
            self._in_task(self._answer_packed)
        elif len(self._data) > self._calls.limits.message:
            self._too_large(len(self._data))
        else:
            self._start()

    def ended(self) -> None:
        """The call is answered, or its client has gone."""
        self._calls.running -= 1
        self._give_back()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    # -- of its run

    def done(self) -> bool:
        """Whether nobody waits."""
        return self._stream.gone

    def set_result(self, outputs: Outputs, /) -> None:
        """Send the reply of a run."""
        try:
            assert self._pending is not None  # noqa: S101 (its run was asked for)
            reply = self._pending.write(outputs).SerializeToString()
        except Exception as error:  # noqa: BLE001 (a fault of ours is logged there)
            self._refuse(error)
        else:
            self._finish("OK", reply)

    def set_exception(self, error: Exception, /) -> None:
        """Send why there are no outputs."""
        self._refuse(error)

    # -- inside

    def _start(self) -> None:
        rpc = self._rpc()
        if rpc.slow or len(self._data) > _LARGE:
            self._in_task(self._answer_large if len(self._data) > _LARGE else self._answer)
            return
        try:
            self._request = _parsed(rpc, self._data)
            found = rpc.answer(self._calls.context, self._request)
        except UnopenedError:
            self._in_task(self._answer)
        except Exception as error:  # noqa: BLE001 (a fault of ours is logged there)
            self._refuse(error)
        else:
            self._take(found)

    def _take(self, found: Message | PendingRun) -> None:
        if not isinstance(found, PendingRun):
            self._finish("OK", found.SerializeToString())
            return
        self._pending = found
        if not self._calls.batcher.put(found.served, found.feeds, self):
            self._in_task(partial(self._run, found))

    def _in_task(self, work: Callable[[], Awaitable[None]]) -> None:
        loop, seconds = asyncio.get_running_loop(), self._route.head.seconds
        self._task = loop.create_task(self._guarded(work))
        if seconds:
            self._timer = loop.call_at(self._stream.begun + seconds, self._expire)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (a fault of ours is logged there)
            self._refuse(error)

    async def _answer_packed(self) -> None:
        """The message takes memory before it is unpacked, in a thread."""
        most, data = self._calls.limits.message, self._data
        with self._calls.context.memory.lease() as lease:
            if not lease.body(unpacked_most(data, most)):
                raise NotReadyError(BUSY)
            coding = self._route.head.coding
            self._data = await asyncio.to_thread(unpacked, data, coding, most)
            if len(self._data) > most:
                self._too_large(len(self._data))
            elif len(self._data) > _LARGE:
                await self._answer_large()
            else:
                await self._answer()

    async def _answer_large(self) -> None:
        """The message is counted before it is decoded, in a thread."""
        with self._calls.context.memory.lease() as lease:
            if not lease.body(len(self._data)):
                raise NotReadyError(BUSY)
            self._request = await asyncio.to_thread(_counted, self._rpc(), self._data)
            await self._answer()

    async def _answer(self) -> None:
        rpc, context = self._rpc(), self._calls.context
        if self._request is None:
            self._request = _parsed(rpc, self._data)
        long = rpc.slow or len(self._data) > _LARGE
        try:
            found = await asyncio.to_thread(rpc.answer, context, self._request)
        except UnopenedError as error:
            await asyncio.to_thread(error.open)
            found = await asyncio.to_thread(rpc.answer, context, self._request)
        if isinstance(found, PendingRun):
            await self._run(found, in_thread=long)
        else:
            self._finish("OK", found.SerializeToString())

    async def _run(self, found: PendingRun, *, in_thread: bool = False) -> None:
        outputs = await self._calls.batcher.run(found.served, found.feeds)
        if in_thread:
            reply = await asyncio.to_thread(found.write, outputs)
        else:
            reply = found.write(outputs)
        self._finish("OK", reply.SerializeToString())

    def _expire(self) -> None:
        self._count("DEADLINE_EXCEEDED", 0)
        self._stream.reply(failed(Refusal(504, "DEADLINE_EXCEEDED", "Deadline Exceeded")))

    def _finish(self, code: str, reply: bytes) -> None:
        self._task = None
        if not self._stream.gone:
            self._count(code, len(reply))
            self._stream.reply(OK_HEAD, framed(reply), OK_TRAILERS)

    def _refuse(self, error: Exception) -> None:
        refusal = _refusal(error)
        self._task = None
        if not self._stream.gone:
            self._count(refusal.code, 0)
            self._stream.reply(failed(refusal))

    def _too_large(self, size: int) -> None:
        most = self._calls.limits.message
        said = f"Received message larger than max ({size} vs. {most})"
        self._stream.reply(failed(Refusal(413, "RESOURCE_EXHAUSTED", said)))

    def _count(self, code: str, sent: int) -> None:
        rpc, seconds, size = self._rpc(), perf_counter() - self._begun, len(self._data)
        if rpc.call:
            self._counts(rpc).answered(rpc.call, code, seconds, size, sent)
        if self._calls.limits.access_log:
            log_access("gRPC", rpc.name, code, seconds, size, sent)
        if (traced := self._calls.context.traced) is not None:
            traced(self._route.name, self._route.head.metadata, code, seconds)

    def _counts(self, rpc: Rpc) -> Counts:
        registry = self._calls.context.registry
        try:
            if rpc.ref is not None and self._request is not None:
                return registry.get(rpc.ref(self._request)).counts
        except KeramosError:
            pass
        return registry.unserved  # an unknown name is not a label of a metric

    def _rpc(self) -> Rpc:
        rpc = self._route.rpc
        assert rpc is not None  # noqa: S101 (an unknown method was refused)
        return rpc

    def _give_back(self) -> None:
        if self._lease is not None:
            self._lease.end()
            self._lease = None


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
