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
MOST = 132
"""Modules of keramos, all together."""
NEEDLESS = {
    "binascii",
    "copy",
    "csv",
    "dataclasses",
    "difflib",
    "gzip",
    "hashlib",
    "inspect",
    "keramos.artifact.containers.keras_archive",
    "keramos.artifact.hdf5.lookup3",
    "keramos.artifact.keras.dialects.operations",
    "keramos.artifact.keras.operation_modules",
    "keramos.artifact.weights.infer_input",
    "keramos.artifact.weights.legacy_layouts",
    "keramos.artifact.weights.lora",
    "keramos.compile.forests",
    "keramos.compile.gaps",
    "keramos.compile.layers.rnn",
    "keramos.compile.lowering.encode",
    "keramos.compile.operations",
    "keramos.compile.operations.table",
    "keramos.compile.replacements",
    "keramos.data.conform",
    "keramos.data.read",
    "keramos.keras_layers.attention",
    "keramos.keras_layers.convolutional",
    "keramos.keras_layers.lookups",
    "keramos.keras_layers.rnn",
    "keramos.prepare.feeds",
    "keramos.runtime.host",
    "keramos.tabular.date",
    "keramos.tabular.host_kind",
    "keramos.tabular.image",
    "keramos.tabular.series",
    "keramos.tabular.string_category",
    "keramos.tabular.text",
    "pathlib",
    "socket",
    "string",
    "threading",
    "zipfile",
    "zlib",
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


COMMAND = """
import json, sys, numpy, onnxruntime
before = set(sys.modules)
from keramos.cli import main
path = sys.argv[1]
sys.argv[1:] = ["predict", path, path + ".csv", "-o", path + ".out.csv"]
try:
    main()
except SystemExit as end:
    assert not end.code
print(json.dumps(sorted(set(sys.modules) - before)))
"""
MOST_OF_A_COMMAND = 191
NEEDLESS_IN_A_COMMAND = {
    "_hashlib",
    "concurrent.futures",
    "dataclasses",
    "jinja2",
    "keramos.data.read",
    "keramos.evaluate.conformal",
    "keramos.inference.tensor_scorer",
    "keramos.inference.texts",
    "keramos.serving",
    "keramos.training",
    "logging",
    "pyarrow",
    "secrets",
    "uvicorn",
}


def test_the_command_for_a_little_table_imports_no_module_that_it_does_not_need(path):
    path.with_name(f"{path.name}.csv").write_text(
        f"{','.join(f'x{i}' for i in range(10))}\n{','.join(['0.5'] * 10)}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(path)], check=True, capture_output=True, text=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & NEEDLESS_IN_A_COMMAND
    assert sum(name.startswith("keramos") for name in loaded) <= MOST_OF_A_COMMAND
