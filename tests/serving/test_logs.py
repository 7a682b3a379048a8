"""What a server says of itself: one JSON object a line, or text; by real servers."""

import json
import logging

import pytest

from keramos.serving.core.logging import _FORMS, event, start_logging
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving

BAD = b"\x89HDF\r\n\x1a\n" + b"\0" * 99


@pytest.fixture
def models(tmp_path):
    matrix_model()
    (tmp_path / "matrix.keras").write_bytes((folder() / "matrix.keras").read_bytes())
    (tmp_path / "broken.h5").write_bytes(BAD)
    return tmp_path


@pytest.fixture
def restored():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("keramos").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def test_a_server_in_a_pipe_writes_one_json_object_for_each_event(models):
    with serving(models, "--poll", "0.1") as server:
        good = models / "matrix.keras"
        new = models / "new"
        new.write_bytes(good.read_bytes())
        new.replace(good)
        server.line("model_swapped")
        server.post("/v1/models/matrix:predict", {"instances": [[1]]})
    events = [json.loads(line) for line in server.lines]
    by_name = {one["event"]: one for one in events}

    assert events[0]["event"] == "start"
    assert events[0]["url"].startswith("http://127.0.0.1:")
    assert by_name["model_loaded"]["model"] == "matrix"
    assert by_name["model_swapped"]["version"] == 2
    assert by_name["model_ended"]["version"] == 1
    assert by_name["model_failed"]["file"].endswith("broken.h5")
    assert (by_name["model_failed"]["level"], by_name["model_failed"]["code"]) == (
        "error",
        "FAILED_PRECONDITION",
    )
    assert [one["event"] for one in events[-2:]] == ["stopping", "stopped"]
    assert "request" not in by_name


def test_the_access_log_has_a_line_for_every_request_of_each_protocol(models):
    rows = matrix_rows(1).tolist()
    with serving(models, "--access-log") as server:
        server.post("/v1/models/matrix:predict?key=secret", {"instances": rows})
        server.post("/v1/models/matrix:predict", {"instances": [[1]]})
        server.get("/v1/models/nobody")
    lines = [
        json.loads(line) for line in server.lines if '"request"' in line and "readyz" not in line
    ]

    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/v1/models/matrix:predict", 200),
        ("POST", "/v1/models/matrix:predict", 400),
        ("GET", "/v1/models/nobody", 404),
    ]
    assert all(line["seconds"] > 0 and line["sent"] > 0 for line in lines)
    assert lines[0]["received"] == len(json.dumps({"instances": rows}))


def test_text_logs_are_lines_for_people(models):
    with serving(models, "--log", "text") as server:
        pass
    assert server.lines[0].startswith("starting: ")
    assert any(
        line.startswith("version 1 of model 'broken' cannot be served: ") for line in server.lines
    )


def test_nothing_in_a_text_log_can_steer_a_terminal_or_forge_a_line(restored, capsys):
    start_logging("text")
    logging.getLogger("keramos.serving").info("a \x1b[31mred\r name\nserving nothing")

    assert capsys.readouterr().err == "a \\x1b[31mred\\r name\n  serving nothing\n"


def test_a_fault_is_logged_with_its_traceback_and_facts_of_any_kind(restored, capsys):
    start_logging("json")
    try:
        {}["lost"]
    except KeyError:
        logging.getLogger("keramos.serving").exception(
            "it failed", extra=event("fault", model="m", where=folder())
        )
    line = json.loads(capsys.readouterr().err)

    assert (line["event"], line["model"], line["where"]) == ("fault", "m", str(folder()))
    assert "KeyError: 'lost'" in line["traceback"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "odd", ["a\nERROR forged", "a\r\nb", "\x1b[2K", "\u2028x", "\udce9", "\u202egnp"]
)
def test_no_name_begins_a_line_of_the_log_or_breaks_it(form, odd):
    handler = _FORMS[form]()
    record = logging.LogRecord(
        "keramos.serving", logging.ERROR, "f", 1, "loading %s failed: %d", (odd, 3), None
    )
    record.event, record.facts = "model_failed", {"model": odd, "more": [odd]}
    text = handler.format(record)

    assert len(text.splitlines()) == 1
    assert text.isprintable()
    text.encode()
