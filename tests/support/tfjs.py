"""TensorFlow.js on Node, which runs the layers models that keramos writes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("tfjs_run.js")
MODULES = Path(sys.prefix) / "node" / "node_modules"


def run_in_tfjs(jobs, folder):
    """The outputs of each job (path of ``model.json``, list of arrays), computed by TensorFlow.js.

    Skips where Node or the packages of requirements/node are not installed.
    """
    node = shutil.which("node")
    if node is None or not (MODULES / "@tensorflow" / "tfjs-layers").is_dir():
        pytest.skip("TensorFlow.js needs Node and `make setup`, which installs requirements/node")
    asked = [{"model": str(path), "inputs": [given(x) for x in inputs]} for path, inputs in jobs]
    (folder / "jobs.json").write_text(json.dumps(asked))
    subprocess.run(
        [node, SCRIPT, folder / "jobs.json", folder / "results.json"],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        check=True,
        capture_output=True,
        timeout=120,
    )
    answers = []
    for (path, _), result in zip(
        jobs, json.loads((folder / "results.json").read_text()), strict=True
    ):
        assert "error" not in result, f"{path}: {result}"
        answers.append(
            [np.array(y["values"], float).reshape(y["shape"]) for y in result["outputs"]]
        )
    return answers


def given(array):
    dtype = "int32" if array.dtype.kind in "iu" else "float32"
    return {"values": array.ravel().tolist(), "shape": list(array.shape), "dtype": dtype}
