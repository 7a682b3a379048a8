"""Scoring on Ray beside one process, on this machine: what it costs to start, what a row costs, what a worker adds.

Two models over Parquet with ten columns: a small one, for which a row costs about as much to read and write as to
decide, and one of four layers of 512 units, for which deciding is nearly all. Each worker has one thread.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}

import logging

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import ray

import keramos

if TYPE_CHECKING:
    from keramos.types.scoring import ScoringSummary

COLUMNS, GROUP, TINY, ROUNDS = 10, 20_000, 1000, 2
MODELS = {"10-32-16-1": ((32, 16), 4_000_000), "10-512-512-512-512-1": ((512,) * 4, 400_000)}
"""Model -> its hidden layers, and how many rows it decides."""

WAYS: dict[str, dict[str, object]] = {
    "local, 1 thread": {"threads": 1},
    "Ray, 1 worker": {"engine": "ray", "workers": 1},
    "Ray, 2 workers": {"engine": "ray", "workers": 2},
}


class Cost(NamedTuple):
    """Wall and CPU seconds; those of all processes below this one count."""

    wall: float
    cpu: float


def cpu() -> float:
    """CPU seconds of this process and all below it that live."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def score(folder: Path, model: str, rows: int, way: str) -> Cost:
    """Score a file once."""
    begun, used = perf_counter(), cpu()
    busiest = used

    def look(_: object) -> None:  # the last look comes before workers end and their time with them
        nonlocal busiest
        busiest = max(busiest, cpu())

    target = folder / "out"
    summary: ScoringSummary = keramos.score(
        folder / f"{model}.h5", folder / f"{rows}.parquet", target, on_progress=look, **WAYS[way]
    )
    if summary.totals.decided != rows:
        raise SystemExit(f"{summary.totals.decided} of {rows} rows decided")
    shutil.rmtree(target)
    return Cost(perf_counter() - begun, busiest - used)


def prepare(folder: Path) -> None:
    """Write models and rows."""
    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(1000) for i in range(COLUMNS)}
    table["y"] = np.where(sum(table.values()) > COLUMNS / 2, "yes", "no")
    for name, (hidden, rows) in MODELS.items():
        keramos.train(table, "y", plan=keramos.TrainingPlan(epochs=1, hidden=hidden)).save(folder / f"{name}.h5")
        for count in {rows, TINY}:
            columns = {f"x{i}": rng.random(count, "float32") for i in range(COLUMNS)}
            pq.write_table(pa.table(columns), folder / f"{count}.parquet", row_group_size=GROUP)


def measure(folder: Path, name: str) -> None:
    """Print the lines of one model."""
    rows = MODELS[name][1]
    costs: dict[str, list[tuple[Cost, Cost]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):  # round after round, so that noise of the machine meets all ways
        for way in WAYS:
            costs[way].append((score(folder, name, TINY, way), score(folder, name, rows, way)))
    net, spent = {}, {}
    for way, found in costs.items():
        tiny, whole = min(tiny.wall for tiny, _ in found), min(whole.wall for _, whole in found)
        net[way] = whole - tiny
        spent[way] = min(whole.cpu - tiny.cpu for tiny, whole in found)
        ratio = net[next(iter(WAYS))] / net[way]
        print(
            f"| {name} | {way} | {tiny:.2f} | {whole:.2f} | {rows / net[way]:,.0f} | {ratio:.2f} "
            f"| {spent[way] / rows * 1e6:.2f} |",
            flush=True,
        )
    one, two = net["Ray, 1 worker"], net["Ray, 2 workers"]
    print(f"| {name} | 2 workers / 1 worker | | | | {one / two:.2f} | |", flush=True)


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        begun = perf_counter()
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        started = perf_counter() - begun
        print(f"Ray {ray.__version__} itself starts in {started:.1f} s; Python {sys.version.split()[0]}")
        print("\n| model | way | 1,000 rows s | all rows s | rows/s beyond | to local | CPU µs a row |")
        print("|---|---|---|---|---|---|---|", flush=True)
        try:
            for name in MODELS:
                measure(Path(folder), name)
        finally:
            ray.shutdown()


if __name__ == "__main__":
    main()
