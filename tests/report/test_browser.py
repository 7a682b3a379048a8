"""The server's pages in a real browser: what a person sees and does, and nothing that a file says
is markup.
"""

import contextlib
import http.client
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

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

EVIL = '<img src=x onerror="document.title=1">'
FILE = "<img src=x onerror=document.title=1>'\" &"
"""A name of a model file."""
PLAIN = ["keras-2.2.4-tensorflow/resnet_block.hdf5", "keras-1.0.8-theano/rnn_GRU.h5"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)


def evil_table():
    rng = np.random.default_rng(0)
    rows = 120
    x = rng.random(rows)
    words = np.where(rng.random(rows) > 0.5, EVIL, "</script><script>document.title=2</script>")
    return {EVIL: x.tolist(), "</td><b>'\"": words.tolist(), "plain": (x * 3).tolist()}, np.where(
        x > 0.5, EVIL, "no"
    )


@pytest.fixture(scope="module")
def folder(credit_run, tmp_path_factory, shared):
    import keramos as package
    from keramos.types.training import TrainingPlan

    place = tmp_path_factory.mktemp("served")
    credit_run.save(place / "credit.h5")
    columns, target = evil_table()
    plan = TrainingPlan(recipe="tutorial", epochs=2)
    package.train({**columns, "target": target.tolist()}, "target", plan=plan).save(
        place / "evil.h5"
    )
    package.train(shared / "datasets" / "concrete.csv", "compressive_strength", plan=plan).save(
        place / "concrete.h5"
    )
    package.train(shared / "datasets" / "penguins.csv", "species", plan=plan).save(
        place / "penguins.keras"
    )
    credit_run.save(place / f"{FILE}.h5")
    for number, file in enumerate(PLAIN):
        shutil.copy(shared / "museum" / file, place / f"plain{number}{Path(file).suffix}")
    return place


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder) as (address, _):
        yield address


NAMES = ["credit", "concrete", "penguins", "evil", "plain0", "plain1"]
PATHS = ["/", *(f"/models/{name}" for name in NAMES)]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_its_window(path, visit):
    page = visit(path)
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})

        assert wide(page) <= width
        assert page.locator("h1").is_visible()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_no_serious_accessibility_finding(path, visit):
    page = visit(path, bypass_csp=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)

        assert serious(page) == [], theme


def test_typing_in_the_form_changes_the_decision(visit):
    page = visit("/models/credit")
    answer = page.locator("#explanation .answer b")
    before = page.locator("#explanation").inner_text()

    page.get_by_label("duration_months", exact=True).fill("6")
    page.get_by_label("checking_account", exact=True).select_option("no checking account")
    page.wait_for_function(
        "() => document.querySelector('#explanation .answer b').textContent === 'good'"
    )
    finished(page)

    assert answer.inner_text() == "good"
    assert page.locator("#explanation").inner_text() != before
    assert page.locator("#explanation .layers figure").count() >= 3


def test_a_slider_and_its_field_follow_each_other(visit):
    page = visit("/models/credit")

    page.get_by_label("age, slider").focus()
    page.keyboard.press("ArrowRight")

    assert page.get_by_label("age", exact=True).input_value() == "23"
    page.get_by_label("age", exact=True).fill("60")
    assert page.get_by_label("age, slider").input_value() == "60"


def test_a_wrong_value_is_refused_in_words(visit):
    page = visit("/models/credit")

    page.get_by_label("age", exact=True).fill("old")

    refused = page.locator("#explanation [role=alert]")
    refused.wait_for()
    assert "not a finite number" in refused.inner_text()


def test_without_javascript_the_form_answers_too(visit):
    page = visit("/models/credit", java_script_enabled=False)

    page.get_by_label("duration_months", exact=True).fill("6")
    page.get_by_label("checking_account", exact=True).select_option("no checking account")
    page.get_by_role("button", name="Predict").click()

    assert page.locator("#explanation .answer b").inner_text() == "good"
    assert page.get_by_label("duration_months", exact=True).input_value() == "6"


def test_dragging_the_threshold_shows_what_it_would_have_changed(visit):
    page = visit("/models/credit")
    said = page.locator('[data-curve-cell="change"]')
    hits = page.locator('td[data-curve-cell="true_positives"]')
    alarms = page.locator('td[data-curve-cell="false_positives"]')
    assert "Same decisions" in said.inner_text()

    page.locator("#threshold").focus()
    page.keyboard.press("Home")

    assert "would be decided otherwise" in said.inner_text()
    assert int(hits.inner_text()) + int(alarms.inner_text()) == 200
    page.get_by_role("button", name="Back to the saved threshold").click()
    assert "Same decisions" in said.inner_text()


def test_the_theme_switches_and_stays(visit, server):
    page = visit("/models/credit", color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)

    page.get_by_role("button", name="switch to dark colours").click()
    dark = page.evaluate(colour)
    page.goto(server + "/")

    assert light != dark
    assert page.evaluate(colour) == dark


def test_questions_are_answered_with_this_models_numbers(visit):
    page = visit("/models/credit")
    assert page.locator(".quiz").count() == 0
    page.get_by_role("link", name="Check yourself").click()
    boxes = page.locator(".quiz")
    assert boxes.count() == 3

    for number in range(3):
        box = boxes.nth(number)
        right = int(box.get_attribute("data-right"))
        box.locator("input").nth((right + 1) % 3).check()
        assert box.locator("[role=status]").inner_text() == "Not quite."
        box.locator("input").nth(right).check()
        assert box.locator("[role=status]").inner_text() == "Right."
        assert box.locator("details p").is_visible()


@pytest.mark.parametrize("name", ["plain0", "plain1"])
def test_a_plain_file_has_a_form_by_shape_and_pictures_of_its_layers(name, visit):
    page = visit(f"/models/{name}")

    assert page.locator("#explanation .layers svg").count() >= 2
    assert "Golden rows" in page.locator("#lacking").inner_text()
    before = page.locator("#explanation").inner_text()
    field = page.locator("form select, form textarea").first
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option("ones")
    else:
        field.fill(re.sub(r"0\.\d+", "0.5", field.input_value()))
    page.wait_for_function(
        "b => document.getElementById('explanation').innerText !== b", arg=before
    )


def test_names_from_a_file_are_never_markup(visit):
    page = visit("/models/evil")
    page.get_by_label("plain", exact=True).fill("1.5")
    page.wait_for_timeout(400)
    finished(page)

    assert "evil" in page.title()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    page.get_by_label(EVIL, exact=True).fill(EVIL)
    page.locator("#explanation [role=alert]").wait_for()
    assert page.locator("img").count() == 0
    assert EVIL in page.locator("#explanation [role=alert]").inner_text()
    for section in ("#flow", "#try", "#columns", "#quality", "#architecture"):
        assert EVIL in page.locator(section).text_content()


def test_the_name_of_a_file_is_never_markup(visit):
    page = visit("/")
    page.get_by_role("link", name=FILE).click()
    page.wait_for_url("**/models/**")

    assert page.locator("h1").inner_text() == FILE
    page.get_by_label("age", exact=True).fill("60")
    page.wait_for_function(
        "() => document.getElementById('explanation').innerText.includes('age=60')"
    )
    assert page.locator("img").count() == 0
    assert FILE in page.title()
    assert quote(FILE, safe="") in page.locator("#use").text_content()


@pytest.mark.parametrize(
    "query", ["version=%3Cimg%20src%3Dx%3E", "label=%3Cimg%20src%3Dx%3E", "version=99"]
)
def test_a_version_or_label_that_is_asked_for_is_never_markup(query, server):
    _, _, body = get(server, f"/models/credit?{query}")

    assert b"<img" not in body


@pytest.mark.parametrize(
    "field", ["c.checking_account", "c.duration_months", "c.nothing", "c.%3Cimg%3E"]
)
def test_values_of_a_request_are_never_markup(field, visit):
    page = visit(f"/models/credit?{field}={quote(EVIL)}")

    assert page.locator("img").count() == 0
    assert "credit" in page.title()


def test_a_request_is_never_markup(visit):
    page = visit("/models/credit?c.age=%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D1%22%3E")

    assert page.locator("img").count() == 0
    assert "credit" in page.title()
    assert "<img" in page.locator("#explanation [role=alert]").inner_text()


def test_the_keyboard_reaches_the_content_first(visit):
    page = visit("/models/credit")

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_the_first_page_is_small(server):
    for path in PATHS:
        status, headers, body = get(server, path)
        assert status == 200
        assert len(body) < 150_000
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_a_model_that_is_not_here_is_said_to_be_absent(server):
    status, _, body = get(server, "/models/%3Cb%3Enone")

    assert status == 404
    assert b"&lt;b&gt;none" in body


def test_a_report_opens_without_a_server_and_complains_about_nothing(folder, browser, tmp_path):
    out = tmp_path / "report.html"
    assert keramos("report", folder / "evil.h5", "-o", out).returncode == 0
    page = browser.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None,
    )

    page.goto(out.as_uri())
    page.locator("#threshold").focus()
    page.keyboard.press("Home")

    assert complaints == []
    assert page.locator("img").count() == 0
    assert "decided otherwise" in page.locator('[data-curve-cell="change"]').inner_text()
    page.close()


def test_a_report_prints_as_pdf(folder, tmp_path):
    out = tmp_path / "report.html"

    assert keramos("report", folder / "credit.h5", "-o", out, "--pdf").returncode == 0

    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.slow
def test_ten_thousand_visits_leave_the_servers_memory_flat(folder):
    import psutil

    paths = ["/models/credit", "/models/plain0", "/models/credit/explain?c.age=30", "/"]
    sizes = []
    with (
        serving(folder) as (address, running),
        contextlib.closing(
            http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        ) as connection,
    ):
        for visit_number in range(10_000):
            connection.request("GET", paths[visit_number % 4])
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
            if visit_number % 1000 == 999:
                sizes.append(psutil.Process(running.pid).memory_info().rss)
    assert sizes[-1] - sizes[0] < 8_000_000, sizes
