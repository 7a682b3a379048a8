"""CPU of one server for a call of gRPC beside a request of HTTP, this commit beside another one and
beside an echo of grpcio, in one run.

``python benchmarks/grpc_calls.py [--beside SRC] [--rounds N] [--seconds S]`` starts the servers
once and asks them in turns, 32 requests in flight at 4 connections of gRPC and at 32 of HTTP. CPU
is that of the server's process alone, from the system's counters; the least of all rounds counts.
``echo`` is ``grpc.aio`` with a handler that gives its bytes back: what grpcio costs without any
model. The answer is checked before the load.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import psutil

from serving_peers.load import CLIENTS, HOST, grpc_load, idle_port, is_right
from serving_peers.ways import keramos_ways, save_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving_peers.ways import Way

ECHO = """
import asyncio, sys, grpc
async def main():
    async def echo(data, context):
        return data
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("echo", {"Echo": handler}),
    ))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    await server.start()
    await server.wait_for_termination()
asyncio.run(main())
"""
KERAMOS = "from keramos.cli import main; main()"


@contextlib.contextmanager
def running(code: str, *arguments: str, source: str = "") -> Iterator[psutil.Popen]:
    """A process of Python, with the sources of another commit where they are given."""
    environment = os.environ | ({"PYTHONPATH": source} if source else {})
    process = psutil.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def served(model: Path, ports: tuple[int, int], source: str) -> contextlib.AbstractContextManager:
    """A server of keramos at a port of HTTP and one of gRPC."""
    http, remote = map(str, ports)
    options = ("--port", http, "--grpc-port", remote, "--oip-grpc-port", "none")
    return running(KERAMOS, "serve", str(model), *options, source=source)


async def _http(port: int, way: Way, seconds: float) -> int:
    """Requests at 32 connections, written as bytes; gives how many were answered."""
    head = f"POST {way.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(way.body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in way.headers.items())
    request, answered, end = (head + "\r\n").encode() + way.body, 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(HOST, port)
        while time.perf_counter() < end:
            writer.write(request)
            received = await reader.readuntil(b"\r\n\r\n")
            size = int(received.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0])
            await reader.readexactly(size)
            answered += 1
        writer.close()

    await asyncio.gather(*(caller() for _ in range(CLIENTS)))
    return answered


def load(process: psutil.Popen, port: int, way: Way, seconds: float) -> float:
    """CPU µs of the server for one request."""
    before = sum(process.cpu_times()[:2])
    if way.grpc:
        answered = grpc_load(port, way, seconds)["requests"]
    else:
        answered = asyncio.run(_http(port, way, seconds))
    return (sum(process.cpu_times()[:2]) - before) / answered * 1e6


def until_right(port: int, way: Way, answer: float) -> None:
    """Wait for the right answer."""
    for _ in range(600):
        with contextlib.suppress(OSError, grpc.RpcError):
            if is_right(port, way, answer):
                return
        time.sleep(0.05)
    raise SystemExit(f"no right answer: {way.name}")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--beside", default="", help="the src folder of another commit")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2.0)
    given = options.parse_args()
    ways = [way for way in keramos_ways() if way.grpc or way.name == "REST, rows as lists"]
    sources = {"now": "", **({"before": given.beside} if given.beside else {})}
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        model, _, answer = save_model(Path(folder))
        servers = {}
        for name, source in sources.items():
            ports = (idle_port(), idle_port())
            servers[name] = stack.enter_context(served(model, ports, source)), ports
            for way in ways:
                until_right(ports[way.grpc], way, answer)
        port = idle_port()
        echo = stack.enter_context(running(ECHO, str(port)))
        plain = next(way for way in ways if way.grpc)
        echoed = type(plain)("echo", "/echo/Echo", plain.body, grpc=True)
        for _ in range(given.rounds):
            for name, (process, ports) in servers.items():
                for way in ways:
                    used = load(process, ports[way.grpc], way, given.seconds)
                    found.setdefault((name, way.name), []).append(used)
            used = load(echo, port, echoed, given.seconds)
            found.setdefault(("grpcio", "echo"), []).append(used)
    http = {name: min(found[name, "REST, rows as lists"]) for name in sources}
    for (name, way), used in found.items():
        ratio = f"{min(used) / http[name]:6.1f}" if name in http else " " * 6
        print(f"{name:<8} {way:<28} {min(used):7.1f} {ratio}")


if __name__ == "__main__":
    main()
