"""Replies about rows that break rules: bounded in size, with a count, and the right rows named."""

import json

import numpy as np
import pytest

from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access
from keramos.serving.core.limits import MAX_PROBLEMS
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from support.grpc_servers import registry_of_all
from support.protocol_suites import ask
from support.served_models import mixed_rows

GOOD = {name: cells[0] for name, cells in mixed_rows().items()}
BAD = GOOD | {"size": "many"}
ROWS = 20_000
BODIES = {
    "/models/mixed/decide": lambda rows: {"rows": rows},
    "/v1/models/mixed:predict": lambda rows: {"instances": rows},
    "/v1/models/mixed:regress": lambda rows: {"examples": rows},
    "/models/mixed/invocations": lambda rows: {"dataframe_records": rows},
    "/v2/models/mixed/infer": lambda rows: {
        "inputs": [
            {
                "name": name,
                "shape": [len(rows)],
                "datatype": {
                    "size": "BYTES",
                    "rooms": "FP32",
                    "floor": "INT64",
                    "lift": "BOOL",
                }.get(name, "BYTES"),
                "data": [str(row[name]) if name == "size" else row[name] for row in rows],
            }
            for name in GOOD
        ]
    },
}


@pytest.fixture(scope="module", name="app")
def app_of_all():
    return App(Context(registry_of_all()), ROUTES, Access())


@pytest.mark.parametrize("path", BODIES)
def test_a_reply_lists_so_many_problems_and_counts_them(app, path):
    reply = ask(app, "POST", path, BODIES[path]([BAD] * ROWS))

    assert reply.status == 400
    assert len(reply.body) < 64 << 10
    found = reply.json()
    assert len(found["problems"]) == MAX_PROBLEMS
    assert found["problem_count"] >= MAX_PROBLEMS
    assert [one["row"] for one in found["problems"]] == list(range(1, MAX_PROBLEMS + 1))


@pytest.mark.parametrize("path", BODIES)
def test_a_bad_row_far_down_is_named_by_its_own_number(app, path):
    rows = [GOOD] * ROWS
    rows[12_345] = BAD
    reply = ask(app, "POST", path, BODIES[path](rows)).json()

    assert [(one["row"], one["column"]) for one in reply["problems"]] == [(12_346, "size")]
    assert reply["problem_count"] == 1


def test_partial_decides_every_good_row_and_counts_all_problems(app):
    rows = [BAD if row % 3 else GOOD for row in range(9_000)]
    reply = ask(app, "POST", "/models/mixed/decide?partial=true", rows).json()

    assert [one["row"] for one in reply["decisions"]] == list(range(1, 9_001, 3))
    assert reply["problem_count"] == 6_000
    assert len(reply["problems"]) == MAX_PROBLEMS
    alone = ask(app, "POST", "/models/mixed/decide", [GOOD]).json()["decisions"][0]
    assert {json.dumps({**one, "row": 1}) for one in reply["decisions"]} == {json.dumps(alone)}


def test_rows_in_many_pieces_are_answered_as_each_alone(app):
    columns = mixed_rows()
    three = [
        dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
    ]
    for path in ("/v1/models/mixed:predict", "/models/mixed/invocations"):
        few = ask(app, "POST", path, BODIES[path](three)).json()["predictions"]
        many = ask(app, "POST", path, BODIES[path](three * 4_000)).json()["predictions"]
        np.testing.assert_allclose(many, few * 4_000, rtol=1e-6)
