"""Every kind of cell by every way in: one answer, or one refusal with the same code and reason."""

import numpy as np
import pytest

from keramos.errors import MismatchError
from support.served_models import matrix_model, mixed_model, mixed_rows, undated_model
from support.ways_in import CELLS, WAYS, Impossible, asked

pytestmark = pytest.mark.oracle  # the models are trained by Keras

ROW = {name: cells[0] for name, cells in mixed_rows().items()}
UNDATED = {name: cell for name, cell in ROW.items() if name != "built"}


def disagreements(model, row, column, cell, ways):
    """The answer to a row, those of the other ways that differ, and how many ways answered."""
    expected, others = asked(model, "a row", row, column, cell), {}
    for way in ways:
        try:
            others[way] = asked(model, way, row, column, cell)
        except Impossible:
            continue
    wrong = {
        way: found for way, found in others.items() if getattr(found, "expected", found) != expected
    }
    return expected, wrong, len(others)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("column", ROW)
def test_a_cell_means_the_same_by_every_way_in(column, cell):
    expected, wrong, ways = disagreements(mixed_model(), ROW, column, CELLS[cell], WAYS)

    assert not wrong, f"a row: {expected}"
    assert ways > 4
    assert not isinstance(expected, tuple) or expected[0] == "ROW"


@pytest.mark.parametrize("column", UNDATED)
def test_rows_typed_by_msgspec_get_the_same_answers(column):
    typed = 0
    for cell in CELLS.values():
        expected, wrong, ways = disagreements(
            undated_model(), UNDATED, column, cell, ["rows typed by msgspec"]
        )
        assert not wrong, f"a row: {expected}"
        typed += ways

    assert typed


@pytest.mark.parametrize(
    "array", [np.ones((2, 4), "M8[s]"), np.ones((2, 4), "m8[s]"), np.ones((2, 4), complex)]
)
def test_arrays_of_dates_durations_and_complex_numbers_are_refused(array):
    for given in (array, array.tolist()):
        with pytest.raises(MismatchError, match="numbers are needed"):
            matrix_model().predict(given)


def test_a_whole_number_in_a_column_of_text_is_its_digits_in_every_type():
    model, row = mixed_model(), {**ROW, "place": "94105"}
    expected = asked(model, "a row", row, "size", row["size"])

    codes = ("a code", "a code as text", "a code as float", "a code as decimal")
    assert all(
        asked(model, "a row", ROW, "place", CELLS[name]) == expected.expected for name in codes
    )
