"""Encoded bodies: every byte counts, and no more than is allowed."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.serving.core.memory import RequestMemory
from keramos.serving.core.messages import Request
from keramos.serving.http.request_bodies import BodyError, inflated


def decoded(data, coding="gzip", most=1 << 20):
    """The body that a request's body stands for."""
    with RequestMemory(1 << 30).lease() as lease:
        request = Request("POST", "/", "", {"content-encoding": coding}, data)
        return inflated(request, most, lease).body


@given(st.lists(st.binary(max_size=1 << 17), min_size=1, max_size=5))
def test_all_members_of_a_gzip_body_are_one_body(parts):
    data = b"".join(map(gzip.compress, parts))
    assert decoded(data) == decoded(data, "x-gzip") == b"".join(parts)


ONE = gzip.compress(b"one", mtime=0)


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (ONE[:-1], "gzip"),
        (ONE + b"xx", "gzip"),
        (ONE + ONE[:-1], "gzip"),
        (ONE + ONE[:5], "gzip"),
        (zlib.compress(b"one") + zlib.compress(b"two"), "deflate"),
        (zlib.compress(b"one") + b"x", "deflate"),
        (b"", "gzip"),
        (gzip.compress(b"", mtime=0) * 1001, "gzip"),
    ],
    ids=[
        *("cut", "followed", "second_cut", "head_of_second"),
        *("two_streams", "stream_and_byte", "none", "many"),
    ],
)
def test_a_body_that_is_cut_or_followed_by_other_bytes_is_refused(data, coding):
    with pytest.raises(BodyError) as refused:
        decoded(data, coding)
    assert refused.value.refusal.status == 400


def test_members_together_are_bounded():
    with pytest.raises(BodyError) as refused:
        decoded(gzip.compress(b"a" * 600) * 2, most=1000)
    assert refused.value.refusal.status == 413
