"""Rows a second of scoring a Parquet file into a Parquet file, keramos beside its peers, and
whether memory is flat.

``python benchmarks/scoring.py [--rows N]`` runs every way on one file of N rows x 10 float32
columns and an id: ``keramos score``, and pyarrow that reads the file and writes what keramos
writes, without any model (the limit), each as a whole process from its start to its exit; and the
same job with pandas and Keras or ONNX Runtime, as people write it, from reading the file to the
file written, without importing and loading, which favours them. The two that would take minutes run
on a part of the rows, as the column of rows says.

``python benchmarks/scoring.py --memory`` scores 1, 10 and 50 million rows and prints the peak
memory of each.

Every way is a process of its own; CPU is that of all its threads.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROWS = 10_000_000
MILLIONS = (1, 10, 50)
COLUMNS = [f"x{number}" for number in range(10)]
GROUP = 1 << 20
"""Rows of a row group, pyarrow's own choice."""

RUNS = 3
"""Of the ways that take seconds; the fastest counts."""


class Used(NamedTuple):
    """Wall and CPU seconds for so many rows, and peak memory in MB."""

    rows: int
    wall: float
    cpu: float
    memory: float


def write_model(path: Path) -> None:
    """Train a network 10-32-16-1 on a few rows, and write it as ONNX too."""
    import numpy as np

    import keramos

    rng = np.random.default_rng(0)
    table = {name: rng.random(1000) for name in COLUMNS}
    table["y"] = np.where(sum(table.values()) > len(COLUMNS) / 2, "yes", "no")
    keramos.train(
        table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=2, hidden=(32, 16))
    ).save(path)
    keramos.convert(path, path.with_suffix(".onnx"))


def write_rows(path: Path, rows: int) -> None:
    """A Parquet file of random rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    schema = pa.schema([("id", pa.int64()), *((name, pa.float32()) for name in COLUMNS)])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for at in range(0, rows, GROUP):
            count = min(GROUP, rows - at)
            columns = [np.arange(at, at + count), *(rng.random(count, "float32") for _ in COLUMNS)]
            writer.write_table(pa.table(columns, schema), GROUP)


def copy(folder: Path, source: Path) -> tuple[int, Callable[[], None]]:
    """Read all columns, write the columns that keramos writes; labels and scores are made
    before.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(2)
    codes = pa.array(rng.integers(0, 2, GROUP, "int8"))
    label = pa.DictionaryArray.from_arrays(codes, pa.array(["no", "yes"]))
    score = pa.array(rng.random(GROUP, "float32"))
    schema = pa.schema([("id", pa.int64()), ("label", label.type), ("score", pa.float32())])

    def run() -> None:
        with pq.ParquetWriter(folder / "out.parquet", schema, use_dictionary=["label"]) as writer:
            for batch in pq.ParquetFile(source).iter_batches(GROUP):
                rows = batch.num_rows
                columns = [batch.column("id"), label.slice(0, rows), score.slice(0, rows)]
                writer.write_table(pa.table(columns, schema=schema))

    return pq.ParquetFile(source).metadata.num_rows, run


def keras_pandas(folder: Path, source: Path) -> tuple[int, Callable[[], None]]:
    """``model.predict`` as people write it."""
    return _keras(folder, source, lambda model, x: model.predict(x, verbose=0))


def keras_pandas_8192(folder: Path, source: Path) -> tuple[int, Callable[[], None]]:
    """The same with a batch size that suits tables."""
    return _keras(folder, source, lambda model, x: model.predict(x, batch_size=8192, verbose=0))


def keras_data(folder: Path, source: Path) -> tuple[int, Callable[[], None]]:
    """The same through tf.data."""
    import tensorflow as tf

    def predict(model, x):  # noqa: ANN001, ANN202 (Keras is untyped)
        data = tf.data.Dataset.from_tensor_slices(x).batch(8192).prefetch(tf.data.AUTOTUNE)
        return model.predict(data, verbose=0)

    return _keras(folder, source, predict)


def _keras(
    folder: Path, source: Path, predict: Callable[..., object]
) -> tuple[int, Callable[[], None]]:
    import keras

    model = keras.models.load_model(folder / "model.h5")
    return _pandas(folder, source, lambda x: predict(model, x))


def onnx_pandas(folder: Path, source: Path) -> tuple[int, Callable[[], None]]:
    """ONNX Runtime with its own choice of threads, all rows at once."""
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx")
    name = session.get_inputs()[0].name
    return _pandas(folder, source, lambda x: session.run(None, {name: x})[0])


def _pandas(
    folder: Path, source: Path, predict: Callable[..., object]
) -> tuple[int, Callable[[], None]]:
    import numpy as np
    import pandas as pd
    import pyarrow.parquet as pq

    def run() -> None:
        frame = pd.read_parquet(source)
        answers = np.asarray(predict(frame[COLUMNS].to_numpy("float32")))[:, 0]
        label = np.where(answers > 0.5, "yes", "no")  # noqa: PLR2004
        out = pd.DataFrame({"id": frame["id"], "label": label, "score": answers})
        out.to_parquet(folder / "out.parquet")

    return pq.ParquetFile(source).metadata.num_rows, run


class Way(NamedTuple):
    """A way to do the job, on which part of the rows, how often, and whether the start of its
    process counts.
    """

    shown: str
    make: Callable[[Path, Path], tuple[int, Callable[[], None]]]
    part: int = 1
    runs: int = 1
    whole: bool = False


WAYS = {
    "copy": Way("pyarrow, read and write alone", copy, runs=RUNS, whole=True),
    "keras": Way("Keras predict with pandas", keras_pandas, part=50),
    "keras8192": Way("Keras predict, batch_size=8192", keras_pandas_8192),
    "keras-data": Way("Keras predict with tf.data", keras_data, part=10),
    "onnx": Way("ONNX Runtime with pandas", onnx_pandas),
}


def peak() -> float:
    """Peak memory of this process alone in MB (getrusage would count the parent's before exec)."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def do(way: str, folder: Path, source: Path) -> None:
    """One way in this process: print rows, seconds and memory."""
    rows, run = WAYS[way].make(folder, source)
    begun, used = perf_counter(), process_time()
    run()
    print(rows, perf_counter() - begun, process_time() - used, peak())


def peer(way: str, folder: Path, source: Path) -> Used:
    """One way in a fresh process."""
    command = [
        sys.executable,
        __file__,
        "--way",
        way,
        "--folder",
        str(folder),
        "--source",
        str(source),
    ]
    said, all_wall, all_cpu = watched(command)
    rows, wall, cpu, memory = (float(word) for word in said.splitlines()[-1].split())
    if WAYS[way].whole:
        wall, cpu = all_wall, all_cpu
    return Used(int(rows), wall, cpu, memory)


def watched(command: list[str]) -> tuple[str, float, float]:
    """Output, wall and CPU seconds of a process."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def keramos_score(folder: Path, source: Path, rows: int) -> Used:
    """The command as a whole process."""
    code = (
        "import atexit\n"
        "from keramos.cli import main\n"
        "atexit.register(lambda: "
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]))\n"
        "main()"
    )
    target = folder / "out.parquet"
    target.unlink(missing_ok=True)
    arguments = ["score", str(folder / "model.h5"), str(source), "-o", str(target), "--keep", "id"]
    said, wall, cpu = watched([sys.executable, "-c", code, *arguments])
    return Used(rows, wall, cpu, int(said.split()[-1]) / 1024)


def fastest(runs: list[Used]) -> Used:
    """The run of least wall time, with the least CPU and the most memory of all."""
    best = min(runs, key=lambda run: run.wall)
    return best._replace(cpu=min(run.cpu for run in runs), memory=max(run.memory for run in runs))


def compare(folder: Path, rows: int) -> None:
    """Print the table of all ways, beside keramos."""
    found: dict[str, list[Used]] = {}
    sources = {
        part: folder / f"in-{part}.parquet" for part in sorted({way.part for way in WAYS.values()})
    }
    for part, source in sources.items():
        in_another_process("--write", str(source), str(rows // part))
    keramos_score(
        folder, sources[max(sources)], rows // max(sources)
    )  # byte-compiles, as an installer does
    for number in range(RUNS):
        found.setdefault("keramos", []).append(keramos_score(folder, sources[1], rows))
        for name, way in WAYS.items():
            if number < way.runs:
                found.setdefault(name, []).append(peer(name, folder, sources[way.part]))
    best = {name: fastest(runs) for name, runs in found.items()}
    own = best["keramos"]
    print(
        f"{'':<34} {'rows':>10} {'rows/s':>12} {'keramos is':>10} {'rows/CPU s':>12} "
        f"{'keramos is':>10} {'MB':>6}"
    )
    for name, used in best.items():
        shown = WAYS[name].shown if name in WAYS else "keramos score, the whole process"
        rate, work = used.rows / used.wall, used.rows / used.cpu
        ratio, lean = own.rows / own.wall / rate, own.rows / own.cpu / work
        print(
            f"{shown:<34} {used.rows:>10,} {rate:>12,.0f} {ratio:>9.2f}x {work:>12,.0f} "
            f"{lean:>9.2f}x ",
            end="",
        )
        print(f"{used.memory:>6,.0f}")


def memory(folder: Path) -> None:
    """Print peak memory over millions of rows."""
    print(f"{'million rows':>12} {'rows/s':>12} {'MB':>6}")
    for millions in MILLIONS:
        source = folder / "in.parquet"
        in_another_process("--write", str(source), str(millions * 1_000_000))
        used = keramos_score(folder, source, millions * 1_000_000)
        print(f"{millions:>12} {used.rows / used.wall:>12,.0f} {used.memory:>6,.0f}", flush=True)


def in_another_process(*arguments: str) -> None:
    """Run this script with other arguments, so that its memory is not this one's."""
    subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Do what the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=ROWS)
    options.add_argument("--memory", action="store_true")
    options.add_argument("--way", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    options.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        do(given.way, given.folder, given.source)
    elif given.write:
        write_rows(Path(given.write[0]), int(given.write[1]))
    elif given.model:
        write_model(given.model)
    else:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
            in_another_process("--model", str(folder / "model.h5"))
            memory(folder) if given.memory else compare(folder, given.rows)


if __name__ == "__main__":
    main()
