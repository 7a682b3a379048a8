"""A test falls into its tier by what it uses."""

import functools
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import served_models, servers, tiers, unit_guard
from support.command import keramos

pytestmark = pytest.mark.unit


def _imports():
    import keras

    return keras


def _starts():
    return subprocess.run(["true"], check=True)


def _calls():
    return _starts()


@given(st.none())
def _draws(value):
    keramos("inspect", value)


def _serves():
    def inner():
        with servers.serving("m.h5"):
            pass

    return inner


def _asks():
    return served_models.matrix_model()


@pytest.mark.parametrize(
    ("function", "tier"),
    [
        (_imports, "oracle"),
        (_starts, "system"),
        (_calls, "system"),
        (_draws, "system"),
        (_serves, "system"),
        (_asks, "oracle"),
        (functools.cache(_imports), "oracle"),
        (lambda: sorted([2, 1]), "unit"),
    ],
)
def test_the_tier_follows_from_what_is_used(function, tier):
    assert tiers.tier_of_all([function]) == tier


def test_a_fixture_counts_too(request):
    assert tiers.tier_of(request.node) == "unit"


@pytest.mark.parametrize(
    ("event", "arguments"),
    [("import", ("keras",)), ("subprocess.Popen", ("true",)), ("os.fork", ())],
)
def test_a_run_of_unit_tests_refuses_what_is_not_a_unit_test(event, arguments):
    with pytest.raises(unit_guard.NotAUnitTestError):
        unit_guard.watch(event, arguments)
