"""Tiers, drawn examples, and fixtures that several packages share."""

from __future__ import annotations

import gc
import os

import pytest

from support import drawn_examples, tiers, trained, unit_guard
from support.built_once import built, built_value
from support.postgresql import binaries, execute, server
from support.shared import SHARED

# TensorFlow's oneDNN kernels differ in the last digits, and end the process for some pooling.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
drawn_examples.register()


def _units_alone(config):
    return config.option.markexpr.startswith("unit")


def pytest_configure(config):
    """Unit tests alone neither import Keras nor start a process; examples are those asked for."""
    if config.getoption("--hypothesis-profile") in {None, drawn_examples.SAME}:
        drawn_examples.forget_constants()
    starts_workers = getattr(config.option, "dist", "no") != "no"
    if _units_alone(config) and not starts_workers:
        unit_guard.forbid()


def pytest_ignore_collect(collection_path, config):
    """Files of other tiers are not imported for a run of unit tests alone."""
    if _units_alone(config) and collection_path.suffix == ".py":
        return tiers.imports_keras(collection_path) or None
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Every test has one tier, from what it uses, unless it names its own."""
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in tiers.TIERS):
            item.add_marker(tiers.tier_of(item))


def pytest_collection_finish():
    """What is imported by now lives to the end; the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Reports cross processes as UTF-8, which the names of files in logs need not be."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def shared():
    """The folder of shared test material."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared test material is not at {SHARED.name}/ beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def credit_run():
    """One training on the shipped table."""
    return built_value("credit_run", trained.credit)


@pytest.fixture(scope="session", params=[".h5", ".keras"])
def credit_file(request, credit_run, tmp_path_factory):
    """The trained model as a file, in each container."""
    path = tmp_path_factory.mktemp("credit") / f"model{request.param}"
    credit_run.save(path)
    return path


@pytest.fixture(scope="session")
def scoring_model():
    """A model of three numbers."""
    return built("scoring_model", trained.three_numbers) / "m.h5"


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
