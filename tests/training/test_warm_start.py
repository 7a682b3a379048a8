"""Training goes on from a file where the table fits, and says what does not."""

import numpy as np
import pytest

import keramos
from keramos.errors import UsageError

RNG = np.random.default_rng(0)
ROWS = 300
X = RNG.normal(size=(ROWS, 2))
TABLE = {
    "a": X[:, 0],
    "city": RNG.choice(["north", "south"], ROWS),
    "y": 100 + 20 * X[:, 0] + RNG.normal(size=ROWS),
}
CLASSES = {**TABLE, "y": np.where(TABLE["y"] > 100, "high", "low")}
PLAN = {"recipe": "tutorial", "epochs": 5, "hidden": (16,)}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    keramos.train(TABLE, "y", **PLAN).save(folder / "number.h5")
    keramos.train(CLASSES, "y", **PLAN).save(folder / "classes.keras")
    keramos.train(TABLE, "y", recipe="linear").save(folder / "linear.h5")
    return folder


@pytest.mark.parametrize("engine", ["numpy", "keras"])
@pytest.mark.parametrize(("name", "table"), [("number.h5", TABLE), ("classes.keras", CLASSES)])
def test_the_first_epoch_is_better_than_the_last_one_before(files, engine, name, table):
    before = keramos.load(files / name).content.trace.epochs[-1]

    run = keramos.train(table, "y", start=files / name, engine=engine, epochs=2)

    assert run.content.trace.epochs[0].held_out_loss < before.held_out_loss * 1.02
    assert run.content.trace.plan.hidden == (16,)
    assert run.content.provenance.start == name


def test_other_rows_are_prepared_as_the_file_was(files, tmp_path):
    moved = {**TABLE, "a": TABLE["a"] * 3 + 1}

    run = keramos.train(moved, "y", start=files / "number.h5", epochs=1)
    run.save(tmp_path / "m.h5")

    before = keramos.load(files / "number.h5").content.preparation
    assert run.content.preparation == before
    keramos.load(tmp_path / "m.h5")  # checks the golden rows


def test_every_difference_is_named(files):
    other = {"a": TABLE["city"], "b": X[:, 1], "y": CLASSES["y"]}

    with pytest.raises(UsageError) as caught:
        keramos.train(other, "y", start=files / "number.h5", hidden=(8,))

    text = str(caught.value)
    for part in ("needs the column 'city'", "does not know the column 'b'", "'a' was number"):
        assert part in text
    assert "its target is 'y' (regression), not 'y' (binary)" in text
    assert "its hidden units are 16, not 8" in text


def test_files_of_other_recipes_are_refused(files):
    with pytest.raises(UsageError, match="goes on from files of the recipe tutorial"):
        keramos.train(TABLE, "y", start=files / "linear.h5")
    with pytest.raises(UsageError, match="go on, not of trees"):
        keramos.train(TABLE, "y", start=files / "number.h5", recipe="trees")
    with pytest.raises(UsageError, match="whose rows the file has learned from"):
        keramos.train(TABLE, "y", start=files / "number.h5", folds=2)
