"""Every type in which Arrow, pandas and polars keep a cell: what the cell means in a row."""

import datetime as dt
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keramos.data.arrow import read_ipc, read_parquet
from keramos.errors import KeramosError, RowError
from support.served_models import mixed_model, mixed_rows

pytestmark = pytest.mark.oracle  # the model is trained by Keras

ROW = {name: cells[0] for name, cells in mixed_rows().items()}
DAY, MOMENT = dt.date(1999, 12, 31), dt.datetime(1999, 12, 31, 13, 45)  # noqa: DTZ001 (local clock)
DECIMAL = Decimal("3.0")
ONE_OF_EACH = {
    "text": ["north"],
    "an integer": [3],
    "a float": [3.0],
    "a boolean": [True],
    "a date": [DAY],
    "a moment": [MOMENT],
    "a decimal": [DECIMAL],
    "bytes": [b"north"],
    "a duration": [dt.timedelta(seconds=1)],
    "a list": [[1.0]],
    "nothing": [None],
}


def arrow_arrays():
    """One cell in each type of Arrow."""
    whole = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    numbers = [*whole, "float32", "float64"]
    units = [(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "Europe/Berlin")]
    found = {
        **{name: pa.array([3]).cast(name) for name in numbers},
        "float16": pa.array([np.float16(3)]),
        "decimal128": pa.array([DECIMAL], pa.decimal128(38, 5)),
        "decimal256": pa.array([DECIMAL], pa.decimal256(60, 5)),
        "large_string": pa.array(["north"], pa.large_string()),
        "string_view": pa.array(["north"], pa.string_view()),
        "large_binary": pa.array([b"north"], pa.large_binary()),
        "binary_view": pa.array([b"north"], pa.binary_view()),
        "fixed binary": pa.array([b"north"], pa.binary(5)),
        "date64": pa.array([DAY], pa.date64()),
        **{f"timestamp {u} {z}": pa.array([MOMENT], pa.timestamp(u, z)) for u, z in units},
        "time32": pa.array([1], pa.int32()).cast(pa.time32("s")),
        "time64": pa.array([1]).cast(pa.time64("us")),
        "duration ns": pa.array([1], pa.duration("ns")),
        "struct": pa.array([{"a": 1}]),
        "large list": pa.array([[1.0]], pa.large_list(pa.float64())),
        "fixed list": pa.array([[1.0]], pa.list_(pa.float64(), 1)),
        "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([3])]),
        "UUID": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16))),
        "JSON": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["3"])),
        "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8())),
    }
    for name, cells in ONE_OF_EACH.items():
        array = found[name] = pa.array(cells)
        if name != "a list":
            found[f"{name}, run-end encoded"] = pa.RunEndEncodedArray.from_arrays([1], array)
            found[f"{name}, dictionary"] = array.dictionary_encode()
        found[f"no {name}"] = pa.array([None], array.type)
    found["no entry"] = pa.DictionaryArray.from_arrays([0], pa.array([None, "a"]))
    return found


ARROW = arrow_arrays()
PANDAS = {
    **{f"category of {name}": pd.Series(cells[:1]).astype("category")
       for name, cells in ONE_OF_EACH.items() if name != "a list"},
    **{f"{kind} {cell}": pd.Series([cell], dtype=kind)
       for kind, cell in (("Int64", 3), ("Float64", 3.0), ("boolean", True), ("string", "north"))},
    **{f"{kind} NA": pd.Series([pd.NA], dtype=kind)
       for kind in ("Int64", "Float64", "boolean", "string")},
    "sparse": pd.Series(pd.arrays.SparseArray([3.0])),
    "sparse booleans": pd.Series(pd.arrays.SparseArray([True])),
    "an interval": pd.Series([pd.Interval(0, 1)]),
    "a period": pd.Series([pd.Period("1999-12")]),
    "a zone": pd.Series([pd.Timestamp("1999-12-31", tz="Asia/Tokyo")]),
    "seconds": pd.Series(np.array(["1999-12-31"], "M8[s]")),
    "no time": pd.Series([pd.NaT]),
    "no duration": pd.Series([pd.NaT], dtype="m8[ns]"),
    "complex": pd.Series([1 + 0j]),
    "beyond int64": pd.Series([2**63], dtype="u8"),
}  # fmt: skip
POLARS = {
    "categorical": pl.Series(["north"], dtype=pl.Categorical),
    "enum": pl.Series(["north"], dtype=pl.Enum(["north", "south"])),
    "no category": pl.Series([None], dtype=pl.Categorical),
    "decimal": pl.Series([DECIMAL], dtype=pl.Decimal(10, 2)),
    "Int128": pl.Series([2**70], dtype=pl.Int128),
    "UInt64": pl.Series([2**63], dtype=pl.UInt64),
    "null": pl.Series([None]),
    "array": pl.Series([[1.0]], dtype=pl.Array(pl.Float64, 1)),
    "struct": pl.Series([{"a": 1}]),
    "time": pl.Series([dt.time(1)]),
    "object": pl.Series([3], dtype=pl.Object),
    "object NA": pl.Series([pd.NA], dtype=pl.Object),
    **{name: pl.Series(cells) for name, cells in ONE_OF_EACH.items()},
}


def answer(decide):
    """The score, or the code and the reason of the refusal of the one cell."""
    try:
        return pytest.approx(float(decide()), rel=1e-5)
    except KeramosError as error:
        (problem,) = error.problems
        return error.code, problem.column, problem.reason.split(",")[0]


def in_a_row(column, cell):
    return answer(lambda: mixed_model().decide([{**ROW, column: cell}])[0].score)


def arrow_table(column, array):
    return pa.table({n: array if n == column else pa.array([cell]) for n, cell in ROW.items()})


def in_a_batch(table):
    scored = mixed_model().batch_scorer().score(table.to_batches()[0])
    if scored.rejected_rows:
        raise RowError("", problems=scored.problems())
    return scored.decided.column("value")[0].as_py()


def in_a_file(table):
    written = io.BytesIO()
    with pa.ipc.new_file(written, table.schema) as file:
        file.write_table(table)
    return mixed_model().decide(read_ipc(written.getvalue(), "t.arrow"))[0].score


def in_parquet(table):
    written = io.BytesIO()
    pq.write_table(table, written)
    return mixed_model().decide(read_parquet(written.getvalue(), "t.parquet"))[0].score


def parquet_keeps(array):
    """Whether Parquet has the type: it lacks several, and a dictionary of durations loses them."""
    try:
        pq.write_table(pa.table({"a": array}), io.BytesIO())
    except (pa.ArrowException, NotImplementedError):
        return False
    return array.type != pa.dictionary(pa.int32(), pa.duration("us"))


@pytest.mark.parametrize("name", ARROW)
def test_a_cell_means_the_same_in_every_type_of_arrow(name):
    array, found = ARROW[name], {}
    for column in ROW:
        table = arrow_table(column, array)
        expected = in_a_row(column, array[0].as_py())
        ways = {
            "a table": answer(lambda table=table: mixed_model().decide(table)[0].score),
            "a batch": answer(lambda table=table: in_a_batch(table)),
            "a file": answer(lambda table=table: in_a_file(table)),
        }
        if parquet_keeps(array):
            ways["Parquet"] = answer(lambda table=table: in_parquet(table))
        wrong = {way: got for way, got in ways.items() if getattr(got, "expected", got) != expected}
        found |= {(column, way): (got, expected) for way, got in wrong.items()}

    assert not found


@pytest.mark.parametrize("name", PANDAS)
def test_a_cell_means_the_same_in_every_type_of_pandas(name):
    series = PANDAS[name]
    for column in ROW:
        given = {n: series if n == column else pd.Series([cell]) for n, cell in ROW.items()}
        expected = in_a_row(column, series.tolist()[0])
        got = answer(lambda given=given: mixed_model().decide(pd.DataFrame(given))[0].score)
        assert getattr(got, "expected", got) == expected, column


@pytest.mark.parametrize("name", POLARS)
def test_a_cell_means_the_same_in_every_type_of_polars(name):
    series = POLARS[name]
    for column in ROW:
        given = {n: series if n == column else pl.Series([cell]) for n, cell in ROW.items()}
        expected = in_a_row(column, series.to_list()[0])
        got = answer(lambda given=given: mixed_model().decide(pl.DataFrame(given))[0].score)
        assert getattr(got, "expected", got) == expected, column


def test_a_period_in_an_arrow_table_is_not_its_number():
    table = pa.Table.from_pandas(pd.DataFrame({**ROW, "size": pd.Series([pd.Period("1999-12")])}))

    with pytest.raises(RowError) as caught:
        mixed_model().decide(table)

    assert "pandas.period" in caught.value.problems[0].reason
