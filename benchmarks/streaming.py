"""Peak memory and processor time of training on Parquet files of ever more rows.

``streaming.py [ROWS ...] [--max-rows N] [--recipe NAME] [--epochs N]``. Files are written to a
temporary folder; each training is a process of its own. Without ``--max-rows`` the recipe tutorial
learns from every row, part by part, and the others from a million.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS, PART, FILES = 10, 250_000, 4

TRAIN = """
import sys, keramos
rows, epochs = int(sys.argv[3]), int(sys.argv[4])
run = keramos.train(sys.argv[1], "y", recipe=sys.argv[2], max_rows=rows, epochs=epochs)
run.save(sys.argv[1].replace("*.parquet", "model.h5"))
print(run.content.provenance.source, run.content.metrics[0].value)
"""


def written(folder: Path, rows: int) -> None:
    """Files with so many rows of ten numbers and a target of two classes."""
    draw, each = np.random.default_rng(0), rows // FILES
    for number in range(FILES):
        with pq.ParquetWriter(folder / f"{number}.parquet", _schema()) as writer:
            for begin in range(0, each, PART):
                x = draw.normal(size=(min(PART, each - begin), COLUMNS)).astype("float32")
                y = (x[:, 0] + x[:, 1] * x[:, 2] + draw.normal(size=len(x)) > 0).astype("int8")
                writer.write_table(pa.table([*x.T.copy(), y], schema=_schema()))


def _schema() -> pa.Schema:
    return pa.schema([*((f"x{at}", pa.float32()) for at in range(COLUMNS)), ("y", pa.int8())])


def main() -> None:
    """Print one line for each number of rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", type=int, default=[1_000_000, 10_000_000, 50_000_000])
    parser.add_argument("--max-rows", type=int, default=0)
    parser.add_argument("--recipe", default="tutorial")
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            written(Path(folder), rows)
            command = [sys.executable, "-c", TRAIN, f"{folder}/*.parquet", options.recipe]
            child = subprocess.Popen(
                [*command, str(options.max_rows), str(options.epochs)],
                stdout=subprocess.PIPE,
                text=True,
            )
            said = child.stdout.read().strip() if child.stdout else ""
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds = used.ru_utime + used.ru_stime
            megabytes = used.ru_maxrss / 1024
            print(f"{rows:>12,} rows  {megabytes:7.0f} MB  {seconds:6.1f} s  {said}", flush=True)


if __name__ == "__main__":
    main()
