"""Rows held out as groups or by time, in the whole table and in inner folds."""

import numpy as np
import pytest

import keramos
from keramos.data.split import split_groups, split_latest
from keramos.errors import DataError, UsageError

RNG = np.random.default_rng(1)
ROWS = 240
CUSTOMER = np.array([f"c{number}" for number in RNG.integers(0, 40, ROWS)])
DAY = np.datetime64("2024-01-01") + RNG.integers(0, 100, ROWS)
X = RNG.random(ROWS)
TABLE = {
    "customer": CUSTOMER,
    "day": DAY.astype(str),
    "x": X,
    "y": X + RNG.normal(0, 0.1, ROWS),
}


def test_no_group_is_on_both_sides():
    said = []
    run = keramos.train(
        TABLE, "y", split_by="customer", recipe="blend", epochs=1, on_message=said.append
    )

    both = set(CUSTOMER[run.split.training]) & set(CUSTOMER[run.split.held_out])
    assert both == set()
    assert 0.1 < len(run.split.held_out) / ROWS < 0.35
    assert "customer" not in [column.name for column in run.content.schema.columns]
    assert run.content.provenance.split == "groups of 'customer'"
    assert "rows are held out as groups of 'customer'" in said


def test_the_latest_rows_are_held_out():
    run = keramos.train(TABLE, "y", time_column="day", drop=["customer"], recipe="linear")

    assert DAY[run.split.training].max() < DAY[run.split.held_out].min()
    assert run.content.provenance.split == "latest rows by 'day'"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"split_by": "customer", "time_column": "day"}, "not by both"),
        ({"split_by": "shop"}, "no column 'shop'"),
        ({"time_column": "customer"}, "can be ordered by"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(options, said):
    with pytest.raises(UsageError, match=said):
        keramos.train(TABLE, "y", recipe="linear", **options)


def test_one_group_or_one_time_cannot_be_split():
    with pytest.raises(DataError, match="of one group"):
        split_groups(np.zeros(20, int), seed=0)
    with pytest.raises(DataError, match="same time"):
        split_latest(np.zeros(20))


def test_rows_of_one_time_stay_together():
    found = split_latest(np.repeat([1, 2, 3], [5, 5, 90]))

    assert found.held_out.tolist() == list(range(10, 100))


def test_rare_levels_that_share_a_cell_are_announced():
    said = []
    codes = np.array([f"level {number}" for number in np.arange(ROWS) // 2])
    codes[:20] = [f"once {number}" for number in range(20)]
    keramos.train({**TABLE, "code": codes}, "y", recipe="linear", on_message=said.append,
                  categorical=["code"], drop=["customer"])  # fmt: skip

    assert any("rarer levels share one" in sentence for sentence in said)
