"""The seeds of fuzzing are honest files: what is found by changing them is found from a good
start.
"""

import pytest

from fuzz.targets import TARGETS, seeds_of
from fuzz.watch import examine

SEEDS = [(name, path) for name in TARGETS for path in seeds_of(name)]


@pytest.mark.parametrize(
    ("name", "path"), SEEDS, ids=[f"{name}-{path.name}" for name, path in SEEDS]
)
def test_a_seed_is_read_without_a_finding(name, path):
    assert examine(TARGETS[name], path.read_bytes()) is None


@pytest.mark.parametrize("path", seeds_of("model"), ids=lambda path: path.name)
def test_a_described_model_opens(path):
    TARGETS["model"].run(path.read_bytes())
