"""Numbers and dates in the notation of their column: kind, reading, and refusals."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.data.usable_rows import usable_rows
from keramos.data.wishes import Wishes
from keramos.errors import DataError, RowError, UsageError

ROWS = 60


def table(cells):
    rows = len(cells)
    return as_table(
        {
            "col": cells,
            "pad": [i * 0.5 for i in range(rows)],
            "y": ["a", "b"] * (rows // 2) + ["a"] * (rows % 2),
        }
    )


def judged(cells, **wishes):
    """The column's schema, or the reason why it is not used."""
    schema = infer_schema(table(cells), "y", Wishes(**wishes))
    found = {column.name: column for column in schema.columns}
    return found["col"] if "col" in found else schema.dropped[0].reason


def group(value, mark, decimals=2):
    return (
        f"{value:,.{decimals}f}".replace(",", "\0")
        .replace(".", "," if mark != "," else ".")
        .replace("\0", mark)
    )


NUMBERS = {
    "plain": lambda v: f"{v}",
    "decimal comma": lambda v: f"{v}".replace(".", ","),
    "thousands": lambda v: f"{v:,.2f}",
    "points between thousands": lambda v: group(v, "."),
    "blanks between thousands": lambda v: group(v, "\u202f"),
    "apostrophes between thousands": lambda v: f"{v:,.2f}".replace(",", "\u2019"),
    "dollars": lambda v: f"${v}",
    "negative dollars": lambda v: f"-${-v}" if v < 0 else f"${v}",
    "dollars in parentheses": lambda v: f"(${-v:,.2f})" if v < 0 else f"${v:,.2f}",
    "euros behind": lambda v: f"{group(v, '.')} \u20ac",
    "a code of a currency": lambda v: f"CHF {v}",
    "percent": lambda v: f"{v} %",
    "percent with a comma": lambda v: f"{v}%".replace(".", ","),
    "typeset minus": lambda v: f"{v}".replace("-", "\u2212"),
    "minus behind": lambda v: f"{abs(v):,.2f}-" if v < 0 else f"{v:,.2f}",
    "exponents": lambda v: f"{v:.5e}",
}
DATES = {
    "ISO": "%Y-%m-%d",
    "nanoseconds": "%Y-%m-%dT%H:%M:%S.%f789",
    "day first": "%d/%m/%Y",
    "day first with points": "%d.%m.%Y",
    "month first": "%m/%d/%Y",
    "year first with strokes": "%Y/%m/%d",
    "names of months": "%d %b %Y",
    "names of months first": "%B %d, %Y",
    "with a time": "%d/%m/%Y %H:%M",
    "with a time of twelve hours": "%m/%d/%Y %I:%M %p",
}
NOISE = ("Total", "not given", "see note", "#N/A", "n.a.")

seeds = st.integers(0, 2**32)
places = st.lists(st.integers(0, ROWS - 1), max_size=2, unique=True)
noise = st.lists(st.sampled_from(NOISE), min_size=2, max_size=2)


def amounts(seed):
    """Different amounts of up to seven digits, with two decimals."""
    chance = np.random.default_rng(seed)
    largest = 10.0 ** chance.integers(1, 8)
    return [*dict.fromkeys(float(v) for v in chance.uniform(-largest, largest, 80).round(2))][:70]


def days(seed):
    """Different moments, in whole minutes, of eighty years."""
    chance = np.random.default_rng(seed)
    first = dt.datetime(1950, 1, 1)  # noqa: DTZ001 (local clock)
    numbers = chance.choice(80 * 365, 70, replace=False)
    return [
        first + dt.timedelta(days=int(day), minutes=int(chance.integers(1440))) for day in numbers
    ]


def read_back(cells):
    """What training reads of the column: values, and the rows that it leaves out."""
    source = table(cells)
    schema = infer_schema(source, "y")
    if not any(column.name == "col" for column in schema.columns):
        return schema.dropped[0].reason, None, None
    rows = usable_rows(source, schema)
    column = rows.typed.columns["col"]
    kept = {
        int(number): None if gone else value
        for number, value, gone in zip(rows.numbers, column.values, column.missing, strict=True)
    }
    return schema.columns[0], kept, set(range(1, len(cells) + 1)) - set(kept)


@pytest.mark.parametrize("notation", NUMBERS)
@settings(max_examples=25)
@given(seed=seeds, noisy=places, words=noise)
def test_numbers_in_any_notation_are_read_or_the_reason_names_rows(notation, seed, noisy, words):
    values = amounts(seed)
    cells = [NUMBERS[notation](value) for value in values]
    for place, word in zip(noisy, words, strict=False):
        cells[place] = word

    column, kept, left_out = read_back(cells)

    if kept is None:
        assert "in doubt" in column
        assert "row " in column
        assert "--written" in column
        return
    assert column.kind == "number"
    for number, value in kept.items():
        expected = None if cells[number - 1] == "#N/A" else values[number - 1]
        assert value == (None if expected is None else pytest.approx(expected, rel=1e-5))
    assert left_out == {p + 1 for p, w in zip(noisy, words, strict=False) if w != "#N/A"}


@pytest.mark.parametrize("notation", DATES)
@settings(max_examples=25)
@given(seed=seeds, noisy=places, words=noise)
def test_dates_in_any_notation_are_read_or_the_reason_names_rows(notation, seed, noisy, words):
    values = days(seed)
    cells = [value.strftime(DATES[notation]) for value in values]
    for place, word in zip(noisy, words, strict=False):
        cells[place] = word

    column, kept, left_out = read_back(cells)

    if kept is None:
        assert "in doubt" in column
        assert "row " in column
        return
    assert column.kind == "date"
    for number, value in kept.items():
        cell = cells[number - 1]
        timed = "%H" in DATES[notation] or "%I" in DATES[notation]
        day = values[number - 1] if timed else values[number - 1].date()
        expected = None if cell == "#N/A" else np.datetime64(day, "us")
        found = None if value is None else value.astype("datetime64[m]")
        assert found == (None if expected is None else expected.astype("datetime64[m]"))
    assert left_out == {p + 1 for p, w in zip(noisy, words, strict=False) if w != "#N/A"}


DOUBTS = {
    "marks that may be decimal or between thousands": [f"{i},{i + 100}" for i in range(1, 61)],
    "days and months up to twelve": [
        f"{i % 12 + 1:02}/{i % 11 + 1:02}/{1900 + i}" for i in range(ROWS)
    ],
    "decimal points with one comma": [*(f"{i}.{100 + i}" for i in range(59)), "7,5"],
    "percentages and fractions": [
        *(f"{i}.5%" for i in range(50)),
        *(f"0.{i}" for i in range(51, 61)),
    ],
    "day first and month first": [
        f"{13 + i % 10}/0{1 + i % 9}/20{10 + i}"
        if i % 2
        else f"0{1 + i % 9}/{13 + i % 10}/20{10 + i}"
        for i in range(ROWS)
    ],
}


@pytest.mark.parametrize("case", DOUBTS)
def test_a_doubt_is_said_with_a_row_and_an_option(case):
    reason = judged(DOUBTS[case])

    assert isinstance(reason, str)
    assert "identifier" not in reason
    assert "row " in reason
    assert "--" in reason


STRAY = {
    "codes among numbers": [*(str(1000 + 7 * i) for i in range(50)), *(f"C{i}" for i in range(10))],
    "many words among numbers": [
        *(f"{i}.25" for i in range(45)),
        *(f"word {chr(97 + i)}" for i in range(15)),
    ],
    "two currencies": [f"${i}.5" if i % 3 else f"\u20ac{i}.5" for i in range(ROWS)],
    "units": [f"{i}.5 kg" for i in range(ROWS)],
    "times": [f"{i % 24}:{i:02}" for i in range(ROWS)],
    "ranges": [f"{i}-{i + 7}" for i in range(ROWS)],
    "short years": [f"{i % 28 + 1:02}.{i % 12 + 1:02}.{i % 9 + 1:02}" for i in range(ROWS)],
}


@pytest.mark.parametrize("case", STRAY)
def test_text_that_looks_like_numbers_is_not_called_an_identifier(case):
    found = judged(STRAY[case])

    reason = found if isinstance(found, str) else found.reason
    assert "identifier" not in reason
    assert "--categorical 'col'" in reason
    assert any(repr(cell) in reason for cell in STRAY[case])


def test_an_example_says_how_a_column_is_written():
    cells = DOUBTS["marks that may be decimal or between thousands"]

    read = {
        example: usable_rows(
            table(cells), infer_schema(table(cells), "y", Wishes(written={"col": example}))
        )
        for example in ("1,234.5", "1234,5")
    }

    assert read["1,234.5"].typed.columns["col"].values[0] == 1101
    assert read["1234,5"].typed.columns["col"].values[0] == 1.101
    days = DOUBTS["days and months up to twelve"]
    column = judged(days, written={"col": "31/12/2024"})
    assert (column.kind, column.notation.order) == ("date", "dmy")
    assert judged([f"{i}.5 kg" for i in range(ROWS)], written={"col": "1234.5 kg"}).unit == "kg"


@pytest.mark.parametrize(
    ("example", "words"),
    [("1,234", "1234 or 1.234"), ("01/02/2024", "2024-02-01 or 2024-01-02"), ("about", "neither")],
)
def test_an_example_that_settles_nothing_is_refused(example, words):
    with pytest.raises(UsageError, match=words):
        judged([f"{i},{i + 100}" for i in range(1, 61)], written={"col": example})


def test_texts_that_mean_missing_are_recorded_and_never_numbers():
    cells = [*(f"{i}.5" for i in range(50)), *["not given"] * 10]

    column = judged(cells, missing=["not given"])

    assert (column.kind, column.notation.missing) == ("number", ("not given",))
    with pytest.raises(UsageError, match="cannot be a number"):
        judged(cells, missing=["-999"])
    with pytest.raises(UsageError, match="no column has the text"):
        judged(cells, missing=["nowhere"])


def test_more_than_a_few_cells_that_are_not_numbers_are_refused_by_row():
    cells = [*(f"{i}.5" for i in range(50)), *["x"] * 10]
    schema = infer_schema(table(cells), "y", Wishes(numeric=["col"]))

    with pytest.raises(RowError, match="row 51, column 'col'"):
        usable_rows(table(cells), schema)


def test_shares_in_reasons_count_numbers_and_not_missing_ones():
    words = ["None"] * 40 + ["red"] * 10 + ["green"] * 10

    assert judged(words).reason == "text with 3 different values"
    assert judged(["None", "?"] * 30).reason == "text with 2 different values"


def test_few_values_stay_categories_and_the_word_is_named():
    column = judged([*(str(i % 3) for i in range(ROWS - 1)), "3+"])

    assert column.kind == "string_category"
    assert "'3+' in row 60" in column.reason


@pytest.mark.parametrize("name", ["amount", "col"])
def test_integers_of_twenty_digits_are_counted_exactly(name):
    cells = [str(10**19 + 7 * i * i) for i in range(ROWS)]
    schema = infer_schema(
        as_table({name: cells, "pad": [i * 0.5 for i in range(ROWS)], "y": ["a", "b"] * 30}), "y"
    )

    (dropped,) = schema.dropped
    assert "20 digits" in dropped.reason
    assert f"of {ROWS} differ" in dropped.reason


class TestTarget:
    def target(self, cells, **wishes):
        rows = len(cells)
        source = as_table({"x": [i * 0.1 for i in range(rows)], "y": cells})
        schema = infer_schema(source, "y", Wishes(**wishes))
        return schema.target, usable_rows(source, schema)

    def test_na_is_a_class_beside_words_and_missing_beside_numbers(self):
        target, rows = self.target(["NA", "EU", "AS"] * 20)
        assert target.classes == ("AS", "EU", "NA")
        assert rows.raw.rows == ROWS
        assert "'NA' is a class" in target.reason

        target, rows = self.target(["NA", "1.5", "2.5", "3.75"] * 15)
        assert (target.task, rows.raw.rows) == ("regression", 45)

        target, rows = self.target(["NA", "EU", "AS"] * 20, missing=["NA"])
        assert (target.classes, rows.raw.rows) == (("AS", "EU"), 40)

    def test_numbers_in_a_notation_are_a_regression(self):
        target, rows = self.target([*(f"$1,{100 + i}.50" for i in range(59)), "Total"])

        assert (target.task, target.unit) == ("regression", "$")
        assert rows.raw.rows == 59
        assert "'Total'" in rows.notes[0]

    def test_a_doubt_about_its_notation_is_refused(self):
        cells = DOUBTS["marks that may be decimal or between thousands"]
        with pytest.raises(DataError, match="in doubt"):
            self.target(cells)
        assert self.target(cells, written={"y": "1234,5"})[0].task == "regression"

    @pytest.mark.parametrize("task", [None, "binary", "multiclass"])
    def test_an_example_for_classes_is_refused(self, task):
        cells = ["1,5", "2,5"] * 30
        with pytest.raises(UsageError, match="--task regression"):
            self.target(cells, written={"y": "1234,5"}, task=task)
        target, _ = self.target(cells, written={"y": "1234,5"}, task="regression")
        assert target.notation.decimal == ","

    @pytest.mark.parametrize("task", [None, "regression", "multiclass"])
    def test_a_date_as_the_example_is_refused(self, task):
        cells = [f"{1 + i % 28}/12/2024" for i in range(60)]
        with pytest.raises(UsageError, match="the example is a date"):
            self.target(cells, written={"y": "31/12/2024"}, task=task)

    @pytest.mark.parametrize("cells", [["00", "01"], ["0", "01"], ["-01", "2"], ["007", "8"]])
    def test_whole_numbers_with_zeros_before_them_are_classes_as_they_are_written(self, cells):
        target, _ = self.target(cells * 30)
        assert set(target.classes) == set(cells)
        assert judged(cells * 30).kind == "string_category"

    def test_decimal_zeros_are_the_classes_that_numbers_give(self):
        assert self.target(["0.0", "1.0"] * 30)[0].classes == (0, 1)

    def test_values_that_float32_merges_are_refused(self):
        with pytest.raises(DataError, match="Subtract 1"):
            self.target([1_700_000_000_000 + 997 * i for i in range(ROWS)])
