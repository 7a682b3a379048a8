"""A gRPC server in a thread of its own, for tests that are clients."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from keramos.serving.assemble import grpc_services
from keramos.serving.grpc.server import GrpcServer, GrpcSettings


class Running:
    """A server that runs: ``port``, and ``call`` for what must happen in its event loop."""

    def __init__(self, context, admit=lambda _: True, **settings):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = GrpcServer(
            context, grpc_services(), GrpcSettings(ports=(0,), **settings), admit
        )
        self.call(self.server.start())
        self.port = self.server.ports[0]
        self.address = f"127.0.0.1:{self.port}"

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def close(self, seconds=5):
        self.call(self.server.stop(seconds))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def running(context, **settings):
    server = Running(context, **settings)
    try:
        yield server
    finally:
        server.close()
