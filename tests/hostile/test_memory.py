"""Opening takes memory in proportion to what a file holds: the factor and the constant of
docs/security.md.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from hostile.honest import dense, edited, h5, sequential
from hostile.runner import opened

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
UNITS = 2500
KERNEL = "model_weights/dense/dense/kernel:0"
WAYS = {
    "contiguous": {},
    "in chunks": {"chunks": (250, 250)},
    "packed": {"chunks": (250, 250), "compression": "gzip", "shuffle": True},
}


def write(path, **options):
    """A layer of 25 MB."""
    values = np.random.default_rng(0).standard_normal((UNITS, UNITS)).astype("f4")
    shapes = {"dense": {"kernel:0": [UNITS, UNITS], "bias:0": [UNITS]}}
    whole = h5(sequential(dense(units=UNITS), shape=(None, UNITS)), shapes)

    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, data=values, **options)

    path.write_bytes(edited(whole, change))


def promised():
    """(factor, bytes) as the page says."""
    found = re.search(r"at most (\d+) times .*? plus\s+(\d+) MB", PAGE.read_text(), re.DOTALL)
    return int(found[1]), int(found[2]) * 10**6


@pytest.mark.parametrize("way", WAYS)
def test_peak_memory_is_bounded_by_the_weights_times_a_factor_and_a_constant(way, tmp_path):
    path = tmp_path / "m.h5"
    write(path, **WAYS[way])
    (found,) = opened([path])
    factor, constant = promised()

    assert found.kind == "open"
    assert found.bytes <= factor * (4 * UNITS * UNITS) + constant
