"""What float32 keeps of a column, and what is subtracted so that it keeps more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.pipeline.load import _warn
from keramos.prepare.fit import fit
from keramos.tabular.float32 import in_own_unit, indistinct, merged, offset_in, offset_of, part_of
from keramos.tabular.kinds import KINDS
from keramos.types.schema import ColumnPreparation, Preparation, TargetPreparation
from keramos.types.table import Column

NUMBER = KINDS["number"]


def encoded(values):
    """The model's input, and the name of its part."""
    column = Column(values, np.zeros(len(values), bool))
    (part,) = NUMBER.parts(values, column.missing)
    return NUMBER.encode(column, part).values[:, 0], part


@given(
    base=st.floats(-1e15, 1e15),
    step=st.sampled_from([1e-6, 0.001, 0.25, 1.0, 7.0, 1000.0, 86400.0]),
    places=st.lists(st.integers(0, 5000), min_size=2, max_size=80, unique=True),
)
def test_evenly_spaced_numbers_stay_apart_wherever_float64_has_them_apart(base, step, places):
    values = np.unique(base + step * np.array(sorted(places), float))

    found, part = encoded(values)

    if len(np.unique(values.astype("float32"))) == len(values):
        assert part == ""
    assert len(np.unique(found)) == len(values)
    assert merged(values) is None


@given(seed=st.integers(0, 2**32), rows=st.integers(20, 3000))
@pytest.mark.parametrize("draw", ["uniform", "normal", "lognormal", "pareto", "cents", "counts"])
def test_ordinary_columns_are_fed_as_they_are(draw, seed, rows):
    chance = np.random.default_rng(seed)
    values = {
        "uniform": lambda: chance.uniform(0, 1, rows),
        "normal": lambda: chance.normal(100, 15, rows),
        "lognormal": lambda: chance.lognormal(8, 2, rows),
        "pareto": lambda: chance.pareto(1.5, rows) * 1000,
        "cents": lambda: chance.integers(0, 5_000_000, rows) / 100,
        "counts": lambda: chance.integers(0, 1_000_000, rows).astype(float),
    }[draw]()

    assert merged(values) is None
    if draw != "pareto":
        assert offset_of(values) == 0


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1_700_000_000_000, 1_700_000_100_000, 997),
        2_460_000.5 + np.arange(100) / 86400,
        52.52 + np.arange(100) * 1e-7,
        -5e9 + np.arange(100) * 3.0,
    ],
    ids=["epoch milliseconds", "Julian dates", "degrees in a town", "large negative numbers"],
)
def test_a_number_near_the_values_is_subtracted(values):
    values = values.astype(float)

    found, part = encoded(values)

    assert part.startswith("minus_")
    assert len(np.unique(found)) == len(values)
    assert np.allclose(found.astype(float) + offset_in(part), values, rtol=1e-15, atol=1e-9)
    assert part_of(offset_in(part)) == part


def test_a_row_and_a_column_get_the_same_input():
    values = 1_700_000_000_000.0 + 997 * np.arange(100)
    found, part = encoded(values)
    encode = NUMBER.row_encoder(ColumnPreparation("c", "c", "number", "refuse", part=part))

    assert np.array_equal(found, np.array([encode(value) for value in values.tolist()], "float32"))
    assert encode(int(values[3])) == encode(float(values[3]))


def test_a_range_too_wide_for_float32_is_said_with_two_values():
    values = [0, *(1_700_000_000_000 + 97 * i for i in range(59))]
    table = as_table({"ms": values, "pad": [i * 0.5 for i in range(60)], "y": ["a", "b"] * 30})

    (dropped,) = infer_schema(table, "y").dropped

    assert "float32" in dropped.reason
    assert "1700000000" in dropped.reason
    assert "--numeric 'ms'" in dropped.reason


@pytest.mark.parametrize("low", [1e16, 1e17, 1e25, -1e30, 5.0, 0.0])
def test_histograms_of_few_large_numbers_are_made(low):
    values = np.array([low, np.nextafter(low, np.inf)] * 30)
    table = as_table({"x": values, "y": ["a", "b"] * 30})
    schema = infer_schema(as_table({"x": np.arange(60) * 0.7, "y": ["a", "b"] * 30}), "y")

    made = fit(table, schema, np.zeros((60, 1), "float32"), scaling="minmax")

    assert sum(made.inputs[0].histogram.counts) == 60
    assert len(set(made.inputs[0].histogram.edges)) == 21


def test_statistics_are_shown_in_the_columns_own_unit():
    column = ColumnPreparation(
        "ms", "ms", "number", "refuse", part="minus_1000", minimum=-5.0, maximum=5.0, median=1.0
    )

    shown = in_own_unit(column)

    assert (shown.minimum, shown.maximum, shown.median, shown.part) == (995, 1005, 1001, "")


def prepared(low, high, part=""):
    """What a file states of a column of numbers."""
    return ColumnPreparation("t", "t", "number", "median", part, minimum=low, maximum=high)


@given(low=st.floats(-1e12, 1e12), span=st.floats(1e-3, 1e6))
def test_a_column_of_an_old_file_is_indistinct_where_float32_makes_one_number_of_its_steps(
    low, span
):
    steps = np.unique(np.linspace(low, low + span, 9))
    lost = len(steps) - len(np.unique(steps.astype("float32")))
    assert indistinct(prepared(low, low + span)) == (len(steps) > 1 and 2 * lost >= len(steps) - 1)
    assert not indistinct(prepared(low, low + span, "minus_5"))
    assert not indistinct(prepared(low, low))


@pytest.mark.parametrize("low", [-1e308, 0.0, 1e308])
def test_any_range_can_be_asked_about(low):
    assert not indistinct(prepared(low, 1e308))


def test_loading_names_columns_that_float32_merges_once():
    inputs = (prepared(1.7e12, 1.7e12 + 1e5), prepared(0.0, 1.0))
    preparation = Preparation("min_max", False, inputs, TargetPreparation(), ())
    with pytest.warns(UserWarning, match="column 't' has training values from 17") as told:
        _warn(preparation, "m.h5")
    assert len(told) == 1
