"""A real server on a free port, asked by real clients and by raw sockets."""

import gzip
import json
import signal
import socket
import time
from threading import Thread

import numpy as np
import pytest
import requests

from keramos.pipeline.load import load
from support.raw_http import ask_until_closed, raw, talk
from support.servers import serving
from support.waiting import until


@pytest.fixture(scope="module")
def model_file(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "credit.keras"
    credit_run.save(path)
    return path


@pytest.fixture(scope="module")
def model(model_file):
    return load(model_file)


@pytest.fixture(scope="module")
def rows(model):
    from keramos.data.read import as_table
    from keramos.datasets import GERMAN_CREDIT

    table = as_table(GERMAN_CREDIT)
    names = [column.name for column in model.content.schema.columns]
    cells = {name: table.columns[name].values.tolist() for name in names}
    return [
        {name: int(v) if (v := cells[name][row]).isdigit() else v for name in names}
        if isinstance(cells[names[0]][row], str)
        else {name: cells[name][row] for name in names}
        for row in range(20)
    ]


@pytest.fixture(scope="module")
def port(model_file):
    with serving(model_file, "--request-timeout", "2", "--max-body", "200000") as server:
        yield server.port


def post(port, path, body, **options):
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(f"http://127.0.0.1:{port}{path}", data=data, timeout=30, **options)


def test_rows_as_objects_and_as_lists_and_columns_give_what_predict_gives(port, model, rows):
    wanted = model.predict(rows)
    as_lists = [list(row.values()) for row in rows]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for key, value in (("instances", rows), ("instances", as_lists)):
        assert post(port, "/v1/models/credit:predict", {key: value}).json()[
            "predictions"
        ] == wanted.tolist() or np.array_equal(
            np.array(
                post(port, "/v1/models/credit:predict", {key: value}).json()["predictions"],
                "float32",
            ),
            wanted,
        )
    got = post(port, "/v1/models/credit:predict", {"inputs": columns}).json()["outputs"]
    assert np.array_equal(np.array(got, "float32"), wanted)


def test_a_bad_cell_is_a_400_that_names_row_column_rule_and_value(port, rows):
    bad = [rows[0], rows[1] | {"duration_months": "soon"}]
    for path, body in (
        ("/v1/models/credit:predict", {"instances": bad}),
        ("/models/credit/decide", {"rows": bad}),
    ):
        reply = post(port, path, body)
        problem = reply.json()["problems"][0]
        assert reply.status_code == 400
        assert (problem["row"], problem["column"], problem["value"]) == (
            2,
            "duration_months",
            "'soon'",
        )
        assert "number" in problem["reason"]


def test_decide_with_partial_answers_the_good_rows(port, model, rows):
    bad = [rows[0], rows[1] | {"duration_months": "soon"}, rows[2]]
    reply = post(port, "/models/credit/decide?partial=true", {"rows": bad})

    assert reply.status_code == 200
    assert [decision["row"] for decision in reply.json()["decisions"]] == [1, 3]
    assert [problem["row"] for problem in reply.json()["problems"]] == [2]
    assert [decision["label"] for decision in reply.json()["decisions"]] == [
        decision.label for decision in model.decide([rows[0], rows[2]])
    ]


@pytest.mark.parametrize("option", ["", "?partial=true", "?partial=false"])
def test_decisions_warn_of_what_no_training_row_had(port, rows, option):
    odd = {**rows[1], "age": 900, "purpose": "a rocket"}
    wanted = ["age 900 is outside", "purpose 'a rocket' is not a category"]
    for body in ([rows[0], odd], {"rows": [rows[0], odd]}):
        first, second = post(port, f"/models/credit/decide{option}", body).json()["decisions"]
        assert "warnings" not in first
        assert all(words in " ".join(second["warnings"]) for words in wanted)


@pytest.mark.parametrize("option", ["?warnings=false", "?partial=true&warnings=false"])
def test_warnings_can_be_left_out(port, rows, option):
    odd = {**rows[1], "age": 900}
    found = post(port, f"/models/credit/decide{option}", [odd]).json()["decisions"]
    assert "warnings" not in found[0]
    assert post(port, "/models/credit/decide?warnings=no", [odd]).status_code == 400


def test_a_server_without_warnings_gives_none(port, model_file, rows):
    odd = {**rows[1], "age": 900}
    with serving(model_file, "--no-warnings") as quiet:
        for path in ("decide", "decide?partial=true", "decide?warnings=true", "trace"):
            for other, there in ((port, True), (quiet.port, False)):
                said = post(other, f"/models/credit/{path}", odd).text
                assert ("age 900 is outside" in said) is there, path


def test_rows_that_share_a_run_have_their_own_warnings(port, rows):
    odd = {**rows[1], "age": 900}
    body = [json.dumps([row]).encode() for row in (rows[0], odd, rows[2])]
    path = "/models/credit/decide"
    asked = b"".join(raw(one, path=path) for one in body[:2])
    received = talk(port, asked + raw(body[2], "Connection: close", path=path))
    found = received.split(b"HTTP/1.1 ")[1:]
    assert [b"age 900 is outside" in one for one in found] == [False, True, False]


def test_a_trace_has_four_steps(port, rows):
    reply = post(port, "/models/credit/trace", rows[0]).json()

    assert [step["title"] for step in reply["steps"]] == [
        "load saved model",
        "input new data",
        "model prediction",
        "decision",
    ]


def test_pipelined_requests_are_answered_in_order(port, model, rows):
    bodies = [json.dumps({"instances": [row]}).encode() for row in rows]
    sent = b"".join(raw(body) for body in bodies[:-1]) + raw(bodies[-1], "Connection: close")
    received = talk(port, sent)
    answers = [
        json.loads(part.split(b"\r\n\r\n", 1)[1])["predictions"]
        for part in received.split(b"HTTP/1.1 ")[1:]
    ]

    assert np.allclose(np.array(answers)[:, 0], model.predict(rows))


def test_hot_and_ordinary_requests_on_one_connection_keep_their_order(port, rows):
    body = json.dumps({"instances": rows[:1]}).encode()
    ordinary = b"GET /v1/models/credit HTTP/1.1\r\nHost: x\r\n\r\n"
    received = talk(
        port, raw(body) + ordinary + raw(body) + ordinary + raw(body, "Connection: close")
    )

    kinds = [b"predictions" in part for part in received.split(b"HTTP/1.1 ")[1:]]
    assert kinds == [True, False, True, False, True]


def test_one_bad_request_does_not_fail_its_neighbours(port, rows):
    good = json.dumps({"instances": rows[:1]}).encode()
    received = talk(port, raw(good) + raw(b'{"instances": [[1]]}') + raw(good, "Connection: close"))

    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400", b"200"]


def test_a_half_closed_client_gets_its_answer(port, rows):
    body = json.dumps({"instances": rows[:1]}).encode()
    for path in ("/v1/models/credit:predict", "/v1/models/credit/versions/1:predict"):
        assert b"predictions" in talk(port, raw(body, path=path), half_close=True)
    assert b"AVAILABLE" in talk(
        port, b"GET /v1/models/credit HTTP/1.1\r\nHost: x\r\n\r\n", half_close=True
    )


def test_chunked_gzip_and_expected_bodies_are_taken(port, rows):
    body = json.dumps({"instances": rows[:1]}).encode()
    chunked = (
        b"".join(b"%x\r\n%b\r\n" % (1, body[i : i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    )
    head = (
        b"POST /v1/models/credit:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        b"chunked\r\nConnection: close\r\n\r\n"
    )
    assert b"predictions" in talk(port, head + chunked)
    assert b"100 Continue" in talk(port, raw(body, "Expect: 100-continue", "Connection: close"))
    zipped = post(
        port, "/v1/models/credit:predict", gzip.compress(body), headers={"Content-Encoding": "gzip"}
    )
    assert zipped.status_code == 200
    bomb = gzip.compress(b" " * 10_000_000)
    assert (
        post(
            port, "/v1/models/credit:predict", bomb, headers={"Content-Encoding": "gzip"}
        ).status_code
        == 413
    )
    cut = post(
        port,
        "/v1/models/credit:predict",
        gzip.compress(body)[:-9],
        headers={"Content-Encoding": "gzip"},
    )
    assert cut.status_code == 400
    unknown = post(port, "/v1/models/credit:predict", body, headers={"Content-Encoding": "br"})
    assert (unknown.status_code, "gzip and deflate" in unknown.text) == (415, True)


def test_what_is_too_large_or_too_slow_is_refused(port):
    assert post(port, "/v1/models/credit:predict", b" " * 300_000).status_code == 413
    endless = b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"a" * 65_600
    assert talk(port, endless).startswith(b"HTTP/1.1 431")
    assert talk(
        port, b"POST /v1/models/credit:predict HTTP/1.1\r\nHost: x\r\nContent-Le"
    ).startswith(b"HTTP/1.1 408")
    assert talk(port, raw(b"")[:-4] + b"5\r\n\r\n{").startswith(b"HTTP/1.1 408")


def test_a_refusal_reaches_a_client_that_is_still_sending(port):
    for _ in range(10):
        endless = b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 700_000
        assert talk(port, endless).startswith(b"HTTP/1.1 431")
        assert talk(port, b"\x00nonsense\r\n" + b"b" * 700_000).startswith(b"HTTP/1.1 400")


def send_on(client, data, pause):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        client.sendall(data)
        time.sleep(pause)


def test_what_a_client_sends_after_a_refusal_is_read_for_a_while_only(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"nonsense\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 400")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            send_on(client, b"c" * 65536, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"nonsense\r\n\r\n")
        while client.recv(65536):
            pass
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            send_on(client, b"d", 0.1)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b'{"instances": 3}',
        b'{"instances": [null]}',
        b'{"instances": [[1]], "inputs": 3}', b'{"inputs": {}}', b'{"signature_name": 3}',
        b"[" * 100_000,
        b'{"instances": [{"b64": "!"}]}', b'{"signature_name": "other", "instances": [[1]]}',
        b"9" * 5000,
    ],
)  # fmt: skip
def test_malformed_bodies_are_4xx_in_every_protocol(port, body):
    for path in (
        "/v1/models/credit:predict", "/v1/models/credit:classify", "/v1/models/credit:regress",
        "/v2/models/credit/infer", "/models/credit/decide", "/models/credit/trace",
    ):  # fmt: skip
        assert 400 <= post(port, path, body).status_code < 500, path
    for kind in ("application/json", "text/csv", "application/x-none"):
        assert (
            400
            <= post(port, "/invocations", body, headers={"Content-Type": kind}).status_code
            < 500
        )


def test_mlflow_shapes_give_the_same_predictions(port, model, rows):
    wanted = model.predict(rows)
    names = list(rows[0])
    data = [list(row.values()) for row in rows]
    for body in (
        {"dataframe_records": rows},
        {"dataframe_split": {"columns": names, "data": data}},
    ):
        reply = post(port, "/invocations", body, headers={"Content-Type": "application/json"})
        assert np.array_equal(np.array(reply.json()["predictions"], "float32"), wanted)
    lines = "\n".join([",".join(names), *(",".join(map(str, cells)) for cells in data)])
    reply = post(port, "/invocations", lines.encode(), headers={"Content-Type": "text/csv"})
    assert np.array_equal(np.array(reply.json()["predictions"], "float32"), wanted)


def test_tritons_own_client_infers_with_json_and_binary_tensors_compressed_or_not(
    port, model, rows
):
    import tritonclient.http as triton

    wanted = model.predict(rows)
    with triton.InferenceServerClient(f"127.0.0.1:{port}") as client:
        assert client.is_server_live()
        assert client.is_model_ready("credit")
        for binary in (False, True):
            inputs = []
            for slot in client.get_model_metadata("credit")["inputs"]:
                text = slot["datatype"] == "BYTES"
                kind = {"FP32": "float32", "INT64": "int64", "BOOL": "bool"}.get(slot["datatype"])
                cells = [row[slot["name"]] for row in rows]
                array = (
                    np.array([str(cell) for cell in cells], object)
                    if text
                    else np.array(cells, kind)
                )
                given = triton.InferInput(slot["name"], [len(rows)], slot["datatype"])
                given.set_data_from_numpy(array, binary_data=binary)
                inputs.append(given)
            name = model.outputs[0].name
            asked = [triton.InferRequestedOutput(name, binary_data=binary)]
            for coding in (None, "gzip", "deflate"):
                packed = {
                    "request_compression_algorithm": coding,
                    "response_compression_algorithm": coding,
                }
                answer = client.infer("credit", inputs, outputs=asked, **packed)
                assert np.array_equal(answer.as_numpy(name), wanted)


def test_a_signal_to_stop_under_load_loses_no_request(model_file, rows):
    body, lost, answered = raw(json.dumps({"instances": rows[:1]}).encode()), [], []
    with serving(model_file) as server:
        given = (server.port, body, answered, lost)
        threads = [Thread(target=ask_until_closed, args=given) for _ in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: len(answered) > 100 or lost)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()

    assert lost == []
    assert len(answered) > 100
