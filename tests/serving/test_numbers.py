"""Numbers of replies: the fewest digits that read back as the same number."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.serving.codecs.json_numbers import number_texts

BITS = {"float32": st.integers(0, 2**32 - 1), "float16": st.integers(0, 2**16 - 1)}


def of_bits(dtype, bits):
    return np.array([bits], dtype.replace("float", "uint")).view(dtype)


@pytest.mark.parametrize("dtype", BITS)
@settings(max_examples=2000, deadline=None)
@given(data=st.data())
def test_every_bit_pattern_reads_back_as_itself_from_the_fewest_digits(dtype, data):
    array = of_bits(dtype, data.draw(BITS[dtype]))
    (text,) = number_texts(array)
    read = np.array([json.loads(text)]).astype(dtype)

    if np.isnan(array[0]):
        assert text == "NaN"
        return
    assert read.tobytes() == array.tobytes()
    if not np.isfinite(array[0]):
        assert text == ("Infinity" if array[0] > 0 else "-Infinity")
        return
    assert len(text) <= len(str(array[0]))
    digits = len(re.sub(r"e.*|[-.]", "", text).strip("0"))
    if digits > 1:
        shorter = np.array([float(f"{float(array[0]):.{digits - 2}e}")])
        assert np.isinf(shorter.astype(dtype)[0]) or shorter.astype(dtype)[0] != array[0], (
            "fewer digits would do"
        )


def test_all_of_float16_is_written_as_json_that_reads_back():
    every = np.arange(2**16, dtype="uint16").view("float16")
    read = np.array([json.loads(text) for text in number_texts(every)]).astype("float16")

    assert np.array_equal(read, every, equal_nan=True)
