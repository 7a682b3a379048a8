"""A flipped bit in a file that keramos wrote is detected, or changes no answer."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import keramos
from keramos.errors import ModelError

ROWS = 4


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_refused_or_changes_no_answer(credit_file, tmp_path_factory, data):
    whole = credit_file.read_bytes()
    model = keramos.load(credit_file)
    golden = model.artifact.content.golden
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    changed = bytearray(whole)
    changed[bit // 8] ^= 1 << bit % 8
    path = tmp_path_factory.mktemp("bits") / credit_file.name
    path.write_bytes(changed)

    try:
        other = keramos.load(path)
    except ModelError:
        return

    assert other.artifact.content.golden == golden
    for mine, theirs in zip(_weights(model), _weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def _weights(model):
    return [weight for layer in model.artifact.network.layers.values() for weight in layer.weights]
