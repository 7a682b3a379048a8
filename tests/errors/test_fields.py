"""Errors are data: fields stay as they are, and the text of an error is made from them once."""

import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import keramos
from hostile.honest import h5, layer, sequential
from keramos import errors
from keramos.errors import (
    KeramosError,
    LayerProblem,
    Location,
    MismatchError,
    Problem,
    RowError,
    UnsupportedModelError,
    located,
    shown,
)

CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, KeramosError)
]
AWKWARD = [
    "again",
    "Change",
    "Save the model again",
    "it's",
    '"',
    "a\nb",
    "\x1b[31mred",
    "\u202egnp.exe",
    "\ud800",
    "x" * 10_000,
    "",
]


def names(test):
    """A drawn name, and every awkward one as an explicit example."""
    for name in AWKWARD:
        test = example(name)(test)
    return given(st.text())(test)


def full(name, marks=("what", "received", "remedy")):
    what, received, remedy = marks
    return UnsupportedModelError(
        what,
        received=received,
        remedy=remedy,
        file=name,
        path=name,
        layer=name,
        layer_kind=name,
        option=name,
        row=3,
        column=name,
    )


@names
def test_fields_keep_any_name_as_it_is(name):
    error = full(name, (name, name, name))

    assert (error.what, error.received, error.remedy) == (name, name, name)
    assert error.where == Location(name, name, name, name, name, 3, name)
    assert (
        error.record()["where"]["layer"] == name[:4096].encode("utf-8", "backslashreplace").decode()
    )


@names
def test_the_text_holds_each_part_once_in_its_order_whatever_things_are_named(name):
    text = str(full(name, ("WHAT", "RECEIVED", "REMEDY")))
    before, _, after = text.rpartition("WHAT; received RECEIVED. REMEDY")

    assert after == ""
    assert before.startswith(shown(name, 4096))
    assert f"layer '{shown(name)}' ({shown(name)}), option '{shown(name)}', row 3," in before
    assert before.endswith(f"column '{shown(name)}': ")


@names
def test_nothing_in_a_text_steers_a_terminal_or_begins_a_new_line(name):
    text = str(full(name, (name, name, name)))

    assert text.isprintable()
    assert len(text) < 15_000


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_survives_a_pickle_with_its_fields(kind):
    error = kind("the cell is wrong", received="x", remedy="Fix it", file="t.csv", row=1)
    error.problems = (Problem(1, "a", "'x'", "not a number"),)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (its own bytes)

    assert type(copy) is kind
    assert copy.record() == error.record()
    assert str(copy) == str(error)


def fail(name):
    raise MismatchError("the weights do not fit", layer=name, received="3")


def test_an_error_crosses_processes_with_its_fields():
    with ProcessPoolExecutor(1) as pool, pytest.raises(MismatchError) as caught:
        pool.submit(fail, "again").result()

    assert caught.value.where.layer == "again"
    assert caught.value.received == "3"


def test_outer_callers_fill_what_is_empty_and_change_nothing_else():
    cause = ValueError("inner")
    with (
        pytest.raises(UnsupportedModelError) as caught,
        located(file="m.h5", layer="outer"),
        located(layer="d", layer_kind="Dense"),
    ):
        raise UnsupportedModelError("unknown option", option="units") from cause

    error = caught.value
    assert error.where == Location("m.h5", None, "d", "Dense", "units")
    assert error.__cause__ is cause
    assert any(
        frame.line.startswith("raise Unsup") for frame in traceback.extract_tb(error.__traceback__)
    )
    assert str(error) == "m.h5: layer 'd' (Dense), option 'units': unknown option"


def test_what_belongs_to_another_file_or_layer_is_not_added():
    error = MismatchError("wrong", file="weights.h5", layer="inner")

    error.at(file="m.json", path="model config", layer="outer", layer_kind="Dense", option="x")

    assert error.where == Location(file="weights.h5", layer="inner")


def test_a_remedy_of_its_own_is_kept():
    error = MismatchError("wrong", remedy="Do this").at(remedy="Do that")

    assert error.at(file="m.h5").remedy == "Do this"
    assert MismatchError("wrong").at(remedy="Do that").remedy == "Do that"


def test_a_layer_named_again_has_its_remedy(tmp_path):
    """The text used to be searched for words such as 'again'."""
    path = tmp_path / "m.h5"
    broken = layer("Dense", "again", units="many", activation=None, use_bias=True)
    path.write_bytes(h5(sequential(broken), {}))

    with pytest.raises(keramos.errors.ModelError) as caught:
        keramos.load(path)

    assert caught.value.where.layer == "again"
    assert caught.value.remedy


def test_a_list_of_problems_is_data_and_its_first_lines_are_text():
    cells = [Problem(row, "age", "'x'", "not a number") for row in range(1, 26)]
    error = RowError("25 row(s) cannot be used", file="t.csv", problems=cells, remedy="Fix them")

    lines = str(error).split("\n")

    assert error.problems == tuple(cells)
    assert len(error.record()["problems"]) == 25
    assert lines[0] == "t.csv: 25 row(s) cannot be used:"
    assert lines[1] == "  row 1, column 'age': not a number; received 'x'"
    assert lines[-2:] == ["  ... and 5 more", "Fix them"]


def test_a_problem_of_a_layer_names_layer_option_and_value():
    problem = LayerProblem("d", "Dense", "unknown option", "twist", "3")

    assert str(problem) == "layer 'd' (Dense), option 'twist': unknown option; received 3"
    assert problem.record()["layer"] == "d"
