"""A store of many tabular models behind one server: from its start to its first answer, the first
request of a model that is not open yet, and memory, beside the same server with every model open.

Times are wall seconds of requests and CPU seconds of the server's process; memory is its resident
size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np
import psutil

import keramos
from keramos.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_REQUESTS = 200
PORT = 18_573
URL = f"http://127.0.0.1:{PORT}"


def store(place: Path, models: int) -> None:
    """A store with so many models of ten columns."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 10))
    table = {f"x{column}": rows[:, column].tolist() for column in range(10)}
    table["y"] = np.where(rows.sum(1) > 0, "yes", "no").tolist()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "m.keras")
        keramos.train(table, "y", recipe="network").save(file)
        for number in range(models):
            Store(place).publish(file, f"m{number:04d}")


def asked(path: str, body: object = None) -> None:
    """One request; it fails where the answer is no success."""
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(URL + path, data), timeout=600) as reply:  # noqa: S310 (our own server)
        reply.read()


def predict(number: int) -> float:
    """Milliseconds of a request for one row of one model."""
    begun = perf_counter()
    asked(f"/v1/models/m{number:04d}:predict", {"instances": [{f"x{i}": 0.5 for i in range(10)}]})
    return 1000 * (perf_counter() - begun)


def until_ready() -> None:
    """Wait until the server says that it is ready."""
    while True:
        try:
            asked("/readyz")
        except URLError:
            sleep(0.02)
        else:
            return


def measured(place: Path, models: int, options: Sequence[str]) -> list[str]:
    """A row of the table for one server."""
    program = str(Path(sys.executable).with_name("keramos"))
    command = [program, "serve", str(place), "--port", str(PORT), *options]
    begun = perf_counter()
    with subprocess.Popen(
        [*command, "--grpc-port", "none", "--oip-grpc-port", "none"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until_ready()
            started = perf_counter() - begun
            server = psutil.Process(process.pid)
            times, before = server.cpu_times(), server.memory_info().rss
            ends = np.linspace(0, models - 1, min(FIRST_REQUESTS, models)).astype(int)
            first = [predict(int(number)) for number in ends]
            cpu = (sum(server.cpu_times()[:2]) - sum(times[:2])) / len(ends)
            again = [predict(int(number)) for number in ends]
            more = (server.memory_info().rss - before) / len(ends)
        finally:
            process.terminate()
    return [
        " ".join(options) or "(default)",
        f"{started:.2f} s",
        f"{times.user + times.system:.2f} s",
        f"{before / 2**20:.0f} MiB",
        f"{median(first):.1f} / {max(first):.1f} ms",
        f"{1000 * cpu:.1f} ms",
        f"{median(again):.2f} ms",
        f"{more / 2**10:.0f} KiB",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    models = parser.parse_args().models
    print(
        "| server | ready | CPU | memory | first request, median / worst | its CPU | again "
        "| per model |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder), models)
        for options in ([], ["--model-memory", str(32 << 20)], ["--preload"]):
            print(f"| {' | '.join(measured(Path(folder), models, options))} |", flush=True)


if __name__ == "__main__":
    main()
