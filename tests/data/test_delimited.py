"""Delimited text: training and scoring see one dialect, the same cells, the same malformed rows."""

import io
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keramos.data.delimited import read_delimited
from keramos.errors import DataError
from keramos.scoring.arrow_delimited import ArrowDelimitedReader
from keramos.scoring.block_delimited import BlockDelimitedReader
from keramos.scoring.formats import Format
from keramos.types.scoring import Position, SourceFile


def scored(data):
    """Names, rows and malformed rows, as scoring reads them with Arrow and without it."""
    found, other = (_read(reader, data) for reader in (ArrowDelimitedReader, BlockDelimitedReader))
    assert found == other
    return found


def _read(reader_class, data):
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        source = SourceFile(file.name, "t.csv", len(data), "")
        reader = reader_class(source, Format("csv"))
        names = reader.schema.names
        loaded = [chunk.load() for chunk in reader.chunks(names, Position(0))]
    rows = [row for part in loaded for row in _rows(part.batch, names)]
    return names, rows, [bad for part in loaded for bad in part.malformed]


def _rows(batch, names):
    columns = [batch.column(name) for name in names]
    cells = (column if isinstance(column, list) else column.to_pylist() for column in columns)
    return list(zip(*cells, strict=True))


def trained(data):
    """Names and rows, as training reads them."""
    table = read_delimited(data, "t.csv")
    columns = [column.values.tolist() for column in table.columns.values()]
    return list(table.columns), list(zip(*columns, strict=True))


DIALECTS = {
    "commas": (b"a,b\n1,2\n", ["a", "b"], [("1", "2")]),
    "commas in quoted names": (
        b'"amount, EUR, gross";"kind"\n"10.5";"A"\n',
        ["amount, EUR, gross", "kind"],
        [("10.5", "A")],
    ),
    "a line sep=": (b"sep=;\r\na,x;b\r\n1;2\r\n", ["a,x", "b"], [("1", "2")]),
    "a quoted line sep=": (b'"sep=|"\na|b\n1|2\n', ["a", "b"], [("1", "2")]),
    "a line sep= of a rare delimiter": (b"sep=^\na^b\n1^2\n", ["a", "b"], [("1", "2")]),
    "a line SEP=": (b"SEP=;\na;b\n1;2\n", ["a", "b"], [("1", "2")]),
    "a comma in a name without quotes": (
        b"amount, EUR;kind\n1;a\n",
        ["amount, EUR", "kind"],
        [("1", "a")],
    ),
    "more commas in names than delimiters": (
        b"first, last, other;b\nx;1\n",
        ["first, last, other", "b"],
        [("x", "1")],
    ),
    "commas in the cells": (b"a|b\n1,5|2,5\n", ["a", "b"], [("1,5", "2,5")]),
    "delimiters within quotes of both lines": (
        b'"a;b;c","d"\n"1;2","3"\n',
        ["a;b;c", "d"],
        [("1;2", "3")],
    ),
    "an escaped quote in a name": (b'"a ""x;y"" b",c\n1,2\n', ['a "x;y" b', "c"], [("1", "2")]),
    "a line end in a quoted name": (b'"a\nb",c\n1,2\n', ["a\nb", "c"], [("1", "2")]),
    "blank lines first": (b"\n \na,b\n\n1,2\n", ["a", "b"], [("1", "2")]),
    "an inch": (b'a,b\n5" pipe,2\n', ["a", "b"], [('5" pipe', "2")]),
    "line ends CR": (b"a,b\r1,2\r3,4", ["a", "b"], [("1", "2"), ("3", "4")]),
    "line ends CR behind blank lines": (b"\r\rsep=;\ra,x;b\r\r1;2\r", ["a,x", "b"], [("1", "2")]),
    "line ends CR and a CR in quotes": (b'"a\rb",c\r"1\r",2\r', ["a\rb", "c"], [("1\r", "2")]),
    "mixed line ends": (
        b"a,b\r1,2\n3,4\r\n5,6\r",
        ["a", "b"],
        [("1", "2"), ("3", "4"), ("5", "6")],
    ),
    "line ends CR CR LF": (b"a,b\r\r\n1,2\r\r\n", ["a", "b"], [("1", "2")]),
    "one column with a gap": (b"a\n1\n\n2\n", ["a"], [("1",), ("",), ("2",)]),
}


@pytest.mark.parametrize("case", DIALECTS)
def test_training_and_scoring_see_the_same_dialect_and_rows(case):
    data, names, rows = DIALECTS[case]

    assert trained(data) == (names, rows)
    assert scored(data) == (names, rows, [])


def test_a_row_of_another_length_is_reported_in_the_same_words():
    data = b'a,b\n1,2\n"x,y"\n3,4\n'

    with pytest.raises(DataError, match=r"row 2 has 1 cells, the header has 2; received \['x,y'\]"):
        trained(data)
    _, rows, malformed = scored(data)
    assert rows == [("1", "2"), ("3", "4")]
    assert [(bad.row, bad.rule, bad.value) for bad in malformed] == [
        (2, "the row has 1 cells, the header has 2", "['x,y']")
    ]


@pytest.mark.parametrize("data", [b'a,b\n1,2\n"open,2\n', b'a,"b\n1,2\n'])
def test_a_quote_that_is_never_closed_is_refused_by_both(data):
    for read in (trained, scored):
        with pytest.raises(DataError, match="quote is never closed"):
            read(data)


CELL = st.sampled_from(
    ["", "1", "2.5", "x", " y ", '"q"', '"a,b"', '"l\n2"', '"d""d"', '"t"u', 'n"m']
)
LINES = st.lists(st.lists(CELL, min_size=1, max_size=4).map(",".join), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@example(["a,b", '"t"u,1'])
@given(LINES)
def test_any_rows_are_the_same_cells_or_refused_by_both(lines):
    data = ("c,d\n" + "\n".join(lines) + "\n").encode()
    try:
        names, rows, malformed = scored(data)
    except DataError:
        with pytest.raises(DataError):
            trained(data)
        return
    if malformed:
        with suppress(DataError):
            pytest.fail(f"training takes {trained(data)}")
        return
    assert trained(data) == (names, rows)


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_many_blocks_are_one_table(end):
    buffer = io.StringIO()
    buffer.write(f"a,b{end}")
    for row in range(250_000):
        buffer.write(f'"{row}, {row}",{row % 7}{end}')
    data = buffer.getvalue().encode()

    names, rows, malformed = scored(data)

    assert not malformed
    assert trained(data) == (names, rows)
    assert len(rows) == 250_000
