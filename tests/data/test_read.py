"""Tables from every source; what cannot be read is refused with its place."""

import gzip
from contextlib import suppress

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.data.infer import Wishes, infer_schema
from keramos.data.read import as_table
from keramos.data.with_target import with_target
from keramos.errors import DataError, UsageError

FRAME = pd.DataFrame(
    {
        "number": [1.5, None, 3.0],
        "count": [1, 2, 3],
        "word": ["a", None, 'ü, "quoted"\nline'],
        "flag": [True, False, True],
        "day": pd.to_datetime(["2024-01-31 00:00:00", "2023-05-06 07:08:09", None]),
    }
)


def cells(table):
    """Every cell as Python sees it, None where it is missing."""
    return {
        name: [
            None if gone else value
            for value, gone in zip(column.values.tolist(), column.missing, strict=True)
        ]
        for name, column in table.columns.items()
    }


WRITERS = {
    "rows.parquet": lambda path: FRAME.to_parquet(path),
    "rows.arrow": lambda path: pa.feather.write_feather(pa.Table.from_pandas(FRAME), str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_typed_files_give_the_cells_of_the_frame_they_came_from(name, tmp_path):
    WRITERS[name](tmp_path / name)

    assert cells(as_table(tmp_path / name)) == cells(as_table(FRAME))


@pytest.mark.parametrize(
    "convert",
    [
        pl.from_pandas,
        lambda frame: pl.from_pandas(frame).lazy(),
        pa.Table.from_pandas,
        lambda frame: frame.convert_dtypes(),
        lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
        lambda frame: frame.set_axis([7, 8, 9]),
    ],
)
def test_every_dataframe_library_gives_the_same_table(convert):
    assert cells(as_table(convert(FRAME))) == cells(as_table(FRAME))


def test_text_files_of_every_form_give_the_same_cells(tmp_path):
    text = FRAME[["number", "count", "word", "flag"]]
    text.to_csv(tmp_path / "a.csv", index=False)
    text.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    text.to_csv(tmp_path / "c.csv", index=False, sep=";")
    (tmp_path / "d.csv").write_bytes(
        b"\xef\xbb\xbf" + (tmp_path / "a.csv").read_bytes().replace(b"\n", b"\r\n")
    )
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    expected = cells(as_table(tmp_path / "a.csv"))

    assert expected["number"] == ["1.5", None, "3.0"]
    for name in ("b.tsv", "c.csv", "e.csv.gz"):
        assert cells(as_table(tmp_path / name)) == expected
    assert cells(as_table(tmp_path / "d.csv"))["number"] == expected["number"]


def test_json_lines_may_leave_keys_out(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1, "b": "x"}\n\n{"b": null, "c": true}\n')

    assert cells(as_table(path)) == {"a": [1, None], "b": ["x", None], "c": [None, True]}


def test_a_declared_category_is_known_as_such():
    frame = pd.DataFrame(
        {"code": pd.Categorical([3, 1, 3]), "level": pl.Series(["a", "b", "a"]).to_list()}
    )
    enum = pl.DataFrame({"level": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"]))})

    assert as_table(frame).columns["code"].categorical
    assert not as_table(frame).columns["level"].categorical
    assert as_table(enum).columns["level"].categorical


def test_local_clock_of_a_time_zone_is_kept():
    frame = pd.DataFrame(
        {"when": pd.to_datetime(["2024-06-01 09:00"]).tz_localize("Europe/Berlin")}
    )

    assert as_table(frame).columns["when"].values[0] == np.datetime64("2024-06-01T09:00")


BAD_FILES = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n \n", "is empty"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "'a' appears 2 times"),
    "ragged.csv": (b"a,b\n1,2\n3\n", "row 2 has 1 cells, the header has 2"),
    "latin.csv": (b"a,b\n1,2\nM\xfcller,3\n", "line 3: byte 0xfc is not UTF-8"),
    "nul.csv": (b"a,b\n1,\x002\n", "line 2: a NUL byte"),
    "quote.csv": (b'a,b\n"open,2\n', "line 2"),
    "rows.jsonl": (b'{"a": 1}\n[1, 2]\n', "line 2: the line is not a JSON object"),
    "bad.parquet": (b"PAR1nonsense", "not a readable Parquet file"),
    "bad.arrow": (b"ARROW1nonsense", "not a readable Arrow IPC file"),
    "bad.csv.gz": (b"no gzip", "not a readable gzip file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_its_name_and_the_place(name, tmp_path):
    data, words = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(DataError) as caught:
        as_table(path)

    assert name in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("absent.csv", DataError, "absent.csv: the file does not exist"),
        (".", UsageError, "not of a known table format"),
        ("model.h5", UsageError, ".parquet"),
        (7, UsageError, "a table is"),
        ({"a": [1], "b": [1, 2]}, DataError, "different lengths"),
        ({"a": 3}, UsageError, "column 'a'"),
        ({1: [1], "1": [1]}, DataError, "'1' appears 2 times"),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            DataError,
            "MultiIndex",
        ),
        ({}, DataError, "no columns"),
    ],
)
def test_what_is_no_table_is_refused(source, kind, words):
    with pytest.raises(kind, match=words.replace(".", r"\.")):
        as_table(source)


def test_a_frame_with_a_name_twice_is_refused():
    with pytest.raises(DataError, match="more than once"):
        as_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_clear_refusal(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)

    with suppress(DataError):
        table = as_table(path)
        assert all(len(column.missing) == table.rows for column in table.columns.values())


@pytest.mark.parametrize(
    "column",
    [
        np.ones((2, 2)),
        np.array([1j, 2j]),
        np.array([1, 2], "m8[s]"),
        np.array([(1, 2), (3, 4)], "i4,i4"),
        np.array([b"a", b"b"]),
        [object(), object()],
    ],
)
def test_a_column_without_ordinary_cells_is_dropped_with_the_cell_and_the_reason(column):
    table = as_table({"a": [1.5, 2.5], "odd": column, "y": [1.0, 2.0]})

    (dropped,) = infer_schema(table, "y", Wishes(task="regression")).dropped

    assert dropped.name == "odd"
    assert dropped.reason.startswith("row 1 has ")


def series(kind):
    """One column of 1, 2 in a form that callers have."""
    return {
        "list": [1, 2],
        "tuple": (1, 2),
        "range": range(1, 3),
        "array": np.array([1, 2]),
        "pandas": pd.Series([1, 2]),
        "pandas, nullable": pd.Series([1, 2], dtype="Int64"),
        "polars": pl.Series([1, 2]),
        "Arrow": pa.array([1, 2]),
        "Arrow, chunked": pa.chunked_array([[1], [2]]),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["tuple", "range", "array", "pandas", "pandas, nullable", "polars", "Arrow", "Arrow, chunked"],
)
def test_a_dict_of_columns_takes_every_sequence_of_cells(kind):
    assert cells(as_table({"a": series(kind)})) == cells(as_table({"a": series("list")}))


def test_keys_of_rows_that_are_numbers_are_the_names_of_a_frame_without_names():
    assert cells(as_table([{0: 1, 1: "x"}])) == cells(as_table(pd.DataFrame([[1, "x"]])))


@pytest.mark.parametrize(
    "source", [[], "a,b\n", pd.DataFrame(), pl.DataFrame(), pd.DataFrame({"a": [], "b": []})]
)
def test_a_table_without_rows_is_read_and_not_learned_from(source, tmp_path):
    if isinstance(source, str):
        (tmp_path / "t.csv").write_text(source)
        source = tmp_path / "t.csv"

    table = as_table(source)

    assert table.rows == 0
    with pytest.raises(DataError, match="no rows to learn from"):
        infer_schema(table, "a")


FEATURES = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("features", "names"),
    [
        (FEATURES, ["x0", "x1"]),
        (FEATURES.tolist(), ["x0", "x1"]),
        (pd.DataFrame(FEATURES, columns=["a", "b"]), ["a", "b"]),
        (pl.DataFrame(FEATURES, schema=["a", "b"]), ["a", "b"]),
        ({"a": [0, 2, 4, 6], "b": [1, 3, 5, 7]}, ["a", "b"]),
    ],
)
@pytest.mark.parametrize(
    ("target", "name"),
    [
        ([1, 0, 1, 0], "target"),
        (np.array([1, 0, 1, 0]), "target"),
        (np.array([[1], [0], [1], [0]]), "target"),
        (pd.Series([1, 0, 1, 0], name="y"), "y"),
        (pd.DataFrame({"y": [1, 0, 1, 0]}), "y"),
        (pl.Series("b", [1, 0, 1, 0]), "b"),
    ],
)
def test_a_target_may_be_given_as_values_beside_the_features(features, names, target, name):
    table, column = with_target(features, target)

    assert column == (name if name not in names else "target")
    assert [str(column) for column in table.columns] == [*names, column]
    assert table.columns[column].values.tolist() == [1, 0, 1, 0]
    assert [table.columns[name].values.tolist() for name in names] == FEATURES.T.tolist()


@pytest.mark.parametrize(
    ("features", "target", "words"),
    [
        (FEATURES, [1, 0], "2 values for 4 rows"),
        (FEATURES, "y", "an array has no names"),
        (FEATURES.tolist(), "y", "an array has no names"),
        (FEATURES[0], [1, 0], "two axes"),
        ([[1, 2], [3]], [1, 0], "different lengths"),
        (FEATURES, pd.DataFrame({"y": [1] * 4, "z": [1] * 4}), "one column"),
        (FEATURES, 7, "a column is"),
    ],
)
def test_features_and_a_target_that_do_not_fit_are_refused(features, target, words):
    with pytest.raises((DataError, UsageError), match=words):
        with_target(features, target)
