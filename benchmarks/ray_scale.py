"""Scoring on Ray beside one process, on this machine: what it costs to start, what a row costs,
what a worker adds.

Two models over Parquet with ten columns: a small one, for which a row costs about as much to read
and write as to decide, and one of four layers of 512 units, for which deciding is nearly all. Each
worker has one thread.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

os.environ |= {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}

import contextlib
import logging

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import ray

import keramos

if TYPE_CHECKING:
    from keramos.types.scoring import ScoringSummary

COLUMNS, TINY, ROUNDS, UNITS = 10, 1000, 2, 40
MODELS = {"10-32-16-1": ((32, 16), 8_000_000), "10-512-512-512-512-1": ((512,) * 4, 400_000)}
"""Model -> its hidden layers, and how many rows it decides."""

WAYS: dict[str, dict[str, object]] = {
    "local, 1 thread": {"threads": 1},
    "Ray, 1 worker": {"engine": "ray", "workers": 1},
    "Ray, 2 workers": {"engine": "ray", "workers": 2},
}


class Look(NamedTuple):
    """A look at a run: the rows so far, the time, and the CPU seconds of this process and all below
    it.
    """

    rows: int
    wall: float
    cpu: float


class Cost(NamedTuple):
    """Rows a second and CPU seconds a row between the first and the last look, and the wall seconds
    of all.
    """

    rate: float
    cpu: float
    seconds: float


_used: dict[int, float] = {}


def cpu() -> float:
    """CPU seconds of this process and all below it; of one that has ended, what it had when it was
    last seen.
    """
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            _used[process.pid] = times.user + times.system
    return sum(_used.values())


def score(folder: Path, model: str, rows: int, way: str) -> Cost:
    """Score a file once. Between the first and the last look everything has started and nothing has
    ended.
    """
    begun, looks = perf_counter(), []
    target = folder / "out"
    summary: ScoringSummary = keramos.score(
        folder / f"{model}.h5",
        folder / f"{rows}.parquet",
        target,
        on_progress=lambda seen: looks.append(Look(seen.rows, perf_counter(), cpu())),
        part_rows=max(rows // UNITS, TINY),
        **WAYS[way],
    )
    seconds = perf_counter() - begun
    if summary.totals.decided != rows:
        raise SystemExit(f"{summary.totals.decided} of {rows} rows decided")
    shutil.rmtree(target)
    first, last = looks[0], looks[-1]
    between = max(last.rows - first.rows, 1)
    return Cost(
        between / max(last.wall - first.wall, 1e-9), (last.cpu - first.cpu) / between, seconds
    )


def prepare(folder: Path) -> None:
    """Write models and rows."""
    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(1000) for i in range(COLUMNS)}
    table["y"] = np.where(sum(table.values()) > COLUMNS / 2, "yes", "no")
    for name, (hidden, rows) in MODELS.items():
        keramos.train(
            table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=hidden)
        ).save(folder / f"{name}.h5")
        for count in {rows, TINY}:
            columns = {f"x{i}": rng.random(count, "float32") for i in range(COLUMNS)}
            pq.write_table(
                pa.table(columns),
                folder / f"{count}.parquet",
                row_group_size=max(count // UNITS, TINY),
            )


def measure(folder: Path, name: str) -> None:
    """Print the lines of one model."""
    rows = MODELS[name][1]
    tiny: dict[str, list[Cost]] = {way: [] for way in WAYS}
    whole: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):  # round after round, so that noise of the machine meets all ways
        for way in WAYS:
            tiny[way].append(score(folder, name, TINY, way))
            whole[way].append(score(folder, name, rows, way))
    rates = {way: max(cost.rate for cost in costs) for way, costs in whole.items()}
    for way, rate in rates.items():
        begin = min(cost.seconds for cost in tiny[way])
        used = min(cost.cpu for cost in whole[way]) * 1e6
        print(
            f"| {name} | {way} | {begin:.2f} | {rate:,.0f} | "
            f"{rate / rates['local, 1 thread']:.2f} | {used:.2f} |"
        )
    ratio = rates["Ray, 2 workers"] / rates["Ray, 1 worker"]
    print(f"| {name} | **2 workers to 1** | | | **{ratio:.2f}** | |", flush=True)


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        begun = perf_counter()
        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        started = perf_counter() - begun
        print(
            f"Ray {ray.__version__} itself starts in {started:.1f} s; Python "
            f"{sys.version.split()[0]}"
        )
        print(
            "\n| model | way | s for 1,000 rows | rows/s after the start | to local | CPU µs a "
            "row |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        try:
            for name in MODELS:
                measure(Path(folder), name)
        finally:
            ray.shutdown()


if __name__ == "__main__":
    main()
