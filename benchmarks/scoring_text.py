"""CPU of ``keramos score`` over CSV and Parquet, with and without three columns of text, beside
pyarrow that reads the same file and writes the same columns without any model, in one run.

``python benchmarks/scoring_text.py [--rows N] [--runs N] [--beside SRC]``: each way is a process of
its own from start to exit, CPU is that of all its threads, the least of all runs counts. ``SRC`` is
the ``src`` folder of another commit.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

NUMBERS = [f"x{place}" for place in range(10)]
LEVELS = (3, 20, 100)
SCORE = "from keramos.cli import main; main()"
COPY = """
import sys
import numpy as np, pyarrow as pa, pyarrow.csv as pa_csv, pyarrow.parquet as pq
source, target, form = sys.argv[1:]
table = pa_csv.read_csv(source) if form == "csv" else pq.read_table(source)
rng = np.random.default_rng(2)
codes = pa.array(rng.integers(0, 2, len(table), "int8"))
label = pa.DictionaryArray.from_arrays(codes, pa.array(["no", "yes"]))
score = pa.array(rng.random(len(table), "float32"))
if form == "csv":
    columns = {"id": table["id"], "label": label.dictionary_decode(), "score": score}
    pa_csv.write_csv(pa.table(columns), target)
else:
    pq.write_table(pa.table({"id": table["id"], "label": label, "score": score}), target)
"""


def write(folder: Path, rows: int) -> None:
    """Two models, and the rows for each as CSV and Parquet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    import keramos

    plan = keramos.TrainingPlan(recipe="tutorial", epochs=2, hidden=(32, 16))
    for kind, levels in (("numbers", ()), ("text", LEVELS)):
        rng = np.random.default_rng(0)

        def table(count: int, levels=levels, rng=rng) -> dict:  # noqa: ANN001
            found = {name: rng.random(count).astype("float32") for name in NUMBERS}
            for place, size in enumerate(levels):
                names = np.array([f"level{number}" for number in range(size)], object)
                found[f"t{place}"] = names[rng.integers(0, size, count)]
            return found

        known = table(1000)
        known["y"] = np.where(sum(known[name] for name in NUMBERS) > len(NUMBERS) / 2, "yes", "no")
        keramos.train(known, "y", plan=plan).save(folder / f"{kind}.keras")
        whole = pa.table({"id": np.arange(rows), **table(rows)})
        pa_csv.write_csv(whole, folder / f"{kind}.csv")
        pq.write_table(whole, folder / f"{kind}.parquet")


def cpu(*command: str, source: str = "") -> float:
    """CPU seconds of a process of Python."""
    environment = os.environ | ({"PYTHONPATH": source} if source else {})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", *command], check=True, env=environment, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--beside", default="", help="the src folder of another commit")
    given = options.parse_args()
    sources = {"keramos": "", **({"before": given.beside} if given.beside else {})}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, given.rows)
        for kind in ("numbers", "text"):
            for form in ("csv", "parquet"):
                table, target = str(folder / f"{kind}.{form}"), str(folder / f"out.{form}")
                score = ("score", str(folder / f"{kind}.keras"), table, "-o", target)
                least = dict.fromkeys(("pyarrow", *sources), float("inf"))
                for _ in range(given.runs):
                    used = cpu(COPY, table, target, form)
                    least["pyarrow"] = min(least["pyarrow"], used)
                    for name, source in sources.items():
                        Path(target).unlink(missing_ok=True)
                        used = cpu(SCORE, *score, "--keep", "id", source=source)
                        least[name] = min(least[name], used)
                for name, used in least.items():
                    rate = least["pyarrow"] / used
                    print(f"{kind:<8} {form:<8} {name:<8} {used:6.2f} s {rate:5.2f}", flush=True)


if __name__ == "__main__":
    main()
