"""Columns in a notation of their own, and columns that float32 would merge, by every way in."""

import datetime as dt
import random
from functools import cache

import numpy as np
import pytest

from keramos.pipeline.load import load
from keramos.pipeline.train import train
from keramos.types.training import TrainingPlan
from support.built_once import built
from support.ways_in import WAYS, Impossible, asked

EPOCH = 1_700_000_000_000
ROWS = 90

WRITTEN = {
    "comma": lambda value: f"{value:.2f}".replace(".", ","),
    "groups": lambda value: f"{value:,.2f}",
    "euros": lambda value: f"{value:,.2f} \u20ac".translate(str.maketrans(",.", ".,")),
    "share": lambda value: f"{value / 1000:.3f} %",
    "minus": lambda value: f"{value - 5000:.2f}".replace("-", "\u2212"),
    "first": lambda value: _day(value).strftime("%d/%m/%Y"),
    "month": lambda value: _day(value).strftime("%b %d, %Y"),
    "nanos": lambda value: f"{_day(value):%Y-%m-%d}T12:30:00.123456789",
    "stamp": lambda value: EPOCH + int(value * 10),
    "place": lambda value: 50 + round(value) * 1e-7,
}


def _day(value):
    return dt.date(1990, 1, 1) + dt.timedelta(days=int(value))


def row_of(value):
    return {name: write(value) for name, write in WRITTEN.items()}


@cache
def model():
    return load(built("notations", _make) / "m.keras")


def _make(path):
    chance = random.Random(3)  # noqa: S311 (a table)
    values = [chance.uniform(1000, 9000) for _ in range(ROWS)]
    rows = [{**row_of(value), "y": value} for value in values]
    plan = TrainingPlan(recipe="tutorial", epochs=2, engine="numpy")
    train(rows, "y", task="regression", plan=plan).save(path / "m.keras")


def test_the_file_records_every_notation():
    schema = {column.name: column for column in model().content.schema.columns}

    assert schema.keys() == WRITTEN.keys()
    assert {n: c.kind for n, c in schema.items() if c.kind != "number"} == dict.fromkeys(
        ["first", "month", "nanos"], "date"
    )
    assert model().content.version == 2
    assert schema["euros"].unit == "\u20ac"


@pytest.mark.parametrize("column", WRITTEN)
@pytest.mark.parametrize("way", WAYS)
def test_a_cell_in_its_notation_is_read_alike_by_every_way_in(way, column):
    row, cell = row_of(2345.67), WRITTEN[column](8765.43)
    try:
        found = asked(model(), way, row, column, cell)
    except Impossible:
        pytest.skip("the way has no form for such a row")

    assert found == asked(model(), "a row", row, column, cell).expected
    assert asked(model(), "a row", row, column, row[column]) != found.expected


@pytest.mark.parametrize("column", [name for name in WRITTEN if name not in {"stamp", "place"}])
@pytest.mark.parametrize("way", WAYS)
def test_a_cell_in_another_notation_is_refused_alike_by_every_way_in(way, column):
    try:
        found = asked(model(), way, row_of(2345.67), column, "1.2.3,4")
    except Impossible:
        pytest.skip("the way has no form for such a row")

    assert found == asked(model(), "a row", row_of(2345.67), column, "1.2.3,4")
    assert found[:3] == ("ROW", 1, column)


@pytest.mark.parametrize(
    ("column", "text", "number"),
    [("comma", "1234,5", 1234.5), ("groups", "1,234.5", 1234.5), ("euros", "1.234,5", 1234.5)],
)
def test_a_number_is_what_its_text_says(column, text, number):
    row = row_of(2345.67)

    assert asked(model(), "a row", row, column, text) == asked(
        model(), "a row", row, column, number
    )


def test_numbers_that_float32_merges_stay_apart():
    row = row_of(2345.67)
    stamps = [{**row, "stamp": EPOCH + at} for at in range(0, 90000, 9)]
    places = [{**row, "place": 50 + at * 1e-7} for at in range(9000)]

    for rows in (stamps, places):
        assert len({one.score for one in model().decide(rows)}) > 1000


def test_keras_gives_the_same_answers_to_the_inputs_that_the_file_names():
    import keras

    plain = keras.models.load_model(built("notations", _make) / "m.keras")
    rows = [row_of(value) for value in np.linspace(1000, 9000, 20)]
    fed = model().feeds(rows)
    name = next(name for name in fed if name.startswith("stamp_minus_"))
    less = float(name.removeprefix("stamp_minus_"))

    assert np.array_equal(fed[name][:, 0], np.float32([row["stamp"] - less for row in rows]))
    answers = np.array([one.score for one in model().decide(rows)])
    assert np.allclose(plain.predict(fed, verbose=0)[:, 0], answers, rtol=1e-5)
