"""A fresh process that opens a model and predicts one row: CPU time and memory beside its peers, in
one run.

Peers: bare imports of numpy and onnxruntime, numpy alone, and Keras on TensorFlow with the same
file. Each figure is the minimum of several fresh processes; CPU counts user and system time of the
whole process. Modules are byte-compiled before, as an installer leaves them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 7
PROGRAMS = {
    "import numpy, onnxruntime": "import numpy, onnxruntime",
    "keramos: load + predict": (
        "import sys, numpy, keramos; keramos.load(sys.argv[1]).predict(numpy.ones((1, 10), "
        "'float32'))"
    ),
    "keramos: load + decide a dict": (
        "import sys, keramos; keramos.load(sys.argv[1]).decide([{f'x{i}': 0.5 for i in range(10)}])"
    ),
    "Keras + TensorFlow: load + predict": (
        "import sys, numpy, keras; model = keras.models.load_model(sys.argv[1]);"
        "model.predict(numpy.ones((1, 10), 'float32'), verbose=0)"
    ),
}

# The high-water mark of this process alone; getrusage would count the parent's memory before exec.
PEAK = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


def measure(program: str, path: Path) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = f"{program}\n{PEAK}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, int(done.stdout.split()[-1]) / 1024


def main() -> None:
    """Train a small file, measure every program, print the table."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np

    import keramos

    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(1000) for i in range(10)}
    table["y"] = sum(table.values()) + rng.normal(0, 0.1, 1000)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
        path = Path(folder, "model.h5")
        keramos.train(
            table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(32, 16))
        ).save(path)
        for program in PROGRAMS.values():
            measure(program, path)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
        for _ in range(RUNS):
            for name, program in PROGRAMS.items():
                found[name].append(measure(program, path))
    best = {
        name: (min(cpu for cpu, _ in runs), min(mb for _, mb in runs))
        for name, runs in found.items()
    }
    base_cpu, base_mb = best["import numpy, onnxruntime"]
    print(f"{'fresh process':<36} {'CPU s':>7} {'ratio':>6} {'MB':>5} {'ratio':>6}")
    for name, (cpu, mb) in best.items():
        print(f"{name:<36} {cpu:>7.3f} {cpu / base_cpu:>5.2f}x {mb:>5.0f} {mb / base_mb:>5.2f}x")


if __name__ == "__main__":
    main()
