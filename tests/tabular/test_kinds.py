"""Every kind of column: one cell, a column, an Arrow column and the fast ways give one answer."""

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from keramos.tabular.arrow import cells
from keramos.tabular.cell import Refused
from keramos.tabular.columns import cells_column
from keramos.tabular.date import PARTS
from keramos.tabular.kind import NotPlainError
from keramos.tabular.kinds import KINDS, written_kind
from keramos.types.schema import ColumnPreparation, ColumnSchema, Notation
from keramos.types.table import Column
from support.ways_in import CELLS


def fitted(kind, policy="refuse"):
    """A model input of a kind."""
    words = {"integer_category": (3, 94105), "string_category": ("north", "94105")}
    return ColumnPreparation("c", "c", kind, policy, maximum=5.0, categories=words.get(kind, ()))


def plainly(value):
    """A value for comparison: NaN of refused and missing cells is left out by the caller."""
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", KINDS)
class TestKind:
    def test_a_column_of_one_cell_is_read_as_the_cell(self, kind, cell):
        found = KINDS[kind].read(CELLS[cell])
        parsed = KINDS[kind].parse(cells_column([CELLS[cell]]))

        assert bool(parsed.missing[0]) == (found is None)
        assert bool(parsed.bad[0]) == isinstance(found, Refused)
        if isinstance(found, Refused):
            assert parsed.reasons[parsed.refusals[0] - 1] == found.reason
        elif found is not None:
            assert plainly(parsed.values[0]) == plainly(found)

    def test_a_cell_is_read_alike_alone_and_among_others(self, kind, cell):
        alone = KINDS[kind].parse(cells_column([CELLS[cell]]))
        among = KINDS[kind].parse(cells_column([CELLS[cell], *CELLS.values()]))

        assert (alone.missing[0], alone.bad[0]) == (among.missing[0], among.bad[0])
        if not alone.missing[0] and not alone.bad[0]:
            assert alone.values[0] == among.values[0]

    def test_an_arrow_column_is_read_as_the_cell(self, kind, cell):
        try:
            array = pa.array([CELLS[cell]])
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pytest.skip("Arrow has no type for the cell")
        if KINDS[kind].takes_lists and isinstance(CELLS[cell], set):
            pytest.skip("Arrow stores a set as a list")
        found = KINDS[kind].read(CELLS[cell])

        taken = cells(array, ColumnSchema("c", kind, ""))

        assert bool(taken.distinct.missing[taken.codes[0]]) == (found is None)
        reasons = [problem.reason for problem in taken.problems]
        assert reasons == ([found.reason] if isinstance(found, Refused) else [])
        if found is not None and not isinstance(found, Refused):
            assert plainly(taken.distinct.values[taken.codes[0]]) == plainly(found)

    def test_the_row_encoder_takes_a_cell_as_the_model_input_has_it(self, kind, cell):
        try:
            taken = KINDS[kind].row_encoder(fitted(kind))(CELLS[cell])
        except NotPlainError:
            return
        found = KINDS[kind].read(CELLS[cell])
        column = Column(np.array([found], KINDS[kind].dtype), np.zeros(1, bool))

        encoded = KINDS[kind].encode(column, "").values[0, 0]

        assert encoded == np.array([taken], KINDS[kind].array_dtype)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_read_and_its_json_type_decodes_it(kind):
    column = fitted(kind)
    example = KINDS[kind].example(column)

    assert not isinstance(KINDS[kind].read(example), Refused)
    if (decoded := KINDS[kind].json_type(column)) is not None:
        assert msgspec.json.decode(msgspec.json.encode(example), type=decoded) == example


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_cell_is_the_null_code_by_every_encoder(kind):
    found = KINDS[kind]
    column = Column(np.full(1, found.filler, found.dtype), np.ones(1, bool))

    assert found.encode(column, "year" if kind == "date" else "").values[0, 0] == found.null_code
    if kind not in {"date", "image", "text", "series"}:  # no row of theirs is plain
        policy = "level" if found.is_category else "median"
        assert found.row_encoder(fitted(kind, policy))(None) == found.null_code


DATES = (
    "2024-02-29",
    "2024-02-30",
    "1969-12-31T23:59:59",
    "0001-01-01",
    "0000-01-01",
    "9999-12-31 00:30",
    "2024-01-31T24:00",
    "2024-01-31T10:00:60",
    "2024-01-31T10:00Z",
    " 2024-01-31",
    "2024-W05-1",
    "٢٠٢٤-01-31",
    "31.01.2024",
    "1900-01-01",
)


@pytest.mark.parametrize("cell", DATES)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_one_date_is_that_of_a_column_or_left_to_it(cell, part):
    notation = Notation(order="dmy", missing=("1900-01-01",))
    kind = written_kind("date", notation)
    column = ColumnPreparation(part, "c", "date", "median", part=part)
    try:
        taken = kind.row_encoder(column)(cell)
    except NotPlainError:
        return
    found = kind.parse(cells_column([cell]))
    whole = Column(found.values, found.missing)
    assert not found.bad[0]
    assert kind.encode(whole, part).values[0, 0] == taken
