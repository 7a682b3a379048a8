"""Pages of models of pictures, texts and series in a real browser: what the model sees, and that
nothing of it is markup.
"""

import html
import http.client
import re
import shutil
import subprocess
import sys

import pytest

from keramos.datasets import POTS
from support.browsers import (
    CHROMIUM,
    NO_CHROMIUM,
    finished,
    get,
    serious,
    serving,
    wide,
)
from support.command import keramos
from support.raw_models import WINDOW, picture_model, series_model, text_model

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)

CUP = POTS / "photos" / "cup_1.jpg"
NAMES = ["pots", "words", "prices"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place, beside = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("made")
    for name, make in zip(NAMES, (picture_model, text_model, series_model), strict=True):
        make(beside / f"{name}.keras")
        (beside / f"{name}.keras").rename(place / f"{name}.keras")
    return place


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder) as (address, _):
        yield address


def post(address, path, kind, body):
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request("POST", path, body, {"content-type": kind})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_raw_input_fits_its_window_and_readers(name, visit):
    page = visit(f"/models/{name}", bypass_csp=True)
    for width, theme in ((1440, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)

        assert wide(page) <= width
        assert serious(page) == []
        assert page.locator("#explanation .answer b").is_visible()


def test_a_chosen_picture_is_shown_as_the_model_sees_it_with_the_top_answers(visit):
    page = visit("/models/pots")
    page.get_by_label("image", exact=True).set_input_files(CUP)
    page.wait_for_function(
        "() => document.querySelector('#explanation .answer b').textContent === 'cup'"
    )

    assert "224 x 224" in page.locator(".seen-drawn svg").get_attribute("aria-label")
    assert page.locator(".scores th").all_inner_texts()[0] == "cup"
    assert page.locator(".patch").count() == 0


def test_where_a_picture_mattered_is_found_on_request(visit):
    page = visit("/models/pots", bypass_csp=True)
    page.get_by_label("image", exact=True).set_input_files(CUP)
    page.get_by_role("button", name="Where it mattered").click()
    page.locator(".patch").first.wait_for()
    finished(page)

    assert page.locator(".patch").count() == 64
    assert "lowers the score of cup" in page.locator(".seen-drawn figcaption").inner_text()
    page.locator("summary", has_text="Numbers").click()
    assert page.get_by_role("region", name="Patches").locator("td").count() == 64
    assert serious(page) == []


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(way, visit):
    page = visit("/models/pots")
    data = list(CUP.read_bytes())
    page.evaluate(
        """([data, way]) => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(data)], "cup.jpg", { type: "image/jpeg" }));
          if (way === "drop") {
            const dropped = new DragEvent("drop", { dataTransfer: files, bubbles: true });
            document.querySelector("[data-drop]").dispatchEvent(dropped);
          } else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files }));
        }""",
        [data, way],
    )
    page.wait_for_function(
        "() => document.querySelector('#explanation .answer b').textContent === 'cup'"
    )

    assert page.locator("input[type=file]").evaluate("one => one.files.length") == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here: apt-get install curl")
def test_every_program_on_a_page_of_pictures_runs_and_gives_the_same_answer(
    server, folder, tmp_path
):
    body = get(server, "/models/pots")[2].decode().split('id="use"')[1]
    shutil.copy(CUP, tmp_path / "photo.jpg")
    shutil.copy(folder / "pots.keras", tmp_path)
    said = {}
    for title, text in re.findall(r"<h3>([^<]*)</h3>.*?<code>(.*?)</code>", body, re.DOTALL):
        program = html.unescape(text).replace("http://127.0.0.1:8501", server)
        start = ["bash", "-c"] if "curl" in program else [sys.executable, "-c"]
        done = subprocess.run(
            [*start, program], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), (title, done.stderr)
        said[html.unescape(title)] = done.stdout

    assert [*said] == ["curl", "Python requests", "TensorFlow Serving's REST", "keramos in Python"]
    assert all("0.9999" in one for one in said.values()), said


def test_what_is_no_picture_is_refused_in_words(visit):
    page = visit("/models/pots")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": b"<img src=x>"}
    page.get_by_label("image", exact=True).set_input_files(file)
    page.locator("#explanation [role=alert]").wait_for()

    assert "not a picture" in page.locator("#explanation [role=alert]").inner_text()


def test_known_words_of_a_text_are_marked_and_never_markup(visit):
    page = visit("/models/words")
    page.get_by_label("text", exact=True).fill("Hello, my parcel is <b>late</b> <img src=x>!")
    page.wait_for_function("() => document.querySelectorAll('#explanation mark').length === 2")

    assert page.locator(".words mark").all_inner_texts() == ["hello", "parcel"]
    assert "<b>late</b>" in page.locator(".words .unknown").all_inner_texts()
    assert "2 of 7 words are known" in page.locator("#explanation").inner_text()
    assert "<b>greet" in page.locator(".scores").inner_text()
    assert page.locator("img, #explanation .words b").count() == 0


def test_a_pasted_series_is_drawn_with_its_forecast(visit):
    page = visit("/models/prices")
    rows = [f"{50 + row * 0.5},{1000 + row}" for row in range(WINDOW + 6)]
    page.get_by_label("series", exact=True).fill("\n".join(rows))
    page.wait_for_function(f"() => document.body.innerText.includes('last {WINDOW + 6} rows of')")

    said = page.locator(".seen-drawn svg").get_attribute("aria-label")
    assert re.search(rf"of price; the model sees {WINDOW} and says that .* follows 58.5", said)
    page.get_by_label("series", exact=True).fill("price,volume\n1,2\n")
    page.locator("#explanation [role=alert]").wait_for()
    assert f"the network takes {WINDOW}" in page.locator("#explanation").inner_text()


@pytest.mark.parametrize("text", ["a,b\n1,2", "1,2,3\n4,5,6", "price,volume\n1,x"])
def test_rows_that_do_not_fit_are_refused_in_words(text, server):
    body = f'--x\r\ncontent-disposition: form-data; name="c.series"\r\n\r\n{text}\r\n--x--\r\n'
    status, said = post(
        server, "/models/prices/explain", "multipart/form-data; boundary=x", body.encode()
    )

    assert status == 200
    assert 'role="alert"' in said


def test_a_form_without_scripts_gives_the_whole_page(browser, server):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/models/pots")
    page.locator("input[type=file]").set_input_files(CUP)
    page.get_by_role("button", name="Where it mattered").click()

    assert page.locator("h1").inner_text() == "pots"
    assert page.locator("#explanation .answer b").inner_text() == "cup"
    assert page.locator(".patch").count() == 64
    context.close()


def test_forms_that_are_none_are_refused(server):
    for kind, body in [("image/png", b"x"), ("multipart/form-data; boundary=y", b"zzz"), ("", b"")]:
        status, said = post(server, "/models/pots/explain", kind, body)
        assert status == 400
        assert 'role="alert"' in said
    assert (
        post(server, "/models/none/explain", "multipart/form-data; boundary=x", b"--x--")[0] == 404
    )
    assert post(server, "/models/pots/check", "multipart/form-data; boundary=x", b"--x--")[0] == 404


def test_a_long_address_is_refused_and_a_long_text_in_a_form_is_read(server):
    text = "late " * 20_000
    assert get(server, f"/models/words/explain?c.text={text.replace(' ', '+')}")[0] >= 400
    body = f'--x\r\ncontent-disposition: form-data; name="c.text"\r\n\r\n{text}\r\n--x--\r\n'
    _, said = post(
        server, "/models/words/explain", "multipart/form-data; boundary=x", body.encode()
    )
    assert "20000 of 20000 words are known" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_report_shows_golden_inputs_and_asks_nobody(name, folder, browser, tmp_path):
    out = tmp_path / "report.html"
    assert keramos("report", folder / f"{name}.keras", "-o", out).returncode == 0
    page = browser.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on(
        "request",
        lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None,
    )
    page.goto(out.as_uri())

    assert complaints == []
    assert page.locator("#try .grid .card .answer").count() >= 2
    assert page.locator("#try .grid .patch").count() == (256 if name == "pots" else 0)
    assert out.stat().st_size < 1_000_000
    page.close()
