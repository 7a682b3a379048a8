"""Folders of pictures, and tables with a column of paths or of texts, on one machine and on Ray."""

import base64
import csv
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import keramos
from keramos.adoption.pictures.build import png
from keramos.errors import RowError
from keramos.scoring.installed import text_alone
from keramos.scoring.job import plan_job
from keramos.scoring.picture_folder import picture_source
from keramos.scoring.ray_units import cuts
from keramos.scoring.steps import carried_out
from keramos.types.scoring import ScoringPlan
from support import tiny_networks
from support.command import keramos as command
from support.ray_in_process import in_process

COUNT = 70


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model of pictures, and a folder of them in which one is damaged."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "app").mkdir()
    tiny_networks.pictures(root / "app" / "m.keras")
    (root / "app" / "labels.txt").write_text("cat\ndog\nbird\n")
    keramos.adopt(root / "app", recipe={"settings": {"scale": "0..1"}}).save(root / "m.keras")
    rng = np.random.default_rng(0)
    (root / "data" / "below").mkdir(parents=True)
    for number in range(COUNT):
        pixels = rng.integers(0, 256, (9, 9 + number % 3, 3)).astype("uint8")
        below = "below/" if number % 2 else ""
        (root / "data" / f"{below}{number:02}.png").write_bytes(png(pixels))
    (root / "data" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (root / "secret.png").write_bytes(png(np.zeros((4, 4, 3), "uint8")))
    return root


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _expected(place):
    model = keramos.load(place / "m.keras")
    paths = [path for path in (place / "data").rglob("*.png") if path.name[0].isdigit()]
    return {
        str(path): decision
        for path, decision in zip(paths, model.decide(list(map(str, paths))), strict=True)
    }


def _same(rows, expected):
    assert {row["file"] for row in rows} == set(expected)
    for row in rows:
        assert row["label"] == expected[row["file"]].label
        assert float(row["score"]) == pytest.approx(expected[row["file"]].score, rel=1e-6)


@pytest.mark.parametrize("arrow", [True, False])
def test_a_folder_has_a_row_for_each_picture_and_one_bad_picture_is_one_rejected_row(
    place, tmp_path, arrow
):
    def score():
        return keramos.score(
            place / "m.keras", place / "data", tmp_path / "out.csv", on_error="skip"
        )

    if arrow:
        summary = score()
    else:
        with text_alone():
            summary = score()
    _same(_rows(tmp_path / "out.csv"), _expected(place))
    (bad,) = _rows(tmp_path / "out.rejected.csv")
    assert bad["value"] == str(place / "data" / "broken.jpg")
    assert "picture" in bad["rule"]
    assert (summary.totals.rows, summary.totals.rejected) == (COUNT + 1, 1)


def test_score_and_predict_write_the_same_about_a_folder(place, tmp_path):
    for verb in ("score", "predict"):
        done = command(
            verb, place / "m.keras", place / "data", "-o", tmp_path / f"{verb}.csv",
            "--on-error", "skip",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "score.csv").read_text() == (tmp_path / "predict.csv").read_text()


def test_a_bad_picture_ends_a_run_that_skips_none(place, tmp_path):
    with pytest.raises(RowError) as caught:
        keramos.score(place / "m.keras", place / "data", tmp_path / "out.csv")
    assert caught.value.problems[0].value.endswith("broken.jpg")
    assert not (tmp_path / "out.csv").exists()


@pytest.fixture
def table(place):
    """A table whose paths are relative to its folder; others lead out of it or nowhere."""
    link = place / "data" / "link.png"
    link.symlink_to(place / "secret.png")
    cells = [
        "00.png",
        "below/01.png",
        "./below/../02.png",
        str(place / "data" / "04.png"),
        "../secret.png",
        str(place / "secret.png"),
        "link.png",
        "absent.png",
        "broken.jpg",
        "00.png",
        "",
        base64.b64encode((place / "data" / "06.png").read_bytes()).decode(),
        "/etc/passwd",
    ]
    path = place / "data" / "_table.csv"
    path.write_text("id,image\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    yield path
    path.unlink()
    link.unlink()


GOOD = {0: "00.png", 1: "below/01.png", 2: "02.png", 3: "04.png", 9: "00.png", 11: "06.png"}
BAD = {4: "leads out", 5: "leads out", 6: "leads out", 7: "no such file", 8: "picture",
       10: "no value", 12: "not a picture"}  # fmt: skip


@pytest.mark.parametrize("verb", ["score", "predict"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_paths_in_a_table_are_of_its_folder_and_no_bad_one_takes_its_neighbours(
    place, table, tmp_path, verb, form
):
    if form == "parquet":
        rows = _rows(table)
        given = table.with_suffix(".parquet")
        cells = [row["image"] or None for row in rows]
        pq.write_table(pa.table({"id": [row["id"] for row in rows], "image": cells}), given)
    else:
        given = table
    args = ("-o", tmp_path / "out.csv", "--keep", "id", "--on-error", "skip")
    done = command(verb, place / "m.keras", given, *args)
    assert done.returncode == 0, done.stderr
    expected = {
        str(path.relative_to(place / "data")): decision
        for path, decision in ((type(table)(p), d) for p, d in _expected(place).items())
    }
    found = {int(row["id"]): row for row in _rows(tmp_path / "out.csv")}
    assert set(found) == set(GOOD)
    for number, name in GOOD.items():
        assert found[number]["label"] == expected[name].label
        assert float(found[number]["score"]) == pytest.approx(expected[name].score, rel=1e-6)
    bad = {int(row["row"]) - 1: row["rule"] for row in _rows(tmp_path / "out.rejected.csv")}
    assert set(bad) == set(BAD)
    for number, words in BAD.items():
        assert words in bad[number], number


def test_a_table_of_bytes_needs_no_files(place, tmp_path):
    names = ["00.png", "02.png", "04.png"]
    data = [(place / "data" / name).read_bytes() for name in names]
    pq.write_table(pa.table({"image": data}), tmp_path / "in.parquet")
    keramos.score(place / "m.keras", tmp_path / "in.parquet", tmp_path / "out.csv")
    wanted = [_expected(place)[str(place / "data" / name)].label for name in names]
    assert [row["label"] for row in _rows(tmp_path / "out.csv")] == wanted


def test_one_picture_and_a_pattern_are_sources_too(place, tmp_path):
    for source, count in [("data/00.png", 1), ("data/*.png", COUNT // 2)]:
        keramos.score(place / "m.keras", place / source, tmp_path / "out.csv")
        assert len(_rows(tmp_path / "out.csv")) == count


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    tiny_networks.texts(root / "m.h5")
    words = ["order", "where", "is", "my", "thanks", "hello", "bye", "late", "cat"]
    (root / "tokenizer.json").write_text(tiny_networks.tokenizer(words))
    recipe = {
        "labels": ["good", "bad"],
        "settings": {"padding": "post", "truncating": "post", "length": 5},
    }
    keramos.adopt(root / "m.h5", [root / "tokenizer.json"], recipe=recipe, choose=1).save(
        root / "whole.keras"
    )
    return root / "whole.keras"


CELLS = ["where is my order", "hello, hello", "", "thanks. bye!", "über cat"] * 30


def _texts_table(path):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(CELLS))
    return path


def test_a_column_of_texts_is_answered_as_decide_does(texts, tmp_path):
    given = _texts_table(tmp_path / "in.csv")
    keramos.score(texts, given, tmp_path / "out.csv", keep=("id",))
    rows = _rows(tmp_path / "out.csv")
    wanted = keramos.load(texts).decide(CELLS)
    assert [row["label"] for row in rows] == [one.label for one in wanted]
    assert [float(row["score"]) for row in rows] == pytest.approx(
        [one.score for one in wanted], rel=1e-6
    )


def test_few_rows_are_prepared_at_a_time(place):
    """Ten thousand pictures of a network that takes 144 numbers of each: all at once are 6 MB."""
    model, taken = keramos.load(place / "m.keras"), []
    scorer = model.batch_scorer()
    run = model.session.run

    class Session:
        def run(self, fed):
            taken.append(len(next(iter(fed.values()))))
            return run(fed)

    scorer._session = Session()  # noqa: SLF001 (counts rows)
    data = [(place / "data" / name).read_bytes() for name in ("00.png", "02.png")]
    batch = pa.record_batch([pa.array(data * 5000)], ["image"])
    assert scorer.score(batch).decided.num_rows == 10000
    assert max(taken) <= 4096


def _jobs(place, texts, table, folder):
    """Model, source and kept columns of a folder, a table of paths and one of texts."""
    return {
        "folder": (place / "m.keras", place / "data", ()),
        "paths": (place / "m.keras", table, ("id",)),
        "texts": (texts, _texts_table(folder / "in.csv"), ("id",)),
    }


@pytest.mark.parametrize("kind", ["folder", "paths", "texts"])
@pytest.mark.parametrize("shared", [True, False])
def test_units_in_any_order_give_what_one_machine_gives(
    place, texts, table, tmp_path, monkeypatch, kind, shared
):
    model, source, keep = _jobs(place, texts, table, tmp_path)[kind]
    plan = ScoringPlan(keep=keep, on_error="skip")
    keramos.score(model, source, tmp_path / "local.csv", keep=keep, on_error="skip")
    job = plan_job(keramos.load(model), str(source), str(tmp_path / "ray.csv"), plan)
    summary = carried_out(job, None, "ray", in_process(monkeypatch, shared=shared))
    assert summary.totals.rows == (len(CELLS) if kind == "texts" else summary.totals.rows)
    for ending in ("csv", "rejected.csv"):
        ours, local = (tmp_path / f"{name}.{ending}" for name in ("ray", "local"))
        assert ours.exists() == local.exists()
        assert not local.exists() or ours.read_bytes() == local.read_bytes()


def test_a_folder_is_cut_between_pictures(place):
    model = keramos.load(place / "m.keras")
    file = picture_source(model, str(place / "data"))
    found = cuts(file, "pictures")
    assert [cut.offset for cut in found] == [32, 64]
    assert [cut.rows for cut in found] == [32, 64]
    assert file.size == sum(file.pictures.sizes)


_ON_A_CLUSTER = """
import sys, json, keramos
for model, source, target, keep in json.load(sys.stdin):
    keramos.score(model, source, target, keep=tuple(keep), on_error="skip", engine="ray")
"""


@pytest.mark.slow
def test_a_cluster_answers_pictures_and_texts_as_one_machine_does(place, texts, table, tmp_path):
    pytest.importorskip("ray")
    jobs = _jobs(place, texts, table, tmp_path)
    given = []
    for name, (model, source, keep) in jobs.items():
        keramos.score(model, source, tmp_path / f"{name}.csv", keep=keep, on_error="skip")
        given.append([str(model), str(source), str(tmp_path / f"{name}-ray.csv"), list(keep)])
    environment = {
        **os.environ,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_CLUSTER], input=json.dumps(given), text=True,
        capture_output=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name in jobs:
        assert (tmp_path / f"{name}-ray.csv").read_bytes() == (
            tmp_path / f"{name}.csv"
        ).read_bytes()
