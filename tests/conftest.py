"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from postgresql import binaries, execute, server

SHARED = Path(__file__).parents[2] / "shared"

TARGETS = {
    "apartments.csv": "m2_price",
    "autompg.csv": "mpg",
    "breast_cancer.csv": "target",
    "concrete.csv": "compressive_strength",
    "credit_data.csv": "Status",
    "diamonds.parquet": "price",
    "flights_late.parquet": "late",
    "german_credit.csv": "risk",
    "iris.csv": "target",
    "mlc_churn.csv": "churn",
    "penguins.csv": "species",
    "segment.csv": "category",
    "titanic.csv": "survived",
    "wine.csv": "target",
}


def keramos(*args, cwd=None, stdin=None, **environment):
    """Run the real command line in a process of its own."""
    command = [str(Path(sys.executable).with_name("keramos")), *map(str, args)]
    env = {**os.environ, "COLUMNS": "100", **environment}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, input=stdin, env=env, check=False
    )


@pytest.fixture(scope="session")
def shared():
    """The folder of shared test material."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared test material is not at {SHARED.name}/ beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def credit_run():
    """One training on the shipped table."""
    from keramos.datasets import GERMAN_CREDIT
    from keramos.pipeline.train import train

    return train(GERMAN_CREDIT, "risk")


@pytest.fixture(scope="session", params=[".h5", ".keras"])
def credit_file(request, credit_run, tmp_path_factory):
    """The trained model as a file, in each container."""
    path = tmp_path_factory.mktemp("credit") / f"model{request.param}"
    credit_run.save(path)
    return path


@pytest.fixture(scope="session")
def scoring_model(tmp_path_factory):
    """A model of three numbers."""
    import numpy as np

    import keramos

    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(300) for i in range(3)}
    table["y"] = np.where(sum(table.values()) > 1.5, "yes", "no")
    path = tmp_path_factory.mktemp("model") / "m.h5"
    keramos.train(table, "y", plan=keramos.TrainingPlan(epochs=1, hidden=(4,))).save(path)
    return path


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server that lives as long as the tests."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    with server(programs) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """Each kind of database, empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'a b?#%.db'}"
        return
    running = request.getfixturevalue("postgres")
    yield running.url
    execute(running.url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
