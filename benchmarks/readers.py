"""Three readers of HDF5 side by side in one run: keramos' own, h5py (the C library) and pyfive
(pure Python).

What importing each costs in a fresh process, what reading a folder of Keras files costs, and what
becomes of each over the same damaged files. ``python benchmarks/readers.py FOLDER [DAMAGED]``:
FOLDER holds .h5, .hdf5 and .keras files.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from itertools import count
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNS = 9
DAMAGED = 3000
SECONDS = 5
"""A reader that is not done with one damaged file by then counts as hanging."""
OBJECTS = 2000
"""No more are walked in one file; hard links may form circles."""
MEMORY = 4 << 30


def own(data: bytes) -> None:
    """Read everything with keramos' reader."""
    from keramos.artifact.hdf5 import Hdf5
    from keramos.artifact.limits import LIMITS

    file = Hdf5(data, "model.h5", LIMITS)
    waiting, seen = [""], count()
    while waiting and next(seen) < OBJECTS:
        path = waiting.pop()
        for name in ATTRIBUTES:
            file.attribute(path, name)
        for name in file.names(path):
            below = f"{path}/{name}" if path else name
            waiting.append(below) if file.is_group(below) else file.array(below)


def peer(module: str) -> Callable[[bytes], None]:
    """Read everything with a library whose files look like h5py's."""

    def read(data: bytes) -> None:
        library: Any = __import__(module)
        file = library.File(io.BytesIO(data), "r")
        waiting, seen = [file], count()
        while waiting and next(seen) < OBJECTS:
            thing = waiting.pop()
            for name in ATTRIBUTES:
                if name in thing.attrs:
                    thing.attrs[name]
            for name in list(thing):
                below = thing[name]
                waiting.append(below) if isinstance(below, library.Group) else below[()]

    return read


ATTRIBUTES = ("model_config", "keras_version", "backend", "layer_names", "weight_names")
READERS = {"keramos": own, "h5py": peer("h5py"), "pyfive": peer("pyfive")}
IMPORTS = {"keramos": "keramos.artifact.hdf5", "h5py": "h5py", "pyfive": "pyfive"}


def parts(folder: Path) -> Iterator[bytes]:
    """Every HDF5 file in a folder and in the archives there."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h5", ".hdf5", ".keras"}:
            data = path.read_bytes()
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    yield archive.read("model.weights.h5")
            else:
                yield data


def import_costs() -> dict[str, float]:
    """CPU seconds that importing takes in a fresh process after NumPy, least of several;
    byte-compiled before.
    """
    found: dict[str, list[float]] = {name: [] for name in IMPORTS}
    with tempfile.TemporaryDirectory() as folder:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        for _ in range(RUNS + 1):
            for name, module in IMPORTS.items():
                code = (
                    f"import time, numpy; t = time.process_time(); import {module}; "
                    "print(time.process_time() - t)"
                )
                command = [sys.executable, "-c", code]
                run = subprocess.run(
                    command, capture_output=True, text=True, check=True, env=environment
                )
                found[name].append(float(run.stdout))
    return {name: min(runs[1:]) for name, runs in found.items()}


def damaged(folder: Path, number: int) -> Iterator[bytes]:
    """The same damaged files at every call: cut, bits flipped, numbers replaced, pieces of other
    files put in.
    """
    draw = random.Random(0)  # noqa: S311 (damage, not secrets)
    seeds = [data for data in parts(folder) if len(data) < 40_000]  # noqa: PLR2004 (small ones are hit where it matters)
    for _ in range(number):
        data = draw.choice(seeds)
        found, kind = bytearray(data), draw.random()
        at, size = draw.randrange(len(data)), draw.choice([4, 8, 16, 64, 512])
        if kind < 0.1:  # noqa: PLR2004
            yield data[:at]
            continue
        if kind < 0.3:  # noqa: PLR2004
            other = draw.choice(seeds)
            begin = draw.randrange(len(other))
            found[at : at + size] = other[begin : begin + size]
        else:
            for _ in range(draw.choice([1, 1, 2, 3, 8])):
                width = draw.choice([1, 2, 4, 8])
                at = draw.randrange(len(found) // width) * width
                value = draw.choice(
                    [
                        0,
                        1,
                        0xFF,
                        0xFFFF,
                        1 << 31,
                        1 << 63,
                        (1 << 64) - 1,
                        len(data),
                        found[at] ^ 1,
                        at,
                    ]
                )
                found[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
        yield bytes(found[: len(data)])


def survive(name: str, folder: Path, number: int, first: int) -> None:
    """In a process of its own: read damaged files from the first on, one line each before and
    after.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for place, data in enumerate(damaged(folder, number)):
        if place < first:
            continue
        print(json.dumps([place, "begun"]), flush=True)
        signal.alarm(SECONDS)  # ends the process, whatever it is in
        try:
            READERS[name](data)
            outcome = "read"
        except BaseException as error:  # noqa: BLE001 (which one is what is asked)
            outcome = f"{type(error).__module__}.{type(error).__name__}"
        signal.alarm(0)
        print(json.dumps([place, outcome]), flush=True)


def outcomes(name: str, folder: Path, number: int) -> Counter[str]:
    """What became of a reader over all damaged files; one that dies is started again behind the
    file that did it.
    """
    found: Counter[str] = Counter()
    first = 0
    while first < number:
        command = [sys.executable, __file__, str(folder), str(number), name, str(first)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found.update(outcome for _, outcome in lines if outcome != "begun")
        if done.returncode == 0:
            break
        died = (
            signal.Signals(-done.returncode).name
            if done.returncode < 0
            else f"exit {done.returncode}"
        )
        found[f"hung {SECONDS} s" if died == "SIGALRM" else f"died of {died}"] += 1
        first = lines[-1][0] + 1
    return found


def main() -> None:
    """Print the tables."""
    folder = Path(sys.argv[1])
    number = int(sys.argv[2]) if len(sys.argv) > 2 else DAMAGED  # noqa: PLR2004
    if len(sys.argv) > 4:  # noqa: PLR2004 (a process of our own)
        survive(sys.argv[3], folder, number, int(sys.argv[4]))
        return
    files = list(parts(folder))
    spent: dict[str, list[float]] = {name: [] for name in READERS}
    for data in files[:5]:
        for read in READERS.values():
            read(data)
    for _ in range(3):
        for name, read in READERS.items():
            begun = process_time()
            for data in files:
                read(data)
            spent[name].append(process_time() - begun)
    print(f"{'reader':<10} {'import ms':>10} {f'{len(files)} files s':>14}")
    imports = import_costs()
    for name in READERS:
        print(f"{name:<10} {imports[name] * 1e3:>10.1f} {min(spent[name]):>14.2f}")
    for name in READERS:
        print(f"{name} over {number} damaged files: ", end="")
        print(
            ", ".join(
                f"{what} {times}" for what, times in outcomes(name, folder, number).most_common()
            )
        )


if __name__ == "__main__":
    main()
