"""Functions as a service: the size of the packages, and what a new container takes until its first
answer.

Each peer is a folder of packages (``pip install --target FOLDER ...``), given as NAME=FOLDER; a
name is one of ``PROGRAMS``, alone or before a hyphen. The same network of ten numbers answers one
row in each. A process sees its folder and the standard library alone, once with modules that are
compiled at build time and once without, as in a container that may write nothing. CPU counts user
and system time of the whole process; least of several processes that take turns.
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import resource
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from time import perf_counter

PROGRAMS = {
    "keramos": "import keramos; print(keramos.load(MODEL + '.h5').decide([ROW])[0].label)",
    "onnxruntime": (
        "import numpy, onnxruntime; session = onnxruntime.InferenceSession(MODEL + '.onnx');"
        "print(session.run(None, {n.name: ARRAY(numpy) for n in session.get_inputs()})[0])"
    ),
    "openvino": (
        "import numpy, openvino; model = openvino.compile_model(MODEL + '.onnx', 'CPU');"
        "print(model([ARRAY(numpy)])[0])"
    ),
    "tensorflow": (
        "import numpy, keras; model = keras.models.load_model(MODEL + '.h5');"
        "print(model.predict(ARRAY(numpy), verbose=0))"
    ),
}
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); MODEL = sys.argv[2];"
    "ROW = {f'x{i}': 0.5 for i in range(10)};"
    "ARRAY = lambda numpy: numpy.full((1, 10), 0.5, 'float32')\n"
)
END = "\nprint(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
LEVEL = 6  # as zip has it


def write_models(place: Path) -> None:
    """The same network as a Keras file and as ONNX."""
    import numpy as np

    import keramos
    from keramos.artifact.read import read
    from keramos.compile.emit import compile_network

    rng = np.random.default_rng(0)
    rows = {f"x{i}": rng.random(1000) for i in range(10)}
    rows["y"] = sum(rows.values()) + rng.normal(0, 0.1, 1000)
    plan = keramos.TrainingPlan(epochs=1, hidden=(32, 16), recipe="tutorial")
    keramos.train(rows, "y", plan=plan).save(f"{place}.h5")
    compiled = compile_network(read(f"{place}.h5").network, runtime_checks=False)
    Path(f"{place}.onnx").write_bytes(compiled.onnx)


def measure(name: str, folder: Path, model: Path, *, compiled: bool) -> tuple[float, float, float]:
    """CPU seconds, seconds and MB of one process until its end."""
    environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3"}
    if not compiled:
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(model) + ".none"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            BEGIN + PROGRAMS[name.partition("-")[0]] + END,
            str(folder),
            str(model),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, seconds, int(done.stdout.split()[-1]) / 1024


def sizes(folder: Path, *, packed: bool) -> tuple[float, float]:
    """MB of the files of a folder, and of a zip of them (0 where that is not asked for)."""
    files = [one for one in sorted(folder.rglob("*")) if one.is_file()]
    whole = sum(one.stat().st_size for one in files) / 1e6
    if not packed:
        return whole, 0.0
    with tempfile.TemporaryFile() as place:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            for one in files:
                archive.write(one, one.relative_to(folder))
        return whole, place.tell() / 1e6


def main() -> None:
    """Measure every peer, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peers", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--without-zip", action="store_true")
    options = parser.parse_args()
    peers = {
        name: Path(folder) for name, _, folder in (one.partition("=") for one in options.peers)
    }
    head = ("packages", "MB", "zip MB", "CPU s", "s", "CPU s not compiled", "s", "peak MB")
    print(" | ".join(head))
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch, "model")
        write_models(model)
        found = {
            name: sizes(folder, packed=not options.without_zip) for name, folder in peers.items()
        }
        for folder in peers.values():
            compileall.compile_dir(
                folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )
        runs: dict[tuple[str, bool], list[tuple[float, float, float]]] = {}
        for _ in range(options.runs):
            for name, folder in peers.items():
                for compiled in (True, False):
                    one = measure(name, folder, model, compiled=compiled)
                    runs.setdefault((name, compiled), []).append(one)
    for name, (whole, packed) in found.items():
        best, bare = (list(map(min, zip(*runs[name, way], strict=True))) for way in (True, False))
        cells = (*best[:2], *bare[:2])
        times = " | ".join(f"{cell:.2f}" for cell in cells)
        print(f"{name} | {whole:.0f} | {packed:.0f} | {times} | {best[2]:.0f}")


if __name__ == "__main__":
    main()
