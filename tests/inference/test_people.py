"""What people see of a model in a terminal, a notebook and a program."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import keramos
from keramos.errors import RowError, UsageError

LEVELS = ["a", "b"]


def _table(rows=120):
    rng = np.random.default_rng(3)
    number, letter = rng.random(rows), rng.choice(LEVELS, rows)
    label = np.where(number + (letter == "a") > 1, "yes", "<b>no</b>")
    return {"number": number.tolist(), "letter": letter.tolist(), "y": label.tolist()}


@pytest.fixture(scope="module")
def run():
    return keramos.train(_table(), "y", epochs=3, recipe="tutorial")


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "model.h5"
    run.save(path)
    return path


@pytest.fixture(scope="module")
def model(path):
    return keramos.load(path)


ROWS = [{"number": 0.25, "letter": "a"}, {"number": 0.75, "letter": "b"}]


def test_every_public_name_is_listed_and_says_what_it_is():
    assert set(keramos.__all__) <= set(dir(keramos))
    for name in keramos.__all__:
        assert name == "__version__" or getattr(keramos, name).__doc__.strip()


def test_fields_of_the_plan_are_arguments_of_train(run):
    assert len(run.content.trace.epochs) == 3
    with pytest.raises(UsageError, match="Did you mean epochs"):
        keramos.train(_table(), "y", epoch=3)


def test_what_is_printed_is_a_few_short_lines(run, model, path):
    shown = [run, model, keramos.inspect(path), run.content, run.content.trace, run.network,
             model.artifact, model.decide(ROWS), run.content.golden, run.content.held_out,
             model.trace(ROWS[0])]  # fmt: skip
    for value in shown:
        assert len(repr(value)) < 2500, type(value)
        assert len(repr(value).splitlines()) < 30, type(value)
    assert "yes" in repr(model)
    assert "model.h5" in repr(keramos.inspect(path))


def test_notebook_views_are_self_contained_and_escape_what_files_say(run, model, path):
    views = [run, model, keramos.inspect(path), model.decide(ROWS), model.trace(ROWS[0])]
    for value in views:
        drawn = value._repr_html_()
        assert "<b>no</b>" not in drawn
        assert "http" not in drawn
    assert "<svg" in run._repr_html_()


def test_decisions_are_a_list_and_a_table(model):
    found = model.decide(ROWS)
    assert [one.label for one in found] == found.to_pandas()["label"].tolist()
    assert found == list(found)
    assert found.to_arrow().column_names == ["row", "label", "score", "warnings"]
    assert found.to_arrow().column("row").to_pylist() == [1, 2]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.Table.from_pylist, list])
def test_every_kind_of_table_gives_the_same_decisions(model, make):
    assert list(model.decide(make(ROWS))) == list(model.decide(ROWS))


def test_the_index_of_a_pandas_table_is_kept(model):
    frame = pd.DataFrame(ROWS, index=["first", "second"])
    assert model.decide(frame).to_pandas().index.tolist() == ["first", "second"]
    joined = frame.join(model.decide(frame).to_pandas())
    assert joined["score"].notna().all()


def test_one_row_by_itself_is_a_table_of_one_row(model):
    one = model.decide(ROWS[:1])
    assert list(model.decide(ROWS[0])) == list(one)
    assert list(model.decide(pd.DataFrame(ROWS).iloc[0])) == list(one)
    assert model.predict(ROWS[0]).tolist() == model.predict(ROWS[:1]).tolist()
    numbers = {"number": np.float64(0.25), "letter": np.str_("a")}
    assert model.predict(numbers).tolist() == model.predict(ROWS[:1]).tolist()
    assert model.decide(numbers) == one
    assert model.predict(pd.Series(ROWS[0])).tolist() == model.predict(ROWS[:1]).tolist()


def test_bad_rows_are_left_out_on_request_and_listed(model):
    rows = [ROWS[0], {"number": "many", "letter": "a"}, ROWS[1], {"letter": "b"}]
    with pytest.raises(RowError, match="many"):
        model.decide(rows)
    with pytest.raises(UsageError, match="raise or skip"):
        model.decide(ROWS, on_error="ignore")
    found = model.decide(rows, on_error="skip")
    assert list(found) == list(model.decide(ROWS))
    assert list(found.rows) == [1, 3]
    assert [problem.row for problem in found.problems] == [2, 4]
    frame = pd.DataFrame(rows, index=list("wxyz"))
    assert model.decide(frame, on_error="skip").to_pandas().index.tolist() == ["w", "y"]
    assert len(model.decide([], on_error="skip")) == 0


def _again(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 (just made here)


def test_a_model_is_pickled_and_copied_with_the_same_answers(model):
    for other in (_again(model), copy.deepcopy(model), copy.copy(model)):
        assert other.predict(ROWS).tolist() == model.predict(ROWS).tolist()
        assert other.artifact.info == model.artifact.info


def test_a_copied_model_keeps_what_replaces_its_layers(tmp_path):
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x, name="l")]).save(
        tmp_path / "m.keras"
    )
    model = keramos.load(tmp_path / "m.keras", replace={"l": "x * 3.0"})
    again = _again(model)
    assert again.predict(np.ones((1, 2), "float32")).tolist() == [[3.0, 3.0]]
    assert again.replacements == model.replacements


def test_processes_that_are_spawned_take_a_model(model):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(model.decide, ROWS).result() == model.decide(ROWS)


def test_an_own_network_is_built_for_the_features():
    import keras

    def build(width):
        return keras.Sequential(
            [keras.Input((width,)), keras.layers.Dense(1, "sigmoid")]
        )  # 4 features

    run = keramos.train(_table(), "y", model=build, epochs=1, recipe="tutorial", engine="keras")
    assert run.content.trace.parameters == 5
    with pytest.raises(UsageError, match="function"):
        keramos.train(_table(), "y", model="dense", epochs=1, recipe="tutorial", engine="keras")


def test_nothing_is_drawn_before_a_notebook_asks(path):
    code = (
        "import sys, keramos; m = keramos.load(sys.argv[1]);"
        "m.predict([{'number': 1.0, 'letter': 'a'}]);"
        "assert not [n for n in sys.modules if 'drawing' in n or n == 'markupsafe'], sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)
