"""Fixtures that several rooms share."""

from __future__ import annotations

import pytest

from support.postgresql import binaries, execute, server
from support.shared import SHARED


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
