"""Histograms of columns say what stands below their bars."""

import re

import pytest

from keramos.drawing.histograms import histogram
from keramos.types.view import Bars

pytestmark = pytest.mark.unit


def texts(drawn):
    return re.findall(r"<text[^>]*>([^<]*)</text>", str(drawn))


def test_numbers_have_an_axis_and_the_largest_share():
    bars = Bars(("a", "b"), (30, 10), (0.0, 50.0, 100.0))

    assert texts(histogram(bars)) == ["75%", "0", "0", "50", "100"]


def test_categories_have_their_names_and_shares_and_the_rest_one_bar():
    names = tuple(f"city {at}" for at in range(12))
    found = texts(histogram(Bars(names, tuple(range(12, 0, -1)))))

    assert found[:2] == ["city 0", "15.4%"]
    assert found[-2:] == ["5 others", "19.2%"]
    assert len(found) == 16


def test_live_rows_are_drawn_beside_training_rows_of_either_kind():
    for bars in (Bars(("a", "b"), (3, 1)), Bars(("a", "b"), (3, 1), (0.0, 1.0, 2.0))):
        assert "line live" in str(histogram(bars, (1, 3)))
        assert "line live" not in str(histogram(bars, (0, 0)))


def test_a_name_is_text_and_columns_without_counts_have_no_picture():
    assert "<b>" not in str(histogram(Bars(("<b>",), (1,))))
    assert histogram(Bars((), ())) is None
    assert histogram(Bars(("a",), (0,))) is not None
