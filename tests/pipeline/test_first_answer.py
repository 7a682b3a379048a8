"""What a fresh process imports before its first answer."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import keramos

ANSWERS = {
    "an array": "model.predict(numpy.zeros((1, 10), 'float32'))",
    "a dict": "model.decide([{f'x{i}': 0.5 for i in range(10)}])",
}
PROGRAM = """
import json, sys, numpy, onnxruntime
before = set(sys.modules)
import keramos
model = keramos.load(sys.argv[1])
{answer}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
MOST = 165
"""Modules of keramos, all together."""
NEEDLESS = {
    "copy",
    "csv",
    "dataclasses",
    "difflib",
    "gzip",
    "hashlib",
    "keramos.compile.layers.rnn",
    "keramos.compile.operations.table",
    "keramos.data.read",
    "keramos.runtime.host",
    "keramos.tabular.date",
    "keramos.tabular.image",
    "keramos.tabular.series",
    "keramos.tabular.string_category",
    "keramos.tabular.text",
    "pathlib",
    "socket",
    "string",
    "threading",
    "zipfile",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = {f"x{i}": rng.random(100) for i in range(10)} | {"y": rng.random(100)}
    file = tmp_path_factory.mktemp("first") / "model.h5"
    keramos.train(
        rows, "y", plan=keramos.TrainingPlan(epochs=1, hidden=(4,), recipe="tutorial")
    ).save(file)
    return file


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_first_answer_imports_no_module_that_it_does_not_need(path, answer):
    program = PROGRAM.format(answer=ANSWERS[answer])
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & NEEDLESS
    assert sum(name.startswith("keramos") for name in loaded) <= MOST
