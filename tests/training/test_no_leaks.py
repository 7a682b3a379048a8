"""What no part of training may know: rows aside in inner folds, and held-out rows."""

import numpy as np
import pytest

from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.pipeline.prepared_rows import prepared_rows
from keramos.pipeline.training_job import job_of
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(3)
ROWS = 120
PLAN = TrainingPlan(recipe="auto")


def table():
    number = RNG.normal(size=ROWS)
    number[::7] = np.nan
    return {
        "number": number,
        "word": RNG.choice(["a", "b", "c"], ROWS).astype(object),
        "y": RNG.normal(5, 2, ROWS),
    }


def job(columns):
    source = as_table(columns)
    schema = infer_schema(source, "y")
    rows = prepared_rows(source, schema, PLAN, None, validate=False)
    return rows, job_of(rows, PLAN)


@pytest.fixture(scope="module")
def parts():
    columns = table()
    rows, whole = job(columns)
    aside = np.arange(0, len(rows.learning), 3)
    learning = np.setdiff1d(np.arange(len(rows.learning)), aside)
    return columns, rows, whole, learning, aside


def test_an_inner_fold_learns_nothing_from_the_rows_aside(parts):
    columns, rows, whole, learning, aside = parts
    first = whole.fold(learning, aside)
    changed = {name: column.copy() for name, column in columns.items()}
    places = rows.learning[aside]
    changed["number"][places] = 1e6
    changed["word"][places] = "a level that betrays the leak"
    changed["y"][places] = -1e6

    again = job(changed)[1].fold(learning, aside)

    np.testing.assert_array_equal(first.training.matrix, again.training.matrix)
    np.testing.assert_array_equal(first.training.raw, again.training.raw)
    assert first.statistics == again.statistics
    assert first.raw_cells == again.raw_cells


def test_the_held_out_rows_of_an_inner_fold_are_those_aside(parts):
    _, rows, whole, learning, aside = parts

    fold = whole.fold(learning, aside)

    np.testing.assert_array_equal(fold.held_out.targets, rows.y[rows.learning[aside]])
    np.testing.assert_array_equal(fold.training.targets, rows.y[rows.learning[learning]])


def test_a_column_without_a_value_in_a_fold_is_left_out_of_it(parts):
    columns, rows, _, learning, aside = parts
    sparse = {**columns, "rare": np.full(ROWS, np.nan)}
    sparse["rare"][rows.learning[aside[:4]]] = [1.0, 2.0, 3.0, 4.0]

    fold = job(sparse)[1].fold(learning, aside)

    assert fold.raw_cells == job(columns)[1].fold(learning, aside).raw_cells


def test_rows_aside_that_lack_what_a_fold_never_lacks_are_left_out():
    columns = table()
    columns["number"] = np.arange(ROWS, dtype=float)
    rows, _ = job(columns)
    columns["number"][rows.learning[0]] = np.nan

    fold = job(columns)[1].fold(np.arange(20, 90), np.arange(20))

    assert len(fold.held_out.targets) == 19
