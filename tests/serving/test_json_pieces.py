"""A JSON text that is decoded piece by piece: the value and the faults are those of the whole."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keramos.errors import NotReadyError, RequestError
from keramos.serving.codecs.json_lenient import parse
from keramos.serving.codecs.json_pieces import decode_pieces
from keramos.serving.codecs.json_structure import BLOCK, Structure
from keramos.serving.codecs.json_tensors import tensor
from keramos.serving.core.limits import MAX_CONTAINERS, MAX_DEPTH
from keramos.serving.core.memory import RequestMemory, reserve

DRAWN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
TEXTS = st.text(alphabet='a"\\,:[]{}é\u2028\n ', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=40,
)
LAYOUTS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def whole(piece, _):
    return json.loads(piece)


def in_pieces(text, block):
    return decode_pieces(text, Structure(text, block), whole)


@DRAWN
@example(["a" * 40, {"b\\": ['"', "\\" * 9]}], {}, 8)
@given(JSON, LAYOUTS, st.integers(1, 40))
def test_pieces_of_any_size_give_the_value_of_the_whole(value, layout, block):
    text = json.dumps(value, **layout).encode()
    if isinstance(value, (list, dict)):
        assert in_pieces(text, block) == json.loads(text)
        assert in_pieces(b" \n" + text + b" ignored ]", block) == json.loads(text)


@DRAWN
@given(JSON.filter(lambda value: isinstance(value, list)), st.data())
def test_what_is_not_json_is_refused_in_pieces_too(value, data):
    text = bytearray(json.dumps([value, 1]).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 3))] = data.draw(
        st.sampled_from([b",", b"[", b"}", b'"', b"1", b"]", b",,", b"\\"])
    )
    try:
        expected = json.JSONDecoder(strict=True).raw_decode(bytes(text).decode())[0]
    except ValueError:
        with pytest.raises((RequestError, ValueError)):
            in_pieces(bytes(text), 4)
    else:
        found = in_pieces(bytes(text), 4) if isinstance(expected, list) else expected
        assert found == expected


LARGE = "0.25," * (BLOCK // 4)


@pytest.mark.parametrize(
    "text",
    [
        f"[{LARGE},1]", f"[{LARGE}]", f"[,{LARGE}1]", f"[{LARGE}1}}", f'{{"a":1,{LARGE}}}',
        f'[{LARGE}"', f"[{LARGE}1 1]", f"[{LARGE}01]", f'["{"a" * BLOCK}', f'[{LARGE}"\ud800"]',
        f"[{LARGE}[1}}]]",
    ],
    ids=range(11),
)  # fmt: skip
def test_large_texts_that_are_not_json_are_refused(text):
    with pytest.raises(RequestError, match=r"JSON|memory"):
        parse(text.encode(errors="surrogatepass"))


def test_large_texts_keep_what_servers_accept_beyond_json():
    value = parse(f"\ufeff [{LARGE}NaN,-Infinity] and more".encode())
    assert len(value) == BLOCK // 4 + 2
    assert np.isnan(value[-2])
    assert value[-1] == -np.inf


def test_containers_and_depths_are_counted_before_they_are_made():
    with pytest.raises(RequestError, match="lists and objects"):
        parse(b"[" + b"[]," * MAX_CONTAINERS + b"1]")
    deep = b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
    with pytest.raises(RequestError, match="nested too deep"):
        parse(deep)
    assert parse(deep[1:-1])
    assert parse(b'["' + b"[" * 1000 + b'"]') == ["[" * 1000]


def test_bytes_in_base64_are_elements_of_a_tensor_of_texts():
    found = tensor([{"b64": "/9j/"}, {"b64": "YQ=="}, "b"], "str", "x")
    assert found.tolist() == [b"\xff\xd8\xff", "a", "b"]
    with pytest.raises(RequestError, match="Integer is not of expected type: string"):
        tensor([{"b64": "/9j/"}, 3], "str", "x")


@pytest.mark.parametrize("shape", [(1, 150_000), (150_000, 1), (3, 2, 50_000), (1, 1, 90_000, 2)])
def test_tensors_in_parts_are_the_whole(shape):
    array = np.random.default_rng(0).random(shape)
    np.testing.assert_array_equal(tensor(array.tolist(), "float64", "x"), array)
    ragged = array.tolist()
    (ragged[-1] if len(ragged) > 1 else ragged[0])[-1] = "a"
    with pytest.raises(RequestError, match="'x'"):
        tensor(ragged, "float64", "x")


def test_requests_share_memory_and_give_it_back():
    memory = RequestMemory(1 << 30, seconds=0)
    with memory.lease() as first:
        reserve(400 << 20)
        assert first.body(200 << 20)
        with memory.lease() as second:
            with pytest.raises(NotReadyError):
                reserve(200 << 20)
            assert not second.body(100 << 20)
    with memory.lease() as third:
        reserve(500 << 20)
        assert third.body(256 << 20)
    with memory.lease(), pytest.raises(RequestError, match="in parts"):
        reserve(600 << 20)
