"""Files written by every Keras since 1.0, with the outputs that very version computed: right, or refused by name."""

import json

import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.runtime.session import Session

WRITER_WAS_WRONG = {("keras-3.15.1-tensorflow", "conv3d_cf"): "TensorFlow's own strided channels-first Conv3D on a CPU"}
RUN_SO_FAR = 450
"""Files that run today; more may, fewer may not."""


@pytest.fixture(scope="module")
def museum(shared):
    return shared / "museum", json.loads((shared / "museum" / "manifest.json").read_text())


def arrays(path, prefix):
    data = np.load(path)
    return [data[key] for key in sorted((k for k in data if k.startswith(prefix)), key=lambda k: (len(k), k))]


def answers(folder, row):
    path = folder / row["file"]
    artifact = read(folder / row["architecture"], weights=path) if row.get("architecture") else read(path)
    compiled = compile_network(artifact.network)
    inputs = zip(compiled.inputs, arrays(folder / row["npz"], "in"), strict=True)
    return Session(compiled).run({s.name: np.asarray(a, object if s.dtype == "str" else s.dtype) for s, a in inputs})


def agree(actual, expected):
    scale = max(1.0, float(np.abs(expected).max(initial=0))) if expected.dtype.kind == "f" else 1.0
    return actual.shape == expected.shape and np.allclose(actual, expected, rtol=1e-4, atol=1e-5 * scale)


def test_every_file_gives_the_recorded_outputs_or_is_refused_by_name(museum):
    root, rows = museum
    wrong, right = [], 0
    for row in rows:
        if (row["era"], row["case"]) in WRITER_WAS_WRONG:
            continue
        folder = root / row["era"]
        try:
            outputs = answers(folder, row)
        except UnsupportedModelError:
            continue
        if all(agree(a, b) for a, b in zip(outputs, arrays(folder / row["npz"], "out"), strict=True)):
            right += 1
        else:
            wrong.append((row["era"], row["file"]))

    assert wrong == []
    assert right >= RUN_SO_FAR
