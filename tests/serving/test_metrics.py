"""Metrics as Prometheus' own parser reads them, from real servers and from strange names."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keramos
from keramos.errors import KeramosError
from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access
from keramos.serving.core.counters import EDGES, Call, Counts
from keramos.serving.core.messages import Request
from keramos.serving.core.metric_family import Family, Sample
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.metrics.families import families
from keramos.serving.metrics.prometheus_text import CONTENT_TYPE, text
from keramos.serving.monitoring.live_drift import LiveDrift
from keramos.serving.monitoring.shadow import Shadow
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef
from support.metrics_text import COUNT, TF, read, value
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving

BAD = b"\x89HDF\r\n\x1a\n" + b"\0" * 99


def scraped(context):
    return read(text(families(context)))


def test_a_server_counts_requests_rows_and_bytes_by_model_protocol_and_outcome(tmp_path):
    matrix_model()
    (tmp_path / "matrix.keras").write_bytes((folder() / "matrix.keras").read_bytes())
    (tmp_path / "broken.h5").write_bytes(BAD)
    rows = matrix_rows(3).tolist()
    with serving(tmp_path) as server:
        for _ in range(5):
            server.post("/v1/models/matrix:predict", {"instances": rows})
        server.post("/v1/models/matrix:predict", {"instances": [[1]]})
        server.post("/models/matrix/decide", {"rows": [rows[0]]})
        server.post("/v1/models/nobody:predict", {"instances": rows})
        server.post("/v1/models/broken:predict", {"instances": rows})
        reply = server.get("/metrics")
        found = read(reply.content)
        twin = read(server.get("/monitoring/prometheus/metrics").content)
        status = server.get("/v1/models/broken").json()["model_version_status"][0]

        assert reply.headers["content-type"] == CONTENT_TYPE
        assert (
            ':tensorflow:serving:request_count{model_name="matrix",status="OK"} 6\n' in reply.text
        )
        assert twin[COUNT] == found[COUNT]
        assert value(found, COUNT, model_name="matrix", status="OK") == 6
        assert value(found, COUNT, model_name="matrix", status="INVALID_ARGUMENT") == 1
        latency = {"model_name": "matrix", "API": "Predict", "entrypoint": "REST"}
        assert value(found, f"{TF}request_latency_count", **latency) == 6
        assert value(found, f"{TF}request_latency_bucket", **latency, le="+Inf") == 6
        assert value(found, f"{TF}request_latency_bucket", **latency, le="10") == 0
        assert value(found, f"{TF}request_example_count_total", model="matrix") == 16
        assert (
            value(found, "keramos_requests_total", model="matrix", protocol="keramos", api="Decide")
            == 1
        )
        assert value(found, "keramos_unserved_requests_total", protocol="tensorflow") == 2
        assert value(found, "keramos_request_bytes_total", model="matrix") > 5 * 100
        assert value(found, "keramos_reply_bytes_total", model="matrix") > 5 * 30

        assert value(found, "keramos_version_state", model="matrix", state="AVAILABLE") == 1
        assert (
            value(found, "keramos_version_failed", model="broken", code="FAILED_PRECONDITION") == 1
        )
        assert value(found, "keramos_load_failures_total", model="broken") == 1
        assert (status["state"], status["status"]["error_code"]) == ("END", "FAILED_PRECONDITION")
        assert "broken.h5" in status["status"]["error_message"]
        assert "broken.h5" in server.line("cannot be served")


def test_counters_never_go_back_while_versions_come_and_go():
    engine = ModelRegistry()
    served = engine.add("m", 1, matrix_model())
    call = Call("tensorflow", "Predict")
    for version in range(2, 30):
        served.counts.answered(call, "OK", 0.001, 1, 1)
        engine.remove("m", served.version)
        served = engine.add("m", version, matrix_model())
    found = scraped(Context(engine))

    assert value(found, COUNT, model_name="m") == 28
    assert value(found, "keramos_requests_total", version="earlier") > 10
    assert len(found["keramos_version_state"]) < 12


def test_a_model_that_is_gone_leaves_no_metrics(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.h5").write_bytes(BAD)
    engine = ModelRegistry()
    lifecycle = Lifecycle(engine, FolderSource(tmp_path))
    lifecycle.look()
    assert value(scraped(Context(engine)), "keramos_load_failures_total") == 2
    (tmp_path / "a.h5").unlink()
    lifecycle.look()
    lifecycle.look()
    assert value(scraped(Context(engine)), "keramos_load_failures_total") == 1


def test_drift_and_shadows_are_gauges_by_column_and_version(credit_file):
    engine = ModelRegistry()
    for version in (1, 2):
        served = engine.add("credit", version, keramos.load(credit_file))
    engine.set_labels("credit", {"candidate": 2})
    drift, shadow = LiveDrift(engine), Shadow(engine, "credit@candidate=1")
    engine.observers.add(drift)
    engine.observers.add(shadow)
    feeds = served.model.feeds(_rows(served.model, 50))
    engine.run(engine.get(ModelRef("credit", 1)), feeds)
    engine.observers.wait()
    found = scraped(Context(engine, live=drift.look, shadows=shadow.look))

    labels = {"model": "credit", "version": "1", "window": "hour"}
    assert value(found, "keramos_drift_rows", **labels) == 50
    assert value(found, "keramos_drift_out_of_range_ratio", **labels, column="age") == 1
    assert value(found, "keramos_drift_moved", **labels, column="age") == 1
    assert value(found, "keramos_drift_psi", **labels, column="age") > 0.2
    assert value(found, "keramos_score_mean", **labels) > 0
    assert value(found, "keramos_shadow_rows_total", model="credit", candidate="2") == 50
    assert value(found, "keramos_shadow_agreement_ratio", candidate="2") == 1
    assert value(found, "keramos_label_version", label="candidate") == 2


def _rows(model, count):
    from keramos.data.read import as_table
    from keramos.datasets import GERMAN_CREDIT

    table = as_table(GERMAN_CREDIT)
    names = [column.name for column in model.content.schema.columns]
    rows = [{name: table.columns[name].values[row] for name in names} for row in range(count)]
    return [row | {"age": 500} for row in rows]


@given(st.lists(st.tuples(st.text(), st.floats()), max_size=8, unique_by=lambda pair: pair[0]))
def test_any_name_and_any_number_comes_back_from_prometheus_own_parser(pairs):
    family = Family(
        "keramos_x",
        "gauge",
        "What it is.",
        tuple(Sample((("model", name),), n) for name, n in pairs),
    )
    got = read(text([family])) if pairs else {"keramos_x": {}}
    wanted = {
        frozenset({("model", name.encode("utf-8", "replace").decode())}): n for name, n in pairs
    }

    assert {key: str(n) for key, n in got["keramos_x"].items()} == {
        key: str(n) for key, n in wanted.items()
    }


def test_buckets_are_those_of_tensorflow_serving():
    counts = Counts()
    for edge in EDGES:
        counts.answered(Call("tensorflow", "Predict"), "OK", edge, 0, 0)
    histogram = counts.requests[Call("tensorflow", "Predict")].seconds

    assert histogram.counts == [1] * 33 + [0]
    assert [f"{edge * 1e6:.6g}" for edge in EDGES[:4]] == ["10", "18", "32.4", "58.32"]


def test_scrapes_while_requests_are_counted_never_fail():
    engine = ModelRegistry()
    engine.add("m", 1, matrix_model())
    context, stop = Context(engine), threading.Event()
    app = App(context, ROUTES, Access())

    def count():
        turn = 0
        while not stop.is_set():
            turn += 1
            counts = engine.get(ModelRef("m")).counts if turn % 2 else engine.unserved
            counts.answered(Call(f"p{turn % 97}", "Predict"), f"C{turn % 89}", 0.001, 1, 1)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        replies = [app.answer(Request("GET", "/metrics")) for _ in range(30)]
    finally:
        stop.set()
        thread.join()

    assert {reply.status for reply in replies} == {200}


def test_requests_for_names_that_nobody_serves_make_no_labels():
    engine = ModelRegistry()
    app = App(Context(engine), ROUTES, Access())
    for number in range(50):
        app.answer(Request("POST", f"/v1/models/invented{number}:predict", body=b"{}"))
    with pytest.raises(KeramosError):
        engine.get(ModelRef("invented1"))

    assert "invented" not in app.answer(Request("GET", "/metrics")).body.decode()
