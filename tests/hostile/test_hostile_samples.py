"""Hostile and damaged files, each in a process of its own with bounds: refused and named, or opened and run."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import keramos
from keramos import errors

SECONDS, MEGABYTES, ADDRESS_SPACE = 1.0, 200, 4 << 30
"""Most that a file may take: time, peak memory with the interpreter and its libraries, and address space."""

DECIDED = {
    "b25_bfloat16.h5": "opened",  # decoded exactly
    "z14_no_metadata.keras": "opened",  # nothing depends on it
    "z28_h5_named.keras": "opened",  # content decides
    "z38_json_bom.keras": "CorruptModelError",  # RFC 8259 forbids writers to add one
}
"""Where both would do: what is done here."""

CLASSES = {
    "AMBIGUOUS": (errors.UnsafeModelError,),
    "CODE": (errors.UnsafeModelError,),
    "EXTERNAL_PATH": (errors.UnsafeModelError,),
    "GRAPH_CYCLE": (errors.CorruptModelError,),
    "GRAPH_DUP": (errors.CorruptModelError,),
    "GRAPH_REF": (errors.CorruptModelError,),
    "H5_FILTER": (errors.UnsafeModelError,),
    "H5_LINK": (errors.UnsafeModelError,),
    "H5_VIRTUAL": (errors.UnsafeModelError,),
    "JSON": (errors.CorruptModelError, errors.UnsupportedModelError),  # an opaque attribute is no JSON at all
    "JSON_DEPTH": (errors.LimitExceededError,),
    "LIMIT_COUNT": (errors.LimitExceededError,),
    "LIMIT_RATIO": (errors.LimitExceededError,),
    "LIMIT_SIZE": (errors.LimitExceededError, errors.MismatchError),
    "NONFINITE": (errors.MismatchError,),
    "RUNTIME_LIMIT": (errors.LimitExceededError,),
    "TRUNCATED": (errors.CorruptModelError,),
    "UNKNOWN_CLASS": (errors.UnsupportedModelError,),
    "ZIP_DUPLICATE": (errors.UnsafeModelError,),
    "ZIP_ENCRYPTED": (errors.UnsafeModelError,),
    "ZIP_METHOD": (errors.UnsafeModelError,),
    "ZIP_NAME": (errors.UnsafeModelError,),
    "ZIP_OVERLAP": (errors.UnsafeModelError,),
}
"""Reason -> classes that say it; any ModelError where it is not listed."""


@pytest.fixture(scope="module")
def samples(shared):
    folder = shared / "hostile"
    if not folder.is_dir():
        pytest.skip("the hostile samples are not here")
    return folder, json.loads((folder / "index.json").read_text())


def fed(spec):
    shape = tuple(4 if axis == 0 else size or 8 for axis, size in enumerate(spec.shape))
    if spec.dtype == "str":
        return np.full(shape, "a", object)
    return np.random.default_rng(0).random(shape).astype(spec.dtype)


def attempt(path):
    model = keramos.load(path)
    model.predict([fed(spec) for spec in model.inputs] if len(model.inputs) > 1 else fed(model.inputs[0]))


def child(path, out):
    """Runs in a fork: what became of the file, what was said, seconds, peak memory in MB."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    signal.alarm(20)
    begun = time.process_time()
    try:
        attempt(path)
        found = ("opened", "")
    except BaseException as error:  # noqa: BLE001 (whatever it is, the parent judges it)
        found = (type(error).__name__, str(error))
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    os.write(out, json.dumps([*found, time.process_time() - begun, peak]).encode())


SERVER = """
import sys
sys.path[:0] = sys.argv[2:]
import test_hostile_samples as here
here.serve(sys.argv[1])
"""


def serve(folder):
    """One file a line of standard input, one result a line of standard output; each file in a fork."""
    import keramos.artifact.archive
    import keramos.pipeline.load  # noqa: F401 (imported once, before the forks)

    for name in sys.stdin:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            child(f"{folder}/{name.strip()}", writing)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as said:
            text = said.read()
        _, status = os.waitpid(process, 0)
        sys.stdout.write((text or json.dumps([f"died of {status}", "", 0, 0])) + "\n")


@pytest.fixture(scope="module")
def results(samples, tmp_path_factory):
    """Name -> what became of each file; the marker folder is empty and stays so."""
    folder, rows = samples
    marker = tmp_path_factory.mktemp("marker")
    here, source = str(Path(__file__).parent), str(Path(keramos.__file__).parents[1])
    names = "\n".join(row["name"] for row in rows)
    done = subprocess.run(
        [sys.executable, "-c", SERVER, str(folder), here, source],
        input=names,
        capture_output=True,
        text=True,
        check=True,
        cwd=marker,
        env={**os.environ, "HOSTILE_MARKER_DIR": str(marker), "PYTHONPATH": f"{source}:{here}"},
    )
    assert list(marker.iterdir()) == []
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["name"]: result for row, result in zip(rows, lines, strict=True)}


def test_every_sample_is_refused_opened_or_decided_as_it_should_be(samples, results):
    wrong = []
    for row in samples[1]:
        kind, said, _, _ = results[row["name"]]
        if row["expected"] == "either":
            right = kind == DECIDED[row["name"]]
        elif row["expected"] == "open":
            right = kind == "opened"
        else:
            wanted = CLASSES.get(row["code"], (errors.ModelError,))
            right = issubclass(getattr(errors, kind, int), wanted)
        if not right:
            wrong.append((row["name"], row["code"], kind, said[:200]))

    assert not wrong, "\n".join(map(str, wrong))


def test_every_refusal_names_the_file_and_says_more_than_that(samples, results):
    folder, rows = samples
    vague = [
        row["name"]
        for row in rows
        if results[row["name"]][0] != "opened"
        and not (results[row["name"]][1].startswith(f"{folder}/{row['name']}") and len(results[row["name"]][1]) > 40)
    ]

    assert vague == []


def test_no_sample_takes_more_than_a_second_or_200_megabytes(results):
    assert {name: found for name, found in results.items() if found[2] > SECONDS or found[3] > MEGABYTES} == {}
