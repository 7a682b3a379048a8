"""What a served page says to do, done: its programs run, its shadow and its live rows are those of
real requests.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from keramos.datasets import GERMAN_CREDIT
from support.browsers import CHROMIUM, NO_CHROMIUM, get, serving, visiting, wide
from support.command import keramos
from support.waiting import until

ODD = """it's "odd" & <b>"""
NAMES = ["credit", ODD, "concrete", "resnet", "words"]
SNIPPET = re.compile(r"<h3>([^<]*)</h3>.*?<code>(.*?)</code>", re.DOTALL)


@pytest.fixture(scope="module")
def folder(credit_run, tmp_path_factory, shared):
    import keramos as package
    from keramos.types.training import TrainingPlan

    place = tmp_path_factory.mktemp("asked")
    credit_run.save(place / "credit.h5")
    credit_run.save(place / f"{ODD}.keras")
    concrete = shared / "datasets" / "concrete.csv"
    package.train(
        concrete, "compressive_strength", plan=TrainingPlan(recipe="tutorial", epochs=2)
    ).save(place / "concrete.h5")
    for name, file in (("resnet", "keras-2.2.4-tensorflow/resnet_block.hdf5"), ("words", WORDS)):
        shutil.copy(shared / "museum" / file, place / f"{name}{Path(file).suffix}")
    return place


WORDS = "keras-3.5.0-tensorflow/pre_string_lookup_int.keras"


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder) as (address, _):
        yield address


def programs(server, name):
    """Title -> program, with this server's address in it as the page's script would write it."""
    _, _, body = get(server, f"/models/{requests.utils.quote(name, safe='')}")
    address = server.removeprefix("http://")
    found = SNIPPET.findall(body.decode().split('id="use"')[1])
    return {
        html.unescape(title): html.unescape(text).replace("127.0.0.1:8501", address)
        for title, text in found
    }


def printed(program, title, folder):
    """What a program prints: shell for curl, Python for others; it runs where the model files
    are.
    """
    start = (
        ["bash", "-c"] if title in {"curl", "TensorFlow Serving's REST"} else [sys.executable, "-c"]
    )
    done = subprocess.run(
        [*start, program], capture_output=True, text=True, cwd=folder, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), (title, done.stderr)
    return done.stdout


def numbers(text):
    return [float(found) for found in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here: apt-get install curl")
@pytest.mark.parametrize("name", NAMES)
def test_every_program_on_a_page_runs_and_all_give_the_same_answer(name, server, folder):
    found = programs(server, name)
    said = {title: printed(program, title, folder) for title, program in found.items()}

    trained = name not in {"resnet", "words"}
    assert set(said) == {
        *(("curl", "Python requests") if trained else ()),
        *("TensorFlow Serving's REST", "tritonclient", "keramos in Python"),
    }
    plain = numbers(said["TensorFlow Serving's REST"])
    assert numbers(said["tritonclient"]) == pytest.approx(plain, rel=1e-6)
    if trained:
        label = re.search(r"label='?([\w.]+)'?", said["keramos in Python"])[1]
        assert all(label[:6] in said[title] for title in ("curl", "Python requests"))
        assert plain[0] == pytest.approx(
            numbers(re.search(r"score\D+[\d.]+", said["curl"])[0])[0], rel=1e-6
        )
    elif name == "resnet":
        assert numbers(said["keramos in Python"]) == pytest.approx(plain, rel=1e-5)


@pytest.fixture(scope="module")
def shadowed(credit_run, tmp_path_factory):
    """A store with a stable version and a candidate that learned half as long, asked with a shadow
    on all runs.
    """
    import keramos as package
    from keramos.types.training import TrainingPlan

    place = tmp_path_factory.mktemp("shadowed")
    credit_run.save(place / "first.h5")
    package.train(
        GERMAN_CREDIT, "risk", plan=TrainingPlan(recipe="tutorial", epochs=2, seed=3)
    ).save(place / "second.h5")
    for file, label in (("first", "stable"), ("second", "candidate")):
        done = keramos(
            "store",
            "publish",
            place / f"{file}.h5",
            place / "store",
            "--model",
            "credit",
            "--label",
            label,
        )
        assert done.returncode == 0, done.stderr
    options = ("--versions", "all", "--shadow", "credit@candidate=1")
    with serving(place / "store", *options) as (address, _):
        yield address


def rows(count):
    import csv

    with GERMAN_CREDIT.open(newline="") as file:
        every = list(csv.DictReader(file))
    whole = {"duration_months", "credit_amount", "installment_rate", "age"}
    return [
        {n: int(v) if n in whole else v for n, v in row.items() if n != "risk"}
        for row in every[:count]
    ]


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
def test_live_rows_and_a_shadow_are_counted_and_seen(shadowed, browser):
    url = f"{shadowed}/models/credit/labels/stable/decide"
    asked = 0
    for _ in range(20):
        answer = requests.post(url, json=rows(50), timeout=30)
        assert answer.status_code == 200, answer.text
        asked += 50
        time.sleep(0.05)  # at most 50 runs a second are looked at

    def counted():
        now = json.loads(get(shadowed, "/models/credit/drift?version=1")[2])
        rows_seen = now["shadows"][0]["rows"] if now["windows"] and now["shadows"] else 0
        return now if rows_seen >= asked else None

    found = until(counted)
    (shadow,) = found["shadows"]
    assert (shadow["model"], shadow["version"], shadow["candidate"], shadow["label"]) == (
        "credit",
        1,
        2,
        "candidate",
    )
    assert shadow["rows"] == found["windows"][0]["rows"] == asked
    assert 0.5 < shadow["agreement"] < 1
    assert 0 < shadow["mean_difference"] < shadow["largest_difference"] < 1
    assert shadow["failures"] == 0
    with visiting(browser, shadowed) as visit:
        page = visit("/models/credit?label=stable", 360)
        assert wide(page) <= 360
        card = page.locator("#proof .card", has_text="Shadow: version 2 (candidate)").inner_text()
        assert f"{asked}, with version 1; 100 % of runs" in card
        assert f"{100 * shadow['agreement']:.1f} %" in card
        columns = page.locator("#columns")
        assert columns.get_by_role("cell", name="1,000").count() >= 1
        assert columns.locator("path.live").count() == 10
        assert "Jensen-Shannon" in columns.inner_text()
