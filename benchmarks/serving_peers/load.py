"""Load on a server at this machine, and what its processes use meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

import grpc

from serving_peers.ways import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psutil

    from serving_peers.ways import Way

HOST = "127.0.0.1"
CLIENTS = 32
_CHANNELS = 4
_START_SECONDS = 90
_OK = 200
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class FailureError(Exception):
    """No number can be given for a server."""


def idle_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def family(process: psutil.Process) -> Sequence[psutil.Process]:
    """A process and all below it."""
    return [process, *process.children(recursive=True)]


def wait(process: psutil.Popen, port: int, way: Way, answer: float) -> float:
    """Seconds until the first right answer."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < _START_SECONDS:
        if process.poll() is not None:
            raise FailureError(f"it ended with exit code {process.returncode}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if is_right(port, way, answer):
                return time.perf_counter() - begun
        time.sleep(0.01)
    raise FailureError(f"no right answer within {_START_SECONDS} s")


def measure(
    process: psutil.Process, port: int, way: Way, answer: float, seconds: float
) -> dict[str, float]:
    """Numbers of one way to ask a server that runs: µs, ms and MB."""
    if not is_right(port, way, answer):
        raise FailureError(f"{way.name}: the answer is wrong")
    load = grpc_load if way.grpc else _http_load
    load(port, way, min(seconds, 1))
    before = _cpu_seconds(process)
    found = load(port, way, seconds)
    used = _cpu_seconds(process) - before
    megabytes = sum(member.memory_full_info().pss for member in family(process)) / 1e6
    return {"us": used / found.pop("requests") * 1e6, **found, "mb": megabytes}


def _cpu_seconds(process: psutil.Process) -> float:
    """Of a process and all below it, also those that have ended."""
    return sum(sum(member.cpu_times()[:4]) for member in family(process))


def is_right(port: int, way: Way, answer: float) -> bool:
    """Whether a server answers, and rightly."""
    if way.grpc:
        with grpc.insecure_channel(f"{HOST}:{port}") as channel:
            return holds(channel.unary_unary(way.path)(way.body, timeout=10), answer)
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("POST", way.path, way.body, way.headers)
        reply = connection.getresponse()
        return holds(reply.read(), answer) and reply.status == _OK
    finally:
        connection.close()


def _http_load(port: int, way: Way, seconds: float) -> dict[str, float]:
    body = "".join(f"\\{octet:03d}" for octet in way.body)
    lines = ['wrk.method = "POST"', f'wrk.body = "{body}"']
    lines += [
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
        for name, value in way.headers.items()
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join(lines))
        script.flush()
        command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds:g}s", "--latency", "-s", script.name]
        done = subprocess.run(
            [*command, f"http://{HOST}:{port}{way.path}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise FailureError(" ".join(re.findall("Non-2xx.*|Socket errors.*", done)))
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", done).groups()
    wanted = [re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", done).groups() for share in (50, 99)]
    p50, p99 = (float(number) * _UNITS[unit] for number, unit in wanted)
    return {"requests": int(requests), "rate": int(requests) / float(took), "p50": p50, "p99": p99}


def grpc_load(port: int, way: Way, seconds: float) -> dict[str, float]:
    """Requests, requests a second and waiting times of calls, 32 in flight."""
    return asyncio.run(_calls(port, way, seconds))


async def _calls(port: int, way: Way, seconds: float) -> dict[str, float]:
    """So many calls in flight at a time; the client is Python too, and slower than the server."""
    taken: list[float] = []

    async def caller(method: grpc.aio.UnaryUnaryMultiCallable, end: float) -> None:
        while (begun := time.perf_counter()) < end:
            await method(way.body)
            taken.append(time.perf_counter() - begun)

    options = (("grpc.use_local_subchannel_pool", 1),)
    channels = [grpc.aio.insecure_channel(f"{HOST}:{port}", options) for _ in range(_CHANNELS)]
    begun = time.perf_counter()
    methods = [channels[place % _CHANNELS].unary_unary(way.path) for place in range(CLIENTS)]
    await asyncio.gather(*(caller(method, begun + seconds) for method in methods))
    rate = len(taken) / (time.perf_counter() - begun)
    for channel in channels:
        await channel.close()
    taken.sort()
    p50, p99 = (taken[int(len(taken) * share)] * 1e3 for share in (0.5, 0.99))
    return {"requests": len(taken), "rate": rate, "p50": p50, "p99": p99}
