"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, input=stdin, env=env, check=False)


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
