"""A gRPC server in a thread of its own, for tests that are clients."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from keramos.serving.assemble import grpc_services
from keramos.serving.grpc.server import GrpcServer, GrpcSettings
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import State, VersionStatus
from support.served_models import matrix_model, mixed_model, plain_model


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


def registry_of_all():
    """A matrix model in two versions, one labelled and a third that failed; a mixed and a plain
    one.
    """
    registry = ModelRegistry()
    registry.add("matrix", 1, matrix_model())
    registry.add("matrix", 2, matrix_model())
    registry.report(
        "matrix", VersionStatus(3, State.END, "FAILED_PRECONDITION", "golden row 1 differs")
    )
    registry.set_labels("matrix", {"stable": 1})
    registry.add("mixed", 7, mixed_model())
    registry.add("plain", 1, plain_model())
    return registry
