"""A fresh process that opens a model and predicts one row: CPU time and memory beside its peers, in
one run.

Peers: bare imports of numpy and onnxruntime, and Keras on TensorFlow with the same file. Each
figure is the minimum and the median of several fresh processes that take turns; CPU counts user and
system time of the whole process. Modules are byte-compiled before, as an installer leaves them.

``--beside SRC`` measures the sources of another commit in the same run (the ``src`` of a checkout),
``--without-bytecode`` compiles everything in each process, as a container does that may write
nothing, and ``--imports`` lists the milliseconds of each module instead.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

import keramos

RUNS = 11
BARE = "import numpy, onnxruntime"
ARRAY = (
    "import sys, numpy, keramos; keramos.load(sys.argv[1]).predict(numpy.ones((1, 10), 'float32'))"
)
ROW = "import sys, keramos; keramos.load(sys.argv[1]).decide([{f'x{i}': 0.5 for i in range(10)}])"
KERAS = (
    "import sys, numpy, keras; model = keras.models.load_model(sys.argv[1]);"
    "model.predict(numpy.ones((1, 10), 'float32'), verbose=0)"
)
COMMAND = (
    "import sys; from keramos.cli import main; file = sys.argv[1];"
    "sys.argv[1:] = ['predict', file, file + '.csv']\ntry: main()\nexcept SystemExit: pass"
)

# The high-water mark of this process alone; getrusage would count the parent's memory before exec.
PEAK = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
Program = tuple[str, str]  # the program, and the folder of sources that it imports


def programs(beside: Path | None, *, keras: bool) -> dict[str, Program]:
    """What is measured, by name."""
    here = str(Path(keramos.__file__).parents[1])
    found = {BARE: (BARE, here)}
    trees = {"": here} if beside is None else {"": here, " (beside)": str(beside)}
    for title, tree in trees.items():
        found[f"load + predict an array{title}"] = (ARRAY, tree)
        found[f"load + decide a dict{title}"] = (ROW, tree)
        found[f"keramos predict, the command{title}"] = (COMMAND, tree)
    if keras:
        found["Keras + TensorFlow: load + predict"] = (KERAS, here)
    return found


def measure(program: Program, path: Path) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one fresh process."""
    text, tree = program
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", f"{text}\n{PEAK}", str(path)],
        env={**os.environ, "PYTHONPATH": tree},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, int(done.stdout.split()[-1]) / 1024


def table(found: dict[str, list[tuple[float, float]]]) -> None:
    """Print one line a program, each beside the first."""
    print(f"{'fresh process':<44} {'CPU s':>7} {'ratio':>6} {'median':>7} {'ratio':>6} {'MB':>5}")
    least = {name: min(cpu for cpu, _ in runs) for name, runs in found.items()}
    middle = {name: median(cpu for cpu, _ in runs) for name, runs in found.items()}
    for name, runs in found.items():
        print(
            f"{name:<44} {least[name]:>7.3f} {least[name] / least[BARE]:>5.2f}x"
            f" {middle[name]:>7.3f} {middle[name] / middle[BARE]:>5.2f}x"
            f" {min(mb for _, mb in runs):>5.0f}"
        )


def imports(path: Path) -> None:
    """Print the milliseconds of each module that the first answer imports, the longest first."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"{BARE}\n{ARRAY}", str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(keramos.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    begun = next(i for i, line in enumerate(lines) if line.endswith("| onnxruntime"))
    cells = [line.removeprefix("import time:").split("|") for line in lines[begun + 1 :]]
    for own, _, name in sorted(cells, key=lambda one: -int(one[0])):
        print(f"{int(own) / 1000:>7.2f} ms {name.strip()}")


def main() -> None:
    """Train a small file, measure every program, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path, help="src of another commit")
    parser.add_argument("--without-bytecode", action="store_true")
    parser.add_argument("--imports", action="store_true")
    parser.add_argument("--without-keras", action="store_true")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rng = np.random.default_rng(0)
    rows = {f"x{i}": rng.random(1000) for i in range(10)}
    rows["y"] = sum(rows.values()) + rng.normal(0, 0.1, 1000)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
        path = Path(folder, "model.h5")
        keramos.train(
            rows, "y", plan=keramos.TrainingPlan(epochs=1, hidden=(32, 16), recipe="tutorial")
        ).save(path)
        row = ",".join(["0.5"] * 10)
        Path(f"{path}.csv").write_text(f"{','.join(list(rows)[:10])}\n{row}\n")
        measured = programs(options.beside, keras=not options.without_keras)
        for program in measured.values():
            if not options.without_bytecode or "keramos" not in program[0]:
                measure(program, path)
        if options.imports:
            imports(path)
            return
        if options.without_bytecode:
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in measured}
        for _ in range(options.runs):
            for name, program in measured.items():
                found[name].append(measure(program, path))
    table(found)


if __name__ == "__main__":
    main()
