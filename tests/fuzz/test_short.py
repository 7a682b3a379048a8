"""A short turn of fuzzing by hypothesis: honest files, changed so that they stay files; only
refusals come out.
"""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS, change_tree, seeds_of
from fuzz.watch import examine

TREES = {
    name: [json.loads(path.read_bytes()) for path in seeds_of(name)]
    for name in ("dialects", "listed", "manifest", "model")
}
BYTES = {
    name: [path.read_bytes() for path in seeds_of(name)]
    for name in (
        *("archive", "companions", "fields", "graph", "hdf5", "json", "packed", "unsealed"),
        *("arrays", "forms", "labels", "pictures", "recipes", "sources", "weights"),
    )
}
SHORT = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", TREES)
@SHORT
@given(place=st.integers(0, 10**6), draw=st.integers(0, 2**32))
def test_a_changed_tree_is_read_or_refused(name, place, draw):
    trees = TREES[name]
    changed = change_tree(
        trees, json.dumps(trees[place % len(trees)]).encode(), random.Random(draw)
    )

    finding = examine(TARGETS[name], changed)

    assert finding is None, finding.text


@pytest.mark.parametrize("name", BYTES)
@SHORT
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(name, data):
    whole = bytearray(data.draw(st.sampled_from(BYTES[name])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=8))
        whole = whole or bytearray(1)

    finding = examine(TARGETS[name], bytes(whole))

    assert finding is None, finding.text
