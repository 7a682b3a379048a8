"""What columns are taken for, and why."""

import numpy as np
import pandas as pd
import pytest

from keramos.data.conform import conform
from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.data.split import split
from keramos.data.target import encode_target
from keramos.data.usable_rows import usable_rows
from keramos.data.wishes import Wishes
from keramos.errors import DataError, RowError, UsageError
from support.shared import TARGETS

ROWS = 60
Y = [i % 2 for i in range(ROWS)]


def kind_of(cells, name="col", **wishes):
    schema = infer_schema(
        as_table({name: cells, "pad": [i * 0.5 for i in range(ROWS)], "y": Y}),
        "y",
        Wishes(**wishes),
    )
    found = {column.name: column for column in schema.columns}
    dropped = {column.name: column.reason for column in schema.dropped}
    return (found[name].kind, found[name].reason) if name in found else ("dropped", dropped[name])


def text(values):
    return [str(value) for value in values]


CASES = {
    "decimals": (text(i / 3 for i in range(ROWS)), "number"),
    "integers": (text(i % 9 for i in range(ROWS)), "number"),
    "numbers with a question mark": (["?", *text(i % 9 for i in range(ROWS - 1))], "number"),
    "leading zeros": ([f"0{i % 7}" for i in range(ROWS)], "string_category"),
    "comma decimals": ([f"{i},5" for i in range(ROWS - 5)] + ["1,5"] * 5, "number"),
    "few comma decimals": ([f"{i % 5},5" for i in range(ROWS)], "number"),
    "true and false": (["true", "False"] * (ROWS // 2), "boolean"),
    "yes and no": (["yes", "no"] * (ROWS // 2), "string_category"),
    "dates": ([f"2024-01-{i % 28 + 1:02}" for i in range(ROWS)], "date"),
    "words": (["red", "green", "None"] * (ROWS // 3), "string_category"),
    "all different words": ([f"name {i}" for i in range(ROWS)], "dropped"),
    "counting": (list(range(1, ROWS + 1)), "dropped"),
    "constant": (["x"] * ROWS, "dropped"),
    "nothing": ([""] * ROWS, "dropped"),
    "native booleans": ([True, False] * (ROWS // 2), "boolean"),
    "unique integers that do not count": ([i * i + 7 for i in range(ROWS)], "number"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_column_is_taken_for_what_it_is_and_a_reason_is_given(case):
    cells, expected = CASES[case]

    kind, reason = kind_of(cells)

    assert kind == expected
    assert reason


def test_a_name_that_says_code_makes_few_integers_a_category_and_one_that_says_id_an_identifier():
    assert kind_of([i % 9 for i in range(ROWS)], "zip_code")[0] == "integer_category"
    assert kind_of([i * i for i in range(ROWS)], "customerId")[0] == "dropped"


@pytest.mark.parametrize(
    ("cell", "words"), [([1, 2], "not one value"), ({"a": 1}, "not one value"), (b"x", "bytes")]
)
def test_a_column_whose_cells_no_model_can_use_is_dropped_with_the_row_named(cell, words):
    kind, reason = kind_of([*range(5, ROWS + 4), cell])

    assert kind == "dropped"
    assert f"row {ROWS} has {cell!r}: {words}" in reason


def test_missing_marks_of_numbers_are_named_in_the_reason():
    assert "'?' is read as missing" in kind_of(["?", *text(range(5, 64))])[1]


def test_wishes_override_inference():
    integers = [i % 9 for i in range(ROWS)]

    assert kind_of(integers, categorical=["col"])[0] == "integer_category"
    assert kind_of(list(range(ROWS)), numeric=["col"])[0] == "number"
    assert kind_of(integers, drop=["col"]) == ("dropped", "dropped on request")


@pytest.mark.parametrize(
    ("wishes", "error", "words"),
    [
        ({"drop": ["cal"]}, UsageError, "is it 'col'"),
        ({"drop": ["y"]}, UsageError, "target"),
        ({"categorical": ["col"], "numeric": ["col"]}, UsageError, "both"),
        ({"positive": "7"}, UsageError, "the classes are"),
        ({"categorical": ["pad"]}, DataError, "as many categories as rows"),
    ],
)
def test_wishes_that_cannot_be_are_refused(wishes, error, words):
    with pytest.raises(error, match=words):
        kind_of(text(i % 9 for i in range(ROWS)), **wishes)


TARGET_CASES = {
    "two words": (["no", "yes"] * 30, "binary", ("no", "yes")),
    "two numbers": ([0, 1] * 30, "binary", (0, 1)),
    "booleans": ([False, True] * 30, "binary", (False, True)),
    "three words": (["a", "b", "c"] * 20, "multiclass", ("a", "b", "c")),
    "few integers": (text(i % 4 for i in range(60)), "multiclass", (0, 1, 2, 3)),
    "many integers": (list(range(60)), "regression", ()),
    "decimals": ([i / 7 for i in range(60)], "regression", ()),
}


@pytest.mark.parametrize("case", TARGET_CASES)
def test_the_target_tells_the_task(case):
    cells, task, classes = TARGET_CASES[case]

    target = infer_schema(as_table({"x": [i * 0.1 for i in range(60)], "y": cells}), "y").target

    assert (target.task, target.classes) == (task, classes)


def test_the_positive_class_comes_last():
    table = as_table({"x": [i * 0.1 for i in range(60)], "y": ["bad", "good"] * 30})

    assert infer_schema(table, "y", Wishes(positive="bad")).target.classes == ("good", "bad")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["a"] * 60, "one class only"),
        ([""] * 60, "no value in any row"),
        ([f"t{i}" for i in range(60)], "too many"),
    ],
)
def test_a_target_that_teaches_nothing_is_refused(cells, words):
    with pytest.raises(DataError, match=words):
        infer_schema(as_table({"x": [i * 0.1 for i in range(60)], "y": cells}), "y")


def test_rows_without_a_target_are_left_out_and_counted():
    table = as_table({"x": [1, 2, 3, 4, 5] * 4, "y": ["a", "b", "a", "b", None] * 4})

    rows = usable_rows(table, infer_schema(table, "y"))

    assert rows.raw.rows == rows.typed.rows == 16
    assert rows.numbers[-2:].tolist() == [18, 19]
    assert rows.notes[0].startswith("left out: 4 rows without a value of 'y'")


def test_a_forced_number_names_the_row_that_is_none():
    table = as_table({"x": ["1.5", "1,5", "inf"] * 20, "y": Y})
    schema = infer_schema(table, "y", Wishes(numeric=["x"]))

    problems = conform(table, schema, need_target=True).problems

    assert [problem.row for problem in problems][:4] == [2, 3, 5, 6]
    assert "'1,5'" in str(problems[0])
    assert "finite number" in str(problems[0])


def test_infinities_in_typed_tables_are_named():
    table = as_table({"x": np.array([1.0, np.inf] * 30), "y": Y})

    problems = conform(table, infer_schema(table, "y"), need_target=True).problems

    assert problems[0].row == 2
    assert len(problems) == 30


@pytest.mark.parametrize("name", TARGETS)
def test_columns_of_real_tables_conform_to_what_was_inferred(name, shared):
    table = as_table(shared / "datasets" / name)
    schema = infer_schema(table, TARGETS[name])

    typed, problems, ignored = conform(table, schema, need_target=True)

    assert problems == []
    assert ignored == []
    assert typed.rows == table.rows


def test_columns_are_found_by_name_in_any_order_and_extra_ones_are_told():
    frame = pd.DataFrame(
        {"a": [i * 0.1 for i in range(ROWS)], "b": [i % 7 for i in range(ROWS)], "y": Y}
    )
    schema = infer_schema(as_table(frame), "y")
    other = as_table(frame[["y", "b", "a"]].assign(extra=1))

    typed, _, ignored = conform(other, schema, need_target=False)

    assert list(typed.columns) == ["a", "b"]
    assert ignored == ["extra"]


def test_a_split_is_seeded_complete_and_keeps_the_share_of_every_class():
    classes = np.array(["a"] * 80 + ["b"] * 20)

    first, again, other = (
        split(100, classes, seed=3),
        split(100, classes, seed=3),
        split(100, classes, seed=4),
    )

    assert np.array_equal(first.held_out, again.held_out)
    assert not np.array_equal(first.held_out, other.held_out)
    assert sorted([*first.training, *first.held_out]) == list(range(100))
    assert (classes[first.held_out] == "b").sum() == 4
    assert len(first.held_out) == 20


def test_a_class_with_one_row_stays_in_training_and_is_told():
    classes = np.array(["a"] * 20 + ["b"])

    parts = split(21, classes, seed=0)

    assert 20 in parts.training
    assert "1 class(es)" in parts.notes[0]


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="9 rows are too few"):
        split(9, None, seed=0)


def test_a_target_that_is_no_number_is_named_for_regression():
    table = as_table({"x": [i * 0.1 for i in range(60)], "y": [*text(range(59)), "many"]})

    with pytest.raises(RowError, match=r"row 60, column 'y'.*'many'"):
        infer_schema(table, "y", Wishes(task="regression"))


def test_targets_are_encoded_in_the_order_of_the_classes():
    table = as_table({"x": [i * 0.1 for i in range(60)], "y": ["b", "a", "c"] * 20})
    target = infer_schema(table, "y").target

    assert encode_target(table.columns["y"], target)[:3].tolist() == [1, 0, 2]


def test_half_a_character_in_a_column_name_is_refused():
    with pytest.raises(DataError, match="half a character"):
        infer_schema(as_table({"\ud800": [1.0, 2.0, 3.0, 4.0], "y": [0, 1, 0, 1]}), "y")


@pytest.mark.parametrize("wish", ["categorical", "numeric", "trim", "drop"])
def test_a_wish_that_the_target_cannot_have_is_refused(wish):
    with pytest.raises(UsageError, match="target"):
        kind_of(text(range(ROWS)), **{wish: ["y"]})


@pytest.mark.parametrize(
    "wishes",
    [
        {"categorical": ["col"], "numeric": ["col"]},
        {"categorical": ["col"], "written": {"col": "1.234,5"}},
        {"drop": ["col"], "numeric": ["col"]},
        {"drop": ["col"], "written": {"col": "1.234,5"}},
    ],
)
def test_wishes_that_exclude_each_other_are_refused(wishes):
    with pytest.raises(UsageError, match="a column cannot be both"):
        kind_of(text(range(ROWS)), **wishes)
