"""Every example of ``--help`` and of a docstring runs as printed."""

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from keramos.artifact.write import write
from keramos.cli.group import COMMANDS
from keramos.cli.group import keramos as program
from keramos.datasets import GERMAN_CREDIT
from support.built_once import built
from support.raw_models import drawn, sequential
from support.sklearn_pickles import dense_network, dumped, scaler

pytestmark = pytest.mark.slow
SOURCES = Path(__file__).parents[2] / "src/keramos"


def commands():
    """(name, example) of every command and of the commands of a group."""
    root = click.Context(program)
    found = [("keramos", program.epilog)]
    for name in COMMANDS:
        one = program.get_command(root, name)
        found.append((name, one.epilog))
        if isinstance(one, click.Group):
            found += [(f"{name} {below}", each.epilog) for below, each in one.commands.items()]
    return found


def _files(folder):
    """The files that the examples name: tables, models of them, what lies beside one."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    import keramos

    table = csv.read_csv(GERMAN_CREDIT)
    table = table.append_column("id", pa.array(range(table.num_rows)))
    parquet.write_table(table, folder / "in.parquet")
    table = table.drop_columns("id").append_column("customer_id", pa.array(map(str, range(1000))))
    for name in ("table.csv", "credit.csv", "new.csv", "fresh.csv"):
        csv.write_csv(table, folder / name)
    run = keramos.train(folder / "table.csv", "risk", recipe="tutorial", drop=["customer_id"])
    for name in ("model.h5", "old.h5", "new.h5"):
        run.save(folder / name)
    (folder / "adopt").mkdir()
    write(folder / "adopt/model.h5", dense_network(2), None)
    parts = dumped(scaler(("age", "balance"), [40, 5e4], [10, 2e4]))
    (folder / "adopt/scaler.pkl").write_bytes(parts)


@pytest.fixture(scope="module")
def files():
    return built("files of the examples", _files)


@pytest.fixture
def folder(files, tmp_path):
    return shutil.copytree(files, tmp_path / "here")


@pytest.mark.parametrize(("name", "example"), commands(), ids=lambda one: str(one)[:16])
def test_the_example_of_a_command_runs(name, example, folder):
    if name == "report" and not shutil.which("chromium"):
        pytest.skip("a PDF needs a browser")
    if name == "verify":
        pytest.importorskip("keras")
    if name == "adopt":
        folder = folder / "adopt"
    if name.startswith("store"):
        _publish(folder)
    line = example.removeprefix("Example: ")
    limit = "timeout --preserve-status -s TERM 20 " if name == "serve" else ""
    done = _shell(limit + line, folder)
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"


def _publish(folder):
    """Three versions with a label that was moved, as the examples mean them."""
    publish = "keramos store publish model.h5 models --model credit --label stable"
    assert _shell(f"{publish}; {publish}; {publish}", folder).returncode == 0


def _shell(line, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )


def examples():
    """(module, lines) of every docstring with ``>>>`` in the sources."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        for text in re.findall(r'"""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL):
            lines = re.findall(r"^ *(?:>>>|\.\.\.) ?(.*)$", text, re.MULTILINE)
            if ">>>" in text:
                found.append((path.relative_to(SOURCES).as_posix(), "\n".join(lines)))
    return found


def _small_model(folder):
    """A model of two columns, which the docstrings call age and housing."""
    import keramos

    table = {"age": [20.0 + place % 50 for place in range(200)], "housing": ["own", "rent"] * 100}
    run = keramos.train({**table, "risk": ["good", "bad"] * 100}, "risk", recipe="linear")
    run.save(folder / "model.h5")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What docstrings take for granted: a model, its file here, a frame, rows, a matrix."""
    import pandas as pd
    from sklearn.datasets import load_iris
    from sklearn.model_selection import cross_val_score

    import keramos
    from keramos.sklearn import KeramosClassifier

    folder = tmp_path_factory.mktemp("docstrings")
    _small_model(folder)
    cats = ("Dense", {"units": 2, "activation": "softmax"}, drawn((108, 2), (2,)))
    write(folder / "cats.h5", sequential((6, 6, 3), ("Flatten", {}, ()), cats), None)
    shutil.copy(GERMAN_CREDIT, folder / "credit.csv")
    row = {"age": 40, "housing": "own"}
    x, y = load_iris(return_X_y=True)
    own = {"keramos": keramos, "model": keramos.load(folder / "model.h5"), "row": row}
    own |= {"rows": [row], "frame": pd.DataFrame([row]), "X": x, "y": y}
    own |= {"cross_val_score": cross_val_score, "KeramosClassifier": KeramosClassifier}
    own |= {"requests": import_module("requests"), "folder": folder}
    return own


@pytest.mark.parametrize(("module", "lines"), examples(), ids=lambda one: str(one)[:30])
@pytest.mark.filterwarnings("ignore")  # what mlflow says about itself
def test_the_example_of_a_docstring_runs(module, lines, names, monkeypatch):
    if "mlflow" in module:
        pytest.importorskip("mlflow")
    monkeypatch.chdir(names["folder"])
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:runs")
    exec(compile(lines, module, "exec"), dict(names))  # noqa: S102 (our own docstrings)
