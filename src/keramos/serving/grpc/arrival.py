"""Messages as they arrive, within the server's memory for bodies.

gRPC keeps a message in memory of its own until it is whole, and says neither how large it will be
nor how much of it is there. A message that is whole at once takes nothing; one that is not takes
memory for the largest message until it is whole, or is refused. So what arrives together is bounded
by that memory and what a network brings in a tenth of a second.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from keramos.errors import NotReadyError, RequestError
from keramos.serving.core.memory import BUSY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from keramos.serving.core.memory import Lease, RequestMemory

_AT_ONCE_SECONDS = 0.1


async def received(
    messages: AsyncIterator[bytes], memory: RequestMemory, most: int, seconds: float
) -> bytes:
    """The message of a call.

    Raises:
        RequestError: there is none.
        NotReadyError: the memory for messages of ``most`` bytes is taken, or it took longer than
            ``seconds`` to arrive.
    """
    arrival = _Arrival(memory, most, seconds)
    try:
        return await anext(messages)
    except StopAsyncIteration:
        raise RequestError("the call has no message") from None
    except asyncio.CancelledError:
        if not arrival.refusal:
            raise  # the client has gone
        arrival.task.uncancel()
        raise NotReadyError(arrival.refusal) from None
    finally:
        arrival.end()


class _Arrival:
    """Watches one message arrive; cancels the task that waits for it where it may not stay.

    ``refusal`` says why.
    """

    def __init__(self, memory: RequestMemory, most: int, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine runs in one)
        self.task = task
        self.refusal = ""
        self._memory, self._most, self._seconds = memory, most, seconds
        self._lease: Lease | None = None
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle = self._loop.call_later(_AT_ONCE_SECONDS, self._is_slow)

    def end(self) -> None:
        self._next.cancel()
        if self._lease is not None:
            self._lease.end()

    def _is_slow(self) -> None:
        # After a busy time of the loop the message may be there: its task is woken before this.
        self._next = self._loop.call_soon(self._stays)

    def _stays(self) -> None:
        self._lease = self._memory.apart()
        if not self._lease.body(self._most):
            self._refuse(BUSY)
            return
        late = "the message took too long to arrive"
        self._next = self._loop.call_later(self._seconds, self._refuse, late)

    def _refuse(self, why: str) -> None:
        self.refusal = why
        self.task.cancel()
