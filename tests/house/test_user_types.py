"""A program of a user's passes mypy and pyright without casts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import numpy as np

import keramos
from keramos.errors import KeramosError


def total(path: str, rows: list[dict[str, object]]) -> float:
    model = keramos.load(path)
    answers = model.predict(np.zeros((3, 2), "float32"))
    first: float = float(answers[0, 0]) + answers.sum()
    labels = [decision.label for decision in model.decide(rows)]
    label: str | float | bool = model.decide(rows)[0].label
    shape: tuple[int | None, ...] = model.inputs[0].shape
    steps = model.trace(rows[0]).steps
    print(labels, label, shape, steps[0].seconds, model.decide(rows).to_pandas().head())
    return first


def made(path: str) -> keramos.Run:
    try:
        run = keramos.train({"a": [1.0, 2.0], "b": ["x", "y"]}, "b", epochs=3, recipe="linear")
        run.save("model.h5")
    except KeramosError as error:
        print(error.what, error.remedy)
        raise
    with open(path, "rb") as file:
        print(keramos.load(file).outputs, keramos.load(b"...").inputs)
    print(keramos.inspect(path).parameters, keramos.verify(path)[0].passed)
    keramos.convert(path, "model.onnx")
    print(keramos.inspect(b"...").layers, keramos.verify(b"...")[0].passed)
    print(keramos.score(path, "in.csv", "out.csv", keep=("id",), on_error="skip").totals)
    print(keramos.compare(path, keramos.load(path), "fresh.csv").metrics[0].better)
    keramos.train("table.csv", "risk", log="tensorboard:logs")
    return run
"""
WRONG = """
import keramos

keramos.train("table.csv", "risk", epoch=3)
keramos.load(3)
keramos.load("m.h5").decide([], on_error="ignore")
keramos.score("m.h5", "in.csv", "out.csv", keeps=("id",))
"""
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    (folder / "right.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """What mypy says of both programs, in the cache that ``make lint`` fills."""
    options = ["--config-file", ROOT / "pyproject.toml", "--cache-dir", ROOT / ".mypy_cache"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, folder / "right.py", folder / "wrong.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
    )
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    return [f"{Path(line.partition(':')[0]).name}:{line.partition(':')[2]}" for line in errors]


def test_a_users_program_passes_mypy_strictly(found):
    assert [line for line in found if not line.startswith("wrong.py")] == []


def test_wrong_calls_are_shown_by_the_checker(found):
    lines = [line.split(":")[1] for line in found if line.startswith("wrong.py")]
    assert lines == ["4", "5", "6", "7"]


def test_pyright_says_the_same_of_both(folder):
    if shutil.which("node") is None:
        pytest.skip("pyright runs on Node.js")
    settings = {"extraPaths": [str(ROOT / "src")], "typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )
    said = json.loads(done.stdout)["generalDiagnostics"]
    places = [
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        for one in said
        if one["severity"] == "error"
    ]
    assert places == [("wrong.py", line) for line in (4, 5, 6, 7)], said
