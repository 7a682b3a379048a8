"""Files written by every Keras since 1.0, with the outputs that very version computed: all of them
run, and agree.
"""

import json

import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.runtime.session import Session

WRITER_WAS_WRONG = {("keras-3.15.1-tensorflow", "conv3d_cf")}
"""TensorFlow 2.21's graph optimiser added a bias along the last axis, which happened to be as long
as the bias.
"""
FOREIGN_CODE = "lambda_named"
"""The case whose layers are Python code, which is refused by name."""


@pytest.fixture(scope="module")
def museum(shared):
    return shared / "museum", json.loads((shared / "museum" / "manifest.json").read_text())


def arrays(path, prefix):
    data = np.load(path)
    return [
        data[key]
        for key in sorted((k for k in data if k.startswith(prefix)), key=lambda k: (len(k), k))
    ]


def answers(folder, row):
    path = folder / row["file"]
    artifact = (
        read(folder / row["architecture"], weights=path) if row.get("architecture") else read(path)
    )
    compiled = compile_network(artifact.network)
    inputs = zip(compiled.inputs, arrays(folder / row["npz"], "in"), strict=True)
    return Session(compiled).run(
        {s.name: np.asarray(a, object if s.dtype == "str" else s.dtype) for s, a in inputs}
    )


def agree(actual, expected, rtol):
    """1e-6 + 1e-5 relative, as float32 allows; what was written in half precision says so in the
    manifest.
    """
    if expected.dtype.kind != "f":
        return actual.shape == expected.shape and np.array_equal(actual, expected)
    expected = expected.astype("float64")
    scale = float(np.abs(expected).max(initial=1.0))
    atol = rtol * scale if rtol > 1e-5 else 1e-6 * scale
    return actual.shape == expected.shape and np.allclose(
        actual, expected, rtol=max(rtol, 1e-5), atol=atol
    )


def test_every_file_gives_the_recorded_outputs(museum):
    root, rows = museum
    wrong = []
    for row in rows:
        folder = root / row["era"]
        if (row["era"], row["case"]) in WRITER_WAS_WRONG or row["case"] == FOREIGN_CODE:
            continue
        outputs = answers(folder, row)
        recorded = arrays(folder / row["npz"], "out")
        if not all(agree(a, b, row["rtol"]) for a, b in zip(outputs, recorded, strict=True)):
            wrong.append((row["era"], row["file"]))

    assert wrong == []


def test_code_in_a_file_is_refused_with_the_name_of_every_layer_that_holds_it(museum):
    root, rows = museum

    for row in (row for row in rows if row["case"] == FOREIGN_CODE):
        with pytest.raises(UnsupportedModelError, match=r"(?s)holds 2 thing.*lambda.*lambda"):
            answers(root / row["era"], row)
