"""Two models on the same rows."""

import json

import numpy as np
import pytest

import keramos
from keramos.errors import DataError, UsageError
from support.command import keramos as cli

RNG = np.random.default_rng(0)
X = RNG.random((300, 2))
SIGNAL = X[:, 0] + RNG.normal(0, 0.05, 300)
TABLES = {
    "binary": np.where(SIGNAL > 0.5, "high", "low"),
    "multiclass": np.array(["low", "middle", "high"])[np.digitize(SIGNAL, [0.3, 0.7])],
    "regression": SIGNAL,
}


def rows(task):
    return {"a": X[:, 0], "b": X[:, 1], "y": TABLES[task]}


@pytest.fixture(scope="module", params=TABLES)
def pair(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    keramos.train(rows(request.param), "y", recipe="linear").save(folder / "good.h5")
    keramos.train(rows(request.param), "y", recipe="linear", drop=["a"]).save(folder / "bad.h5")
    return request.param, folder / "good.h5", folder / "bad.h5"


def test_the_better_model_is_named_with_an_interval_that_excludes_0(pair):
    task, good, bad = pair

    found = keramos.compare(good, bad, rows(task))

    assert found.rows == 300
    assert {one.better for one in found.metrics} == {"first"}
    for one in found.metrics:
        assert one.difference == pytest.approx(one.second - one.first)
        assert one.low <= one.difference <= one.high
        assert not one.low <= 0 <= one.high
    assert found.agreement < 0.95
    assert len(found.differing) == 10


def test_a_model_agrees_with_itself(pair):
    task, good, _ = pair

    found = keramos.compare(good, keramos.load(good), rows(task))

    assert {one.better for one in found.metrics} == {"neither"}
    assert found.agreement == pytest.approx(1)
    assert found.differing == ()


def test_rows_that_one_model_cannot_answer_are_left_out(pair):
    task, good, bad = pair
    lacking = rows(task)
    lacking["a"] = np.where(np.arange(300) < 7, np.nan, lacking["a"])

    found = keramos.compare(good, bad, lacking)

    assert (found.rows, found.left_out) == (293, 7)
    assert min(one.row for one in found.differing) > 7


def test_a_table_without_the_target_is_refused(pair):
    task, good, bad = pair
    unlabelled = rows(task)
    del unlabelled["y"]

    with pytest.raises(DataError, match=r"lacks 1 column.*'y'"):
        keramos.compare(good, bad, unlabelled)


def test_the_order_of_models_and_table_is_said(pair):
    task, good, bad = pair
    with pytest.raises(UsageError, match="first, second, table"):
        keramos.compare(rows(task), good, bad)


def test_the_positive_class_may_be_another_one(tmp_path):
    for name, positive in (("m", "low"), ("n", "high")):
        run = keramos.train(rows("binary"), "y", recipe="linear", positive=positive)
        run.save(tmp_path / f"{name}.h5")

    found = keramos.compare(tmp_path / "m.h5", tmp_path / "n.h5", rows("binary"))

    assert found.agreement == pytest.approx(1, abs=0.01)
    assert found.metrics[1].first == pytest.approx(found.metrics[1].second)


def test_models_of_different_targets_are_refused(tmp_path):
    for task in ("binary", "regression"):
        keramos.train(rows(task), "y", recipe="linear").save(tmp_path / f"{task}.h5")

    with pytest.raises(UsageError, match="different targets"):
        keramos.compare(tmp_path / "binary.h5", tmp_path / "regression.h5", rows("binary"))


@pytest.mark.system
def test_the_command_says_that_a_table_was_learned_from(tmp_path):
    lines = ["a,y", *(f"{value:.4f},{value > 0.5}" for value in X[:60, 0])]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    keramos.train(tmp_path / "t.csv", "y", recipe="linear").save(tmp_path / "m.h5")

    text = cli("compare", "m.h5", "m.h5", "t.csv", cwd=tmp_path).stdout
    data = json.loads(cli("compare", "m.h5", "m.h5", "t.csv", "--json", cwd=tmp_path).stdout)

    assert "was trained on rows of this very table" in " ".join(text.split())
    assert data["rows"] == 60
