"""Preparation: learned from training rows only, expressed in built-in layers, the same by every way
in.
"""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.data.conform import conform
from keramos.data.infer import Wishes, infer_schema
from keramos.data.read import as_table
from keramos.data.target import take
from keramos.errors import DataError
from keramos.prepare.feeds import feeds
from keramos.prepare.fit import fit
from keramos.prepare.front import front, raw_columns
from keramos.prepare.rows import row_feeder
from keramos.runtime.session import Session
from keramos.tabular.transforms import number_inputs

RNG = np.random.default_rng(0)
ROWS = 40
TABLE = {
    "size": [None if i % 9 == 0 else i * 2.5 - 20 for i in range(ROWS)],
    "count": [i % 11 for i in range(ROWS)],
    "zip_code": [(100, 200, 300, None)[i % 4] for i in range(ROWS)],
    "colour": [("red", "green", "b,lue", None)[i % 4] for i in range(ROWS)],
    "happy": [i % 3 == 0 for i in range(ROWS)],
    "a/b": [i * i % 17 for i in range(ROWS)],
    "when": [
        datetime(2024, 1 + i % 12, 1 + i % 28, i % 24, tzinfo=UTC)
        .replace(tzinfo=None)
        .isoformat(" ")
        for i in range(ROWS)
    ],
    "y": [i % 2 for i in range(ROWS)],
}


def prepared(table, scaling="minmax", training=None):
    """Typed rows, schema and preparation of a table."""
    source = as_table(table)
    schema = infer_schema(source, "y")
    typed = conform(source, schema, need_target=True).table
    rows = np.arange(typed.rows) if training is None else training
    y = np.array(table["y"], "float32")[rows]
    return typed, schema, fit(take(typed, rows), schema, y, scaling=scaling)


def matrix_of(typed, preparation):
    return Session(compile_network(front(preparation))).run(feeds(typed, preparation).feeds)[0]


def by_hand(preparation, scaling="minmax"):
    """The prepared matrix by numpy alone, from the original cells."""
    columns = {}
    for column in preparation.inputs:
        cells = TABLE[column.column]
        if column.categories:
            for level in column.categories:
                columns[f"{column.input}={level}"] = [float(cell == level) for cell in cells]
            known = (
                {*column.categories, None}
                if column.null_policy == "level"
                else set(column.categories)
            )
            columns[f"{column.input}=<other>"] = [float(cell not in known) for cell in cells]
            columns[f"{column.input}=<missing>"] = [float(cell is None) for cell in cells]
            continue
        if column.part:
            moments = [datetime.fromisoformat(cell) for cell in cells]
            read = {"weekday": datetime.weekday}.get(
                column.part, lambda moment, part=column.part: getattr(moment, part)
            )
            cells = [read(moment) for moment in moments]
        values = np.array([np.nan if cell is None else float(cell) for cell in cells])
        present = values[~np.isnan(values)]
        columns[f"{column.input} is missing"] = np.isnan(values).astype(float)
        filled = np.where(np.isnan(values), np.median(present), values)
        zero, width = (
            (present.mean(), present.std())
            if scaling == "standard"
            else (present.min(), np.ptp(present))
        )
        columns[column.input] = (filled - zero) / (width or 1)
    return np.stack([columns[name] for name in preparation.features], axis=1)


@pytest.mark.parametrize("scaling", ["minmax", "standard"])
def test_the_layers_compute_what_numpy_computes_from_the_original_cells(scaling):
    typed, _, preparation = prepared(TABLE, scaling)

    np.testing.assert_allclose(
        matrix_of(typed, preparation), by_hand(preparation, scaling), atol=2e-6
    )


@pytest.mark.parametrize("container", [".h5", ".keras"])
def test_plain_keras_computes_the_same_from_the_same_inputs(container, tmp_path):
    from keramos.training.keras_engine.answers import keras_outputs

    typed, _, preparation = prepared(TABLE)
    path = tmp_path / f"front{container}"
    write(path, front(preparation), None)

    expected = keras_outputs(path, feeds(typed, preparation).feeds)[0]

    np.testing.assert_allclose(matrix_of(typed, preparation), expected, atol=1e-6)


def test_every_prepared_number_of_the_training_rows_lies_between_0_and_1():
    typed, _, preparation = prepared(TABLE)

    matrix = matrix_of(typed, preparation)

    assert matrix.min() >= 0
    assert matrix.max() <= 1 + 1e-6
    assert len(preparation.features) == matrix.shape[1]


def test_positions_called_unseen_are_zero_in_every_training_row_and_no_others_are():
    typed, _, preparation = prepared(TABLE)

    never = np.flatnonzero((matrix_of(typed, preparation) == 0).all(axis=0))

    assert tuple(never) == preparation.unseen


def test_statistics_come_from_the_training_rows_only():
    changed = {
        **TABLE,
        "count": [*TABLE["count"][:30], *([10_000] * 10)],
        "colour": [*TABLE["colour"][:30], *(["new"] * 10)],
    }
    training = np.arange(30)

    _, _, before = prepared(TABLE, training=training)
    typed, _, after = prepared(changed, training=training)

    assert before == after
    assert feeds(typed, after).unknown == {"colour": 10}


def test_a_column_of_numbers_only_gives_one_matrix_input_in_table_order():
    table = {name: TABLE[name] for name in ("count", "a/b", "happy", "y")}
    typed, _, preparation = prepared(table)

    fed = feeds(typed, preparation).feeds

    assert preparation.matrix
    assert list(fed) == ["features"]
    np.testing.assert_array_equal(fed["features"][:, 0], TABLE["count"])
    assert fed["features"].dtype == np.float32


def test_names_that_keras_refuses_are_changed_and_stay_unique():
    table = {
        "a/b": TABLE["a/b"],
        "a_b": TABLE["count"],
        ".": TABLE["happy"],
        "colour": ["x", "y"] * 20,
        "y": TABLE["y"],
    }

    _, _, preparation = prepared(table)

    names = [column.input for column in preparation.inputs]
    assert len(set(names)) == 4
    assert not any("/" in name or name == "." for name in names)


def test_a_column_without_any_training_value_is_refused():
    table = {**TABLE, "late": [None] * 30 + [1.0] * 10}

    with pytest.raises(DataError, match="'late'"):
        prepared(table, training=np.arange(30))


def test_rare_levels_share_the_out_of_vocabulary_level():
    words = [f"common{i % 25}" for i in range(100)] + [f"rare{i}" for i in range(5)]
    _, _, preparation = prepared(
        {"word": words, "n": [i * 0.5 for i in range(105)], "y": [i % 2 for i in range(105)]}
    )

    (column,) = [column for column in preparation.inputs if column.categories]

    assert len(column.categories) == 25
    assert column.histogram.counts[-1] == 5
    assert preparation.unseen == ()


def test_a_missing_value_where_training_had_none_is_a_problem_of_its_row():
    _, schema, preparation = prepared(TABLE)
    rows = as_table(
        {**{name: cells[:3] for name, cells in TABLE.items() if name != "y"}, "count": [1, None, 2]}
    )

    fed = feeds(conform(rows, schema, need_target=False).table, preparation)

    assert [(problem.row, problem.column) for problem in fed.problems] == [(2, "count")]
    assert fed.filled == {"size": 1}


cells = {
    "size": st.none() | st.floats(-1e6, 1e6, width=32) | st.integers(-1000, 1000),
    "count": st.integers(-5, 50) | st.floats(0, 20, width=32),
    "zip_code": st.sampled_from([100, 200, 300, None, 999]),
    "colour": st.sampled_from(["red", "green", "b,lue", None, "pink", " red "]),
    "happy": st.booleans(),
    "a/b": st.integers(0, 20),
}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=4))
def test_the_fast_way_for_few_rows_gives_exactly_what_the_long_way_gives(rows):
    table = {name: values for name, values in TABLE.items() if name != "when"}
    _, schema, preparation = prepared(table)

    fast = row_feeder(preparation)(rows)
    slow = feeds(conform(as_table(rows), schema, need_target=False).table, preparation)

    if fast is None:  # a cell that needs judgement
        assert any(row["zip_code"] == 999 or row["colour"] in ("pink", " red ") for row in rows)
        return
    assert slow.problems == []
    for name, array in slow.feeds.items():
        np.testing.assert_array_equal(fast[name], array)
        assert fast[name].dtype == array.dtype


def test_the_fast_way_leaves_unusual_cells_to_the_long_way():
    table = {name: values for name, values in TABLE.items() if name != "when"}
    _, _, preparation = prepared(table)
    plain = {"size": 1.0, "count": 2, "zip_code": 100, "colour": "red", "happy": True, "a/b": 3}
    feed = row_feeder(preparation)

    assert feed([plain]) is not None
    for odd in (
        {"count": "2"},
        {"count": float("nan")},
        {"count": None},
        {"count": 1e39},
        {"happy": "yes"},
        {"colour": 7},
    ):
        assert feed([{**plain, **odd}]) is None
    assert feed([{"size": 1.0}]) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=12, max_size=30), st.data())
def test_missing_numbers_are_exactly_their_median_and_others_are_untouched(values, data):
    gone = data.draw(
        st.lists(st.booleans(), min_size=len(values), max_size=len(values)).filter(
            lambda g: any(g) and not all(g)
        )
    )
    table = {
        "n": [None if g else v for v, g in zip(values, gone, strict=True)],
        "pad": list(range(5, 5 + len(values))),
        "y": [i % 2 for i in range(len(values))],
    }
    source = as_table(table)
    schema = infer_schema(source, "y", Wishes(numeric=["n", "pad"]))
    typed = conform(source, schema, need_target=True).table
    preparation = fit(typed, schema, np.array(table["y"], "float32"), scaling="minmax")
    network = front(preparation)
    filled = type(network)(
        network.name,
        network.layers,
        network.calls,
        network.inputs,
        (type(network.outputs[0])("filled"),),
    )

    (answer,) = Session(compile_network(filled)).run(feeds(typed, preparation).feeds)

    median = np.float32(preparation.inputs[0].median)
    np.testing.assert_array_equal(answer[:, 0], np.where(gone, median, np.array(values, "float32")))


def test_raw_rows_have_numbers_as_they_are_and_the_same_categories():
    typed, _, preparation = prepared(TABLE)
    fed = feeds(typed, preparation).feeds
    names = ("prepared", "raw")

    both = Session(compile_network(front(preparation, names))).run(fed)
    alone = Session(compile_network(front(preparation, ("raw",)))).run(fed)[0]

    widths = raw_columns(preparation)
    numbers = widths.count(1)
    columns = [column.input for column in number_inputs(preparation)]
    np.testing.assert_array_equal(both[0], matrix_of(typed, preparation))
    np.testing.assert_array_equal(both[1], alone)
    assert alone.shape == (ROWS, sum(widths))
    np.testing.assert_array_equal(alone[:, :numbers], np.hstack([fed[name] for name in columns]))
    np.testing.assert_array_equal(alone[:, numbers:], both[0][:, -sum(widths[numbers:]) :])
