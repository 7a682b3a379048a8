"""Rows of requests: each cell is judged by itself, and each fault is named with its row, column,
rule and value.
"""

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.registry import ModelRegistry
from support.served_models import mixed_model, mixed_rows

ROWS = [
    dict(zip(mixed_rows(), cells, strict=True))
    for cells in zip(*mixed_rows().values(), strict=True)
]
CELLS = st.sampled_from(
    [None, True, False, 0, 1, 3, -7, 2.5, 1.0, 1e300, float("inf"), float("nan"), 2**70, "a",
    "north", "2", "2.50", "",
     "NA", "true", "1999-12-31", "1999-13-31", [1], [[1]], [1, 2], {}, {"b64": "bm9ydGg="},
     {"b64": "!"}, {"c": 1}]
)  # fmt: skip
DRAWN = st.fixed_dictionaries({}, optional=dict.fromkeys([*ROWS[0], "other"], CELLS))


@pytest.fixture(scope="module")
def app():
    engine = ModelRegistry()
    engine.add("mixed", 1, mixed_model())
    return App(Context(engine, max_rows=100), ROUTES, Access())


def post(app, path, body, kind="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = app.answer(Request("POST", path, path.partition("?")[2], {"content-type": kind}, data))
    return reply.status, json.loads(reply.body)


def partly(app, rows):
    """Decisions and problems of each row."""
    request = Request(
        "POST", "/models/mixed/decide", "partial=true", {}, json.dumps({"rows": rows}).encode()
    )
    reply = app.answer(request)
    assert reply.status == 200, reply.body
    found = json.loads(reply.body)
    return [
        [
            [{**one, "row": 0} for one in found[kind] if one["row"] == row]
            for kind in ("decisions", "problems")
        ]
        for row in range(1, len(rows) + 1)
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        DRAWN | st.sampled_from(ROWS) | st.sampled_from([[], [1, 2], 5, "a", None]),
        min_size=1,
        max_size=4,
    )
)
def test_a_row_gets_the_same_judgement_and_answer_alone_as_among_others(app, rows):
    together = partly(app, rows)

    assert json.dumps(together) == json.dumps([partly(app, [row])[0] for row in rows])
    for decisions, problems in together:
        assert len(decisions) == (not problems), "decided or refused, never both"


@pytest.mark.parametrize(
    ("column", "cell", "rule", "value"),
    [
        ("place", 1e999, "text", "inf"),
        ("place", 2.5, "text", "2.5"),
        ("place", True, "boolean", "True"),
        ("size", True, "boolean", "True"),
        ("size", 1e999, "finite", "inf"),
        ("size", "soon", "number", "'soon'"),
        ("size", [1, 2], "one value", "[1, 2]"),
        ("floor", 1.5, "integer", "1.5"),
        ("lift", 2, "true or false", "2"),
        ("built", "1999-13-31", "date", "'1999-13-31'"),
        ("place", {"b64": "!"}, "base64", "{'b64': '!'}"),
    ],
)
def test_a_cell_that_its_column_cannot_have_is_named_in_every_protocol(
    app, column, cell, rule, value
):
    rows = [ROWS[0], ROWS[1] | {column: cell, "other": [1]}, ROWS[2]]
    columns = {name: [row[name] for row in rows] for name in ROWS[0]}
    bodies = {
        "/models/mixed/decide": {"rows": rows},
        "/v1/models/mixed:predict": {"instances": rows},
        "/v1/models/mixed:regress": {"examples": rows},
        "/models/mixed/invocations": {"dataframe_records": rows},
        "/v1/models/mixed/versions/1:predict": {"inputs": columns},
    }
    for path, body in bodies.items():
        status, found = post(app, path, body)
        (problem,) = found["problems"]
        assert status == 400, path
        assert (problem["row"], problem["column"], problem["value"]) == (2, column, value)
        assert rule in problem["reason"]
        assert "row 2" in (found.get("error") or found["message"])


def test_whole_numbers_are_text_where_the_column_is_text(app):
    assert post(app, "/models/mixed/decide", {"rows": [ROWS[0] | {"place": 12}]})[0] == 200


def test_parquet_gives_what_rows_give(app):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([row | {"other": [1, 2]} for row in ROWS])
    wanted = post(app, "/models/mixed/invocations", {"dataframe_records": ROWS})
    sent = io.BytesIO()
    pq.write_table(table, sent)
    path, kind = "/models/mixed/invocations", "application/vnd.apache.parquet"

    assert post(app, path, sent.getvalue(), kind) == wanted
    for bad in (b"", b"PAR1", sent.getvalue()[:-9], sent.getvalue().replace(b"size", b"sice")):
        assert post(app, path, bad, kind)[0] == 400
    many = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS * 50), many)
    status, found = post(app, path, many.getvalue(), kind)
    assert (status, "150 rows" in found["message"]) == (400, True)
