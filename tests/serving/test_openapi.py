"""The OpenAPI document says what the server does: its examples are answered, and drawn requests
meet no surprise.
"""

import re
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi

from keramos.serving.assemble import ROUTES
from support.served_models import folder, matrix_model, mixed_model, plain_model
from support.servers import serving

HOST = "127.0.0.1"
TOKEN = re.compile(rb"[\[:,](NaN|-?Infinity)[\],}]")


def conforms(ctx, response, case):
    """A reply is as its schema says; numbers that are not finite are in no JSON Schema."""
    if not TOKEN.search(response.content):
        openapi.response_schema_conformance(ctx, response, case)


CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    conforms,
]


@pytest.fixture(scope="module")
def port():
    for model in (matrix_model, mixed_model, plain_model):
        model()
    with serving(folder()) as server:
        yield server.port
    assert not [line for line in server.lines if "Traceback" in line], server.lines


@pytest.fixture(scope="module")
def document(port):
    reply = requests.get(f"http://{HOST}:{port}/openapi.json", timeout=10)
    assert reply.status_code == 200
    return reply.json()


def operations(document):
    return [
        (path, method, made)
        for path, item in document["paths"].items()
        for method, made in item.items()
    ]


def validator(document, schema):
    return Draft202012Validator({**schema, "components": document["components"]})


def test_every_schema_is_one_and_every_reference_leads_somewhere(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for name in re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document)):
        assert name in document["components"]["schemas"]


def test_every_route_is_described_and_every_operation_is_answered(document):
    described = [
        (m.upper(), p.replace("{version}", "1").replace("{label}", "a"))
        for p, m, _ in operations(document)
    ]
    for route in ROUTES:
        one_model = route.pattern.fullmatch("/invocations")
        assert one_model or any(
            m == route.method and route.pattern.fullmatch(p) for m, p in described
        ), route.pattern
    for method, path in described:
        assert any(method == route.method and route.pattern.fullmatch(path) for route in ROUTES), (
            path
        )


def test_operations_have_names_of_their_own(document):
    names = [made["operationId"] for _, _, made in operations(document)]
    assert len(set(names)) == len(names)


def test_a_row_schema_knows_categories_ranges_and_what_may_be_null(document):
    row = document["components"]["schemas"]["mixed.row"]
    assert row["required"] == ["size", "floor", "lift", "built"]
    assert row["properties"]["size"]["x-training-range"] == pytest.approx([0, 10], abs=0.5)
    assert row["properties"]["lift"] == {"type": "boolean"}
    place, null = row["properties"]["place"]["anyOf"]
    assert sorted(place["anyOf"][0]["enum"]) == ["east", "north", "south"]
    assert null == {"type": "null"}


def test_every_example_is_answered_as_the_document_says(document, port):
    asked = 0
    for path, method, made in operations(document):
        for kind, media in made.get("requestBody", {}).get("content", {}).items():
            bodies = [example["value"] for example in media.get("examples", {}).values()]
            for body in bodies + ([media["example"]] if "example" in media else []):
                url = f"http://{HOST}:{port}{path.replace('{version}', '1')}"
                sent = (
                    {"json": body}
                    if kind == "application/json"
                    else {"data": body, "headers": {"Content-Type": kind}}
                )
                reply = requests.request(method, url, timeout=10, **sent)
                assert reply.status_code == 200, (path, body, reply.text)
                schema = made["responses"]["200"]["content"]["application/json"]["schema"]
                validator(document, schema).validate(reply.json())
                asked += 1
    assert asked > 30


def test_one_model_has_a_path_for_mlflow_without_its_name(tmp_path):
    path = tmp_path / "a model.h5"
    mixed_model()
    path.write_bytes((folder() / "mixed.h5").read_bytes())
    with serving(path) as server:
        paths = server.get("/openapi.json").json()["paths"]
        example = paths["/invocations"]["post"]["requestBody"]["content"]["application/json"][
            "examples"
        ]
        body = example["dataframe_split"]["value"]
        kind = {"Content-Type": "application/json"}
        assert server.post("/invocations", body, headers=kind).status_code == 200
    assert f"/v1/models/{quote('a model')}:predict" in paths


@pytest.mark.parametrize(
    ("mode", "examples"),
    [
        (GenerationMode.POSITIVE, 3),
        *(pytest.param(mode, 25, marks=pytest.mark.slow) for mode in GenerationMode),
    ],
)
def test_drawn_requests_get_documented_statuses_and_replies(document, port, mode, examples):
    api = schemathesis.openapi.from_dict(document)
    api.config.update(base_url=f"http://{HOST}:{port}")

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.data())
    def ask(operation, data):
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(checks=CHECKS, timeout=10)

    for found in api.get_all_operations():
        operation = found.ok()
        if "{label}" in operation.path or (
            "{version}" in operation.path and operation.method == "post"
        ):
            continue  # the same route as without
        try:
            ask(operation)
        except Unsatisfiable:
            assert (
                mode is GenerationMode.NEGATIVE
            )  # where there is nothing to send there is nothing wrong to send
