"""Hostile pictures, texts and series over HTTP, to protocols and to pages: one refusal each,
quickly and in little memory, and the server goes on.
"""

import base64
import contextlib
import http.client
import json
from pathlib import Path

import psutil
import pytest

from hostile.test_pictures import HOSTILE
from keramos.datasets import POTS
from keramos.tabular.image import WHITE_PIXEL
from support.browsers import serving
from support.raw_models import picture_model, series_model, text_model

pytestmark = pytest.mark.slow  # test_pictures.py and test_seen.py have the same without a server

CUP = (POTS / "photos/cup_1.jpg").read_bytes()
MEGABYTES = 200 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place, beside = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("made")
    made = {"pots": picture_model, "words": text_model, "prices": series_model}
    for name, make in made.items():
        make(beside / f"{name}.keras")
        (beside / f"{name}.keras").rename(place / f"{name}.keras")
    with serving(place) as (address, running):
        for name in made:
            asked(address, f"/models/{name}/explain", form("c.x", b"")[1], form("c.x", b"")[0])
        yield address, psutil.Process(running.pid)


def asked(address, path, body, kind="application/json"):
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        # The reply to a body that is too large comes before its end.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", path, body, {"content-type": kind})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def form(name, data, file="a.png"):
    named = f'Content-Disposition: form-data; name="{name}"'
    head = named + (f'; filename="{file}"' if file else "")
    body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n--x--\r\n"
    return "multipart/form-data; boundary=x", body


def costs(server, path, body, kind="application/json"):
    """Status, text, CPU seconds and bytes by which the peak of the server grew."""
    address, process = server
    peak = _peak(process)
    begun = sum(process.cpu_times()[:2])
    status, text = asked(address, path, body, kind)
    return status, text, sum(process.cpu_times()[:2]) - begun, _peak(process) - peak


def _peak(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def is_well(server):
    body = json.dumps({"instances": [{"image": {"b64": base64.b64encode(CUP).decode()}}]})
    status, text = asked(server[0], "/v1/models/pots:predict", body.encode())
    return status == 200 and json.loads(text)["predictions"][0][0] > 0.9


def sent(way, data):
    """Path, type and body of a picture."""
    if way == "page":
        return ("/models/pots/explain", *form("c.image", data))
    if way == "form":
        return ("/models/pots/decide", *form("image", data))
    if way == "bare":
        return "/models/pots/decide", "image/png", data
    body = json.dumps({"instances": [{"image": {"b64": base64.b64encode(data).decode()}}]})
    return "/v1/models/pots:predict", "application/json", body.encode()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("way", ["protocol", "form", "bare", "page"])
def test_a_hostile_picture_is_one_refusal_or_an_answer(name, way, server):
    make, reason = HOSTILE[name]
    path, kind, body = sent(way, make())
    status, text, seconds, grown = costs(server, path, body, kind)
    if way == "page":
        refused = 'role="alert"' in text
        assert status == 200
    else:
        refused = status == 400
        assert status in {200, 400}
    assert refused is bool(reason), text[:300]
    assert reason in text
    assert len(text) < 300_000
    assert seconds < 1.2
    assert grown < MEGABYTES + 4 * len(body)
    assert is_well(server)


FORMS = {
    "ten thousand pixels": lambda: b"--x\r\n" + b"--x\r\n".join([HEAD + PIXEL] * 9999) + b"--x--",
    "parts without end": lambda: b"--x\r\n" + b"--x\r\n".join([HEAD + b"\r\n"] * 500_000),
    "marks": lambda: b"\r\n--x" * 10_000_000,
    "headers": lambda: b"--x\r\n" + b"--x\r\n".join([HEADERS + b"\r\n\r\n\r\n"] * 7000) + b"--x--",
    "a header without end": lambda: b"--x\r\n" + b"a: b\r\n" * 8_000_000,
    "a file without end": lambda: b"--x\r\n" + HEAD + b"a" * 60_000_000,
}
HEAD = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
HEADERS = b"Content-Disposition: form-data" + b'; a="\\' * 1000 + b";" * 1000
PIXEL = WHITE_PIXEL + b"\r\n"


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form_is_one_refusal(name, server):
    body = FORMS[name]()
    kind = "multipart/form-data; boundary=x"
    status, text, seconds, grown = costs(server, "/models/pots/decide", body, kind)
    assert status in {400, 413}
    assert len(text) < 300_000
    assert seconds < 1.2, seconds
    assert grown < MEGABYTES + 4 * len(body), grown
    assert is_well(server)


TEXTS = {
    "a text of sixty megabytes": ("words", "text", lambda: "a " * (30 << 20)),
    "a hundred megabytes": ("words", "text", lambda: "a " * (50 << 20)),
    "a text of two megabytes": ("words", "text", lambda: "hello " * 350_000),
    "rows without end": ("prices", "series", lambda: "1,2\n" * 3_000_000),
    "a row without end": ("prices", "series", lambda: "1," * 5_000_000),
    "a quote without end": ("prices", "series", lambda: '"' + "1,2\n" * 3_000_000),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("way", ["protocol", "page"])
def test_a_long_text_is_one_refusal(name, way, server):
    model, column, make = TEXTS[name]
    text = make()
    if way == "page":
        kind, body = form(f"c.{column}", text.encode(), "")
        status, said, seconds, grown = costs(server, f"/models/{model}/explain", body, kind)
        assert status in {200, 413}
    else:
        body = json.dumps({"instances": [{column: text}]}).encode()
        status, said, seconds, grown = costs(server, f"/v1/models/{model}:predict", body)
        assert status in {400, 413}
    assert len(said) < 300_000
    assert "Traceback" not in said
    assert seconds < 1.2, seconds
    assert grown < MEGABYTES + 4 * len(body), grown
    assert is_well(server)
