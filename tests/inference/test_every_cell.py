"""Every kind of cell by every way in: one answer, or one refusal with the same code and reason."""

import json

import numpy as np
import pytest

from keramos.errors import MismatchError, RowError
from keramos.serving.core.messages import Request
from support.served_models import (
    matrix_model,
    mixed_model,
    mixed_rows,
    plain_model,
)
from support.ways_in import CELLS, WAYS, asked
from support.ways_served import DECIDE, INVOKE, PREDICT, Impossible, json_of, server

pytestmark = pytest.mark.oracle  # the models are trained by Keras

ROW = {name: cells[0] for name, cells in mixed_rows().items()}


def disagreements(model, row, column, cell, ways):
    """The answer to a row, those of the other ways that differ, and how many ways answered."""
    expected, others = asked(model, "a row", row, column, cell), {}
    for way in ways:
        try:
            others[way] = asked(model, way, row, column, cell)
        except Impossible:
            continue
    wrong = {
        way: found for way, found in others.items() if getattr(found, "expected", found) != expected
    }
    return expected, wrong, len(others)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("column", ROW)
def test_a_cell_means_the_same_by_every_way_in(column, cell):
    expected, wrong, ways = disagreements(mixed_model(), ROW, column, CELLS[cell], WAYS)

    assert not wrong, f"a row: {expected}"
    assert ways > 4
    assert not isinstance(expected, tuple) or expected[0] == "ROW"


QUICK = ["rows typed by msgspec", *(way for way in WAYS if way.startswith("fast "))]


@pytest.mark.parametrize("column", ROW)
def test_the_fast_paths_give_the_same_answers(column):
    taken = dict.fromkeys(QUICK, 0)
    for cell in CELLS.values():
        for way in QUICK:
            expected, wrong, ways = disagreements(mixed_model(), ROW, column, cell, [way])
            assert not wrong, f"a row: {expected}"
            taken[way] += ways

    routes = {"decide", "predict", "OIP"}
    untaken = {way for way, count in taken.items() if not count}
    assert all(not any(route in way for route in routes) or "columns" in way for way in untaken)
    assert taken["rows typed by msgspec"]


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "c8", "c16", "U3", "S3"])
def test_arrays_of_what_numpy_alone_reads_as_numbers_are_refused(dtype):
    array = np.ones((2, 4)).astype("i8" if dtype[0] in "mM" else "f8").astype(dtype)
    for model, given in (
        (matrix_model(), array),
        (matrix_model(), array.tolist()),
        (matrix_model(), array.astype(object)),
        (plain_model(), [array, [["a"], ["b"]]]),
        (plain_model(), [array.tolist(), [["a"], ["b"]]]),
    ):
        with pytest.raises(MismatchError, match="numbers are needed"):
            model.predict(given)


def infer(model, tensors):
    """Status and reply of the Open Inference Protocol."""
    request = Request("POST", "/v2/models/m/infer", "", {}, json_of({"inputs": tensors}))
    reply = server(model).answer(request)
    return reply.status, json.loads(reply.body)


def test_a_null_is_refused_where_no_schema_has_a_rule_for_it():
    model = plain_model()
    numbers = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, None, 2, 3]}
    words = {"name": "word", "shape": [1, 1], "datatype": "BYTES", "data": ["a"]}

    status, reply = infer(model, [numbers, words])
    assert (status, "holds a null" in reply["error"]) == (400, True)
    assert infer(model, [numbers | {"data": [1, 2, 3, 4]}, words | {"data": [None]}])[0] == 400
    for given in ([[1.0, None, 2, 3]], np.array([[1.0, None, 2, 3]], object)):
        with pytest.raises(MismatchError, match="holds None"):
            model.predict({"x": given, "word": [["a"]]})
    assert np.isnan(model.predict({"x": [[1.0, np.nan, 2, 3]], "word": [["a"]]})[0]).all()


def test_a_null_in_a_matrix_is_what_it_is_in_a_row():
    model = matrix_model()
    row = dict(zip("abcd", [1.0, None, 2.0, 3.0], strict=True))
    with pytest.raises(RowError) as caught:
        model.predict([row])
    matrix = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, None, 2, 3]}

    status, reply = infer(model, [matrix])

    assert status == 400
    assert [problem["reason"] for problem in reply["problems"]] == [caught.value.problems[0].reason]


def test_a_list_of_one_is_a_value_only_in_tensors():
    row = {**ROW, "size": [1.5]}
    answers = {
        "HTTP decide": {"rows": [row]},
        "HTTP MLflow, records": {"dataframe_records": [row]},
        "HTTP predict": {"instances": [row]},
    }
    for way, body in answers.items():
        url = {"HTTP decide": DECIDE, "HTTP predict": PREDICT}.get(way, INVOKE)
        request = Request("POST", url, "", {"content-type": "application/json"}, json_of(body))
        status = server(mixed_model()).answer(request).status
        assert status == (200 if way == "HTTP predict" else 400), way


@pytest.mark.parametrize("columns", [["a", "a", "b", "c"], ["a", "b", "c", "d", "d"], [1, "1"]])
def test_a_column_twice_in_a_split_frame_is_refused(columns):
    body = {"dataframe_split": {"columns": columns, "data": [[1.0] * len(columns)]}}
    request = Request("POST", INVOKE, "", {"content-type": "application/json"}, json_of(body))

    reply = server(matrix_model()).answer(request)

    assert reply.status == 400
    assert "twice" in json.loads(reply.body)["message"]


def test_a_whole_number_in_a_column_of_text_is_its_digits_in_every_type():
    model, row = mixed_model(), {**ROW, "place": "94105"}
    expected = asked(model, "a row", row, "size", row["size"])

    codes = ("a code", "a code as text", "a code as float", "a code as decimal")
    assert all(
        asked(model, "a row", ROW, "place", CELLS[name]) == expected.expected for name in codes
    )
