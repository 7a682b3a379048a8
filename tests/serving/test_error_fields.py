"""The fields of an error are the same over HTTP, gRPC and --json."""

import json
import warnings

import grpc
import pytest

from keramos.cli.group import _report
from keramos.errors import KeramosError, NotServedError
from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context, ModelRef
from keramos.serving.grpc.wire import ERROR_KEY
from keramos.serving.http.app import App
from keramos.serving.registry.registry import ModelRegistry
from support.grpc_servers import running
from support.served_models import mixed_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tritonclient.grpc import service_pb2, service_pb2_grpc

FIELDS = ("code", "what", "where", "received", "remedy", "problems")


@pytest.fixture(scope="module")
def context():
    registry = ModelRegistry()
    registry.add("mixed", 1, mixed_model())
    return Context(registry, max_rows=100)


def over_http(context, name, rows):
    app = App(context, ROUTES, Access())
    body = json.dumps({"rows": rows}).encode()
    reply = app.answer(Request("POST", f"/models/{name}/decide", "", {}, body))
    return json.loads(reply.body)


def over_grpc(context, name):
    with running(context) as server, grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelMetadata(service_pb2.ModelMetadataRequest(name=name))
    metadata = dict(caught.value.trailing_metadata())
    return json.loads(metadata[ERROR_KEY]), caught.value.details()


def on_the_command_line(error, capsys):
    assert _report(error, as_json=True) == 1
    return json.loads(capsys.readouterr().err)["error"]


@pytest.mark.parametrize("name", ["absent", "again", "an 'odd' name"])
def test_http_grpc_and_the_command_line_carry_the_same_fields(context, capsys, name):
    with pytest.raises(NotServedError) as caught:
        context.registry.get(ModelRef(name))
    reply = over_http(context, name.replace(" ", "%20"), [{}])
    fields, details = over_grpc(context, name)
    printed = on_the_command_line(caught.value, capsys)

    expected = {key: value for key, value in caught.value.record().items() if key in FIELDS}
    assert {key: printed[key] for key in FIELDS} == expected
    assert {key: fields[key] for key in FIELDS} == expected
    assert {key: reply[key] for key in FIELDS} == expected
    assert reply["error"] == details == printed["message"] == str(caught.value)


def test_cells_that_break_a_rule_are_listed_with_all_fields(context):
    reply = over_http(context, "mixed", [{"number": "many"}])

    assert reply["code"] == "ROW"
    assert reply["what"] == "1 row cannot be used"
    assert all({"row", "column", "reason", "value"} == set(one) for one in reply["problems"])


def test_an_error_with_many_problems_fits_into_the_metadata(context):
    name = "x" * 3000
    fields, _ = over_grpc(context, name)

    assert fields["code"] == "NOT_SERVED"
    assert issubclass(NotServedError, KeramosError)
