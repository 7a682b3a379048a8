"""OpenTelemetry traces: a real receiver of OTLP gets a span for each request, and none of it costs
an answer.
"""

import contextlib
import gzip
import http.server
import json
import sys
import time
from threading import Thread

import grpc
import pytest

from keramos.serving.core.settings import Settings
from keramos.serving.http.server import build_server
from support.free_port import free_port
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving
from support.waiting import until

trace_service = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    reason="needs the extra: pip install 'keramos[otel]'",
)

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PATH = "/v1/models/matrix:predict"
SERVER_KIND, ERROR = 2, 2


class Collector(http.server.ThreadingHTTPServer):
    """Receives spans by OTLP over HTTP (opentelemetry.io/docs/specs/otlp)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.spans, self.services = [], []
        self.thread = Thread(target=self.serve_forever)
        self.thread.start()

    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        for group in trace_service.ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.services.append(told(group.resource)["service.name"])
            self.server.spans += [span for scope in group.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def told(has_attributes):
    found = {}
    for item in has_attributes.attributes:
        found[item.key] = getattr(item.value, item.value.WhichOneof("value"))
    return found


@pytest.fixture
def collector():
    with contextlib.closing(Collector()) as opened:
        yield opened


@pytest.fixture(scope="module")
def file():
    matrix_model()
    return folder() / "matrix.keras"


def ask(server, path=PATH, rows=1, **options):
    return server.post(
        path, json.dumps({"instances": matrix_rows(rows).tolist()}).encode(), **options
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_each_request_is_a_span_of_its_callers_trace_and_a_stopped_server_has_sent_all(
    file, collector, workers
):
    options = ("--otel", "--workers", str(workers))
    with serving(file, *options, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address()) as server:
        for _ in range(20):
            reply = ask(server, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
            assert reply.status_code == 200

    spans = collector.named("POST /v1/models/{name}:predict")
    assert len(spans) == 20
    assert {(span.trace_id.hex(), span.parent_span_id.hex(), span.kind) for span in spans} == {
        (TRACE, PARENT, SERVER_KIND)
    }
    assert told(spans[0]) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "url.path": PATH,
        "http.route": "/v1/models/{name}:predict",
        "http.response.status_code": 200,
    }
    assert all(0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9 for span in spans)
    assert set(collector.services) == {"keramos"}


def test_a_call_of_grpc_is_one_span_of_its_callers_trace(file, collector):
    port = free_port()
    options = ("--otel", "--grpc-port", str(port), "--oip-grpc-port", "none")
    with (
        serving(file, grpc=options, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address()),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        ready = channel.unary_unary("/inference.GRPCInferenceService/ModelReady")
        sent = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
        until(lambda: answers(live, sent))
        with pytest.raises(grpc.RpcError):
            ready(b"\xff", metadata=sent)

    service = "inference.GRPCInferenceService"
    (lived,) = collector.named(f"{service}/ServerLive")
    (refused,) = collector.named(f"{service}/ModelReady")
    assert told(lived) == {
        "rpc.system": "grpc",
        "rpc.service": service,
        "rpc.method": "ServerLive",
        "rpc.grpc.status_code": 0,
    }
    assert told(refused)["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert {span.trace_id.hex() for span in (lived, refused)} == {TRACE}
    assert (refused.status.code == ERROR, refused.kind) == (False, SERVER_KIND)


def answers(call, metadata):
    try:
        call(b"", metadata=metadata)
    except grpc.RpcError:
        return False
    return True


def test_a_trace_that_is_not_sampled_has_no_span(file, collector):
    named = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address(),
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
    }
    with serving(file, "--otel", **named) as server:
        assert ask(server).status_code == 200
        ask(server, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})

    assert [span.trace_id.hex() for span in collector.spans] == [TRACE]


def test_refusals_and_paths_that_nobody_answers_are_spans_too(file, collector):
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address(), "OTEL_SERVICE_NAME": "scores"}
    with serving(file, "--otel", **named) as server:
        assert ask(server, "/v2/models/matrix/versions/1/infer").status_code == 400
        assert ask(server, "/nowhere/at/all").status_code == 404

    (refused,) = collector.named("POST /v2/models/{name}/versions/{version}/infer")
    (lost,) = collector.named("POST")
    assert told(refused)["http.response.status_code"] == 400
    assert refused.status.code != ERROR
    assert (told(lost)["url.path"], "http.route" in told(lost)) == ("/nowhere/at/all", False)
    assert set(collector.services) == {"scores"}


def test_a_collector_that_does_not_answer_costs_no_answer_and_does_not_hold_the_stop(file):
    with serving(file, "--otel", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as server:
        assert all(ask(server).status_code == 200 for _ in range(20))
        begun = time.monotonic()
        assert server.stop() == 0
    assert time.monotonic() - begun < 15


def test_without_the_extra_the_message_says_what_to_install(file, monkeypatch):
    from keramos.errors import MissingExtraError
    from keramos.serving.assemble import assemble
    from keramos.serving.registry.sources import ModelLocation

    monkeypatch.delitem(sys.modules, "keramos.serving.http.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.propagate", None)
    settings = Settings(otel=True)
    with pytest.raises(
        MissingExtraError, match=r"traces need opentelemetry.*pip install 'keramos\[otel\]'"
    ):
        build_server(assemble(ModelLocation(str(file)), settings), settings)
