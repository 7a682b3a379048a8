"""A key that an object says twice is refused by its name, on every route and path, as in JSON
Lines.
"""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.data.json_lines import read_json_lines
from keramos.errors import RowError
from keramos.serving.codecs.json_lenient import parse
from keramos.serving.codecs.json_structure import BLOCK
from keramos.tabular.cell import Unreadable
from keramos.tabular.json_keys import TWICE, may_repeat, repeats
from support.served_models import mixed_rows, undated_model
from support.ways_served import (
    DECIDE,
    INFER,
    INVOKE,
    PREDICT,
    Impossible,
    RefusedReplyError,
    fast,
    http,
    server,
)

ROW = {name: cells[0] for name, cells in mixed_rows().items() if name != "built"}


def text_of(row, *more):
    """A row as JSON text, and further pairs behind it."""
    return json.dumps(row)[:-1].encode() + b"".join(b"," + pair for pair in more) + b"}"


BODIES = {
    "decide": (DECIDE, b'{"rows":[%b,%b]}'),
    "decide a list": (DECIDE, b"[%b,%b]"),
    "predict": (PREDICT, b'{"instances":[%b,%b]}'),
    "predict by signature": (PREDICT, b'{"signature_name":"serving_default","instances":[%b,%b]}'),
    "records": (INVOKE, b'{"dataframe_records":[%b,%b]}'),
    "instances": (INVOKE, b'{"instances":[%b,%b]}'),
}
PAIRS = {
    "the same": b'"size":1.5',
    "another": b'"size":2',
    "escaped": b'"si\\u007ae":2',
    "blanks": b' "size" :\n 2',
    "of a column that may be missing": b'"rooms":1',
    "null": b'"place":null',
}


def answer(path, body):
    """The reply of the path that takes the body."""
    try:
        return fast(undated_model(), path, body)
    except Impossible:
        return http(undated_model(), path, body)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("way", BODIES)
def test_a_repeated_key_is_refused_by_row_and_column(way, pair):
    path, body = BODIES[way]
    bad = text_of(ROW, PAIRS[pair])
    with pytest.raises(Exception, match=TWICE) as refused:
        answer(path, body % (text_of(ROW), bad))
    (problem,) = refused.value.problems
    (column,) = json.loads(b"{%b}" % PAIRS[pair])
    assert (refused.value.code, problem.row, problem.column) == ("ROW", 2, column)

    line = bad.replace(b"\n", b" ")
    with pytest.raises(RowError, match=TWICE) as refused:
        undated_model().decide(read_json_lines(text_of(ROW) + b"\n" + line, "t.jsonl"))
    assert list(refused.value.problems) == [problem]


@pytest.mark.parametrize("way", BODIES)
def test_a_repeated_key_that_takes_the_place_of_an_absent_one_is_refused(way):
    path, body = BODIES[way]
    bad = text_of({name: cell for name, cell in ROW.items() if name != "rooms"}, b'"size":2')
    with pytest.raises(Exception, match=TWICE):
        answer(path, body % (bad, text_of(ROW)))


@pytest.mark.parametrize("way", BODIES)
def test_colons_in_text_and_keys_that_nobody_needs_do_not_matter(way):
    path, body = BODIES[way]
    wanted = answer(path, body % (text_of(ROW), text_of(ROW)))
    other = text_of(ROW, b'"note":"a:b"', b'"more":{"a":[{"b":1}]}', b'"x":1', b'"x":2')
    assert answer(path, body % (text_of(ROW), other)) == wanted


@pytest.mark.parametrize("way", list(BODIES)[:4])
def test_rows_with_absent_and_missing_cells_stay_on_the_fast_path(way):
    path, body = BODIES[way]
    rows = [ROW, {**ROW, "rooms": None}, {n: c for n, c in ROW.items() if n != "rooms"}]
    texts = list(map(text_of, rows))
    for row in texts:
        assert fast(undated_model(), path, body % (texts[0], row))
    missing, absent = (fast(undated_model(), path, body % (texts[0], row)) for row in texts[1:])
    assert missing == absent


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DECIDE, b'{"rows":[%b],"rows":[%b]}'),
        (PREDICT, b'{"instances":[%b],"instances":[%b]}'),
        (PREDICT, b'{"signature_name":"","signature_name":"","instances":[%b,%b]}'),
        (PREDICT, b'{"inputs":{"size":[%b],"size":[%b]}}'),
        (INVOKE, b'{"dataframe_records":[%b],"dataframe_records":[%b]}'),
        (INVOKE, b'{"dataframe_split":{"columns":["size"],"data":[[1]],"data":[[%b,%b]]}}'),
        (INVOKE, b'{"dataframe_split":{"columns":["size"],"columns":["size"],"data":[[%b,%b]]}}'),
        (INFER, b'{"inputs":[{"datatype":"FP64","data":[1],"data":[%b,%b]}]}'),
        (INFER, b'{"inputs":[],"inputs":[%b,%b]}'),
        (INFER, b'{"inputs":[{"name":"a","name":"b","datatype":"FP64","data":[%b,%b]}]}'),
        (INFER, b'{"id":"1","id":"2","inputs":[%b,%b]}'),
        (INFER, b'{"inputs":[{"shape":[1],"shape":[2],"datatype":"FP64","data":[%b,%b]}]}'),
        (INFER, b'{"inputs":[%b,%b],"outputs":[],"outputs":[]}'),
        (INFER, b'{"inputs":[{"parameters":{"a":1},"parameters":{"a":%b,"a":%b}}]}'),
        (PREDICT, b'{"instances":[{"size":{"b64":"YQ==","b64":%b,"b64":%b}}]}'),
    ],
)  # fmt: skip
def test_a_repeated_key_of_the_request_is_refused(path, body):
    given = body % (b"1", b"1") if b"datatype" in body else body % (text_of(ROW), text_of(ROW))
    with pytest.raises(Impossible):
        fast(undated_model(), path, given)
    with pytest.raises(RefusedReplyError):
        http(undated_model(), path, given)


def test_keys_of_large_bodies_are_compared_across_pieces():
    cells = ",".join(["1.5"] * (BLOCK // 3))
    body = f'{{"inputs":{{"a":[{cells}],"b":1,"a":[{cells}],"b":2}}}}'.encode()
    found = parse(body)["inputs"]
    assert all(type(found[name]) is Unreadable and found[name].reason == TWICE for name in "ab")


OBJECTS = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(':"\\a', max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.tuples(st.sampled_from(["a", "b:", 'c"', "\\"]), inner), max_size=4),
    ),
    max_leaves=8,
)


def written(value):
    """JSON text of a drawn value, and whether an object in it repeats a key."""
    if isinstance(value, list) and value and all(type(item) is tuple for item in value):
        texts = [(json.dumps(key), *written(item)) for key, item in value]
        twice = len({key for key, _ in value}) < len(value) or any(t for _, _, t in texts)
        return "{" + ",".join(f"{key}:{text}" for key, text, _ in texts) + "}", twice
    if isinstance(value, list):
        texts = list(map(written, value))
        return "[" + ",".join(text for text, _ in texts) + "]", any(twice for _, twice in texts)
    return json.dumps(value), False


@given(OBJECTS)
def test_repeated_keys_are_found_in_any_text_and_nowhere_else(value):
    text, twice = written(value)
    data = text.encode()
    assert repeats(data) == twice
    if twice:
        assert may_repeat(msgspec.json.decode(data), data.count(b":"))


def test_a_server_of_the_model_has_a_fast_path():
    assert server(undated_model()).fast_route(PREDICT) is not None
