"""Every way in which a row can reach a model: each gives its answer, or the refusal of one cell."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keramos.data.arrow import read_ipc, read_parquet
from keramos.data.delimited import read_delimited
from keramos.data.json_lines import read_json_lines
from keramos.data.read import as_table
from keramos.errors import KeramosError, RowError
from keramos.runtime.decide import decide
from keramos.scoring.arrow_backend import ArrowBackend
from keramos.scoring.block_backend import BlockBackend
from keramos.scoring.formats import format_of
from keramos.serving.codecs.named_arrays import as_feeds
from keramos.serving.codecs.typed_rows import row_types
from keramos.types.scoring import Position, SourceFile
from support.ways_served import SERVED_WAYS, Impossible, json_of


def _refusal(code, problems):
    (problem,) = problems
    return code, problem.row, problem.column, problem.reason


def asked(model, way, row, column, cell):
    """The answer to ``row`` with ``cell`` in ``column``, or code and reason of its refusal."""
    try:
        return pytest.approx(
            float(WAYS[way](model, {**row, column: cell}, column)), rel=1e-5, abs=1e-3
        )
    except KeramosError as error:
        return _refusal(error.code, error.problems)


def _rows(model, row, _):
    return model.decide([row])[0].score


def _many_rows(model, row, column):
    good = {**row, column: None}
    decided = model.decide_table(as_table([row, *[good] * 70]))
    if any(problem.row == 1 for problem in decided.problems):
        raise RowError("", problems=[p for p in decided.problems if p.row == 1])
    return decided.decisions[0].score


def _columns(model, row, _):
    return model.decide({name: [cell] for name, cell in row.items()})[0].score


def _pandas(model, row, _):
    return model.decide(pd.DataFrame({name: [cell] for name, cell in row.items()}))[0].score


def _pandas_object(model, row, _):
    frame = pd.DataFrame({n: pd.Series([cell], dtype=object) for n, cell in row.items()})
    return model.decide(frame)[0].score


def _polars(model, row, _):
    for cell in row.values():
        if isinstance(cell, Fraction) or (isinstance(cell, Decimal) and not cell.is_finite()):
            raise Impossible  # polars makes a float of it, or panics
    try:
        frame = pl.DataFrame({name: [cell] for name, cell in row.items()}, strict=True)
    except Exception as error:  # polars raises many classes for cells it has no type for
        raise Impossible from error
    return model.decide(frame)[0].score


def _arrow(row):
    try:
        return pa.table({name: pa.array([cell]) for name, cell in row.items()})
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise Impossible from error


def _arrow_table(model, row, _):
    return model.decide(_arrow(row))[0].score


def _first_score(scored):
    names = scored.decided.schema.names
    answer = scored.decided.column("score" if "score" in names else "value")[0]
    return answer.as_py() if isinstance(answer, pa.Scalar) else answer


def _parquet_file(row):
    buffer = io.BytesIO()
    try:
        pq.write_table(_arrow(row), buffer)
    except pa.ArrowException as error:
        raise Impossible from error
    return buffer.getvalue()


def _batch(model, row, _):
    scored = model.batch_scorer().score(_arrow(row).combine_chunks().to_batches()[0])
    if scored.rejected_rows:
        raise RowError("", problems=scored.problems())
    return _first_score(scored)


def _parquet(model, row, _):
    return model.decide(read_parquet(_parquet_file(row), "t.parquet"))[0].score


def _json_lines(model, row, _):
    if any(isinstance(cell, float) and not np.isfinite(cell) for cell in row.values()):
        raise Impossible  # JSON has no word for it
    return model.decide(read_json_lines(json_of(row), "t.jsonl"))[0].score


def _scored_json_lines(model, row, column, backend=ArrowBackend):
    if any(isinstance(cell, float) and not np.isfinite(cell) for cell in row.values()):
        raise Impossible
    others = [{**row, column: other} for other in (None, 1.5, 7, "x", True)]
    data = b"\n".join(map(json_of, [row, *others]))
    return _scored_file("t.jsonl", data, model, backend)


def _csv_text(row, column):
    if type(row[column]) not in (str, int):
        raise Impossible  # text has no types: what is written is text
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(row))
    writer.writeheader()
    writer.writerow(row)
    return buffer.getvalue().encode()


def _csv(model, row, column):
    return model.decide(read_delimited(_csv_text(row, column), "t.csv"))[0].score


def _scored_csv(model, row, column, backend=ArrowBackend):
    return _scored_file("t.csv", _csv_text(row, column), model, backend)


def _typed(model, row, _):
    types = row_types(model)
    try:
        decoded = msgspec.json.decode(json_of(row), type=types.row)
        cells = types.cells([decoded])[0]
    except msgspec.DecodeError as error:
        raise Impossible from error  # the general path reads it
    outputs = model.run(types.feeds(cells))
    return decide(outputs[0], model.content.rule)[0].score


def _tensors(model, row, _):
    arrays = {}
    for name, cell in row.items():
        if cell is None or isinstance(cell, (list, dict, tuple, bytes, bytearray, np.ndarray)):
            raise Impossible
        array = np.array([cell.encode() if isinstance(cell, str) else cell])
        arrays[name] = array.astype(object) if array.dtype.kind == "S" else array
    if any(array.dtype.kind not in "bifO" for array in arrays.values()):
        raise Impossible
    return decide(model.run(as_feeds(model, arrays, 100))[0], model.content.rule)[0].score


def _scored_file(name, data, model, backend=ArrowBackend):
    """The score of the first row of a file, as the reader of scoring jobs has it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        source, form = SourceFile(str(path), name, len(data), ""), format_of(name)
        reader = backend.readers[form.name](source, form)
        (chunk, *_) = reader.chunks(list(model.batch_scorer().needs), Position(0))
        batch = chunk.load().batch
    scored = model.scorer(backend.batches, (), ()).score(batch)
    bad = [problem for problem in scored.problems() if problem.row == 1]
    if bad:
        raise RowError("", problems=bad)
    return _first_score(scored)


def _scored_parquet(model, row, _):
    return _scored_file("t.parquet", _parquet_file(row), model)


def _ipc(row):
    buffer = io.BytesIO()
    table = _arrow(row)
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write_table(table)
    return buffer.getvalue()


def _arrow_file(model, row, _):
    return model.decide(read_ipc(_ipc(row), "t.arrow"))[0].score


def _scored_arrow_file(model, row, _):
    return _scored_file("t.arrow", _ipc(row), model)


def _pandas_arrow(model, row, _):
    return model.decide(_arrow(row).to_pandas(types_mapper=pd.ArrowDtype))[0].score


def _record_batches(model, row, _):
    (batch,) = _arrow(row).combine_chunks().to_batches()
    (answers,) = model.predict(iter([batch]))
    return answers.column("value")[0].as_py()


def _numpy_columns(model, row, _):
    columns = {name: np.empty(1, object) for name in row}
    for name, cell in row.items():
        columns[name][0] = cell
    return model.decide(columns)[0].score


WAYS = {
    "a row": _rows,
    "a row among others": _many_rows,
    "columns": _columns,
    "pandas": _pandas,
    "pandas objects": _pandas_object,
    "polars": _polars,
    "an Arrow table": _arrow_table,
    "an Arrow batch": _batch,
    "Parquet": _parquet,
    "JSON Lines": _json_lines,
    "JSON Lines that are scored": _scored_json_lines,
    "CSV": _csv,
    "CSV that is scored": _scored_csv,
    "JSON Lines scored without Arrow": partial(_scored_json_lines, backend=BlockBackend),
    "CSV scored without Arrow": partial(_scored_csv, backend=BlockBackend),
    "Parquet that is scored": _scored_parquet,
    "an Arrow file": _arrow_file,
    "an Arrow file that is scored": _scored_arrow_file,
    "pandas of Arrow types": _pandas_arrow,
    "record batches": _record_batches,
    "columns of numpy objects": _numpy_columns,
    "rows typed by msgspec": _typed,
    "tensors by name": _tensors,
    **SERVED_WAYS,
}

CELLS = {
    "an int": 3,
    "a code": 94105,
    "a code as text": "94105",
    "a code as float": 94105.0,
    "a code as decimal": Decimal(94105),
    "a float": 2.5,
    "a decimal": Decimal("2.5"),
    "a decimal without fraction": Decimal("3.000"),
    "a decimal of 38 digits": Decimal(10**37),
    "a decimal that is NaN": Decimal("NaN"),
    "an infinite decimal": Decimal("Infinity"),
    "a tiny decimal": Decimal("1e-400"),
    "0": 0,
    "1.0": 1.0,
    "2**70": 2**70,
    "2**53 + 1": 2**53 + 1,
    "-2**31": -(2**31),
    "a huge float": 1e300,
    "infinity": float("inf"),
    "NaN": float("nan"),
    "None": None,
    "pandas.NA": pd.NA,
    "pandas.NaT": pd.NaT,
    "true": True,
    "false": False,
    "numpy.int64": np.int64(3),
    "numpy.float32": np.float32(2.5),
    "numpy.bool": np.bool_(True),
    **{
        f"numpy {kind} {value}": np.array(value, kind)[()]
        for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g")
        for value in (0, 3)
    },
    "numpy.uint64 beyond int64": np.uint64(2**63),
    "numpy.float32 that is NaN": np.float32("nan"),
    "numpy.complex64": np.complex64(1),
    "numpy.complex128": np.complex128(1),
    "numpy.bytes": np.bytes_(b"north"),
    "numpy.timedelta64": np.timedelta64(3, "s"),
    "numpy.timedelta64 that is NaT": np.timedelta64("NaT", "s"),
    "numpy.datetime64 in days": np.datetime64("1999-12-31"),
    "numpy.datetime64 that is NaT": np.datetime64("NaT"),
    "numpy.void": np.zeros(1, "i4,i4")[0],
    "an array": np.array([1.0, 2.0]),
    "an array of one": np.array([3.0]),
    "an array without axes": np.array(3.0),
    "numpy.str": np.str_("north"),
    "text": "north",
    "text with blanks": "  north ",
    "unseen text": "nowhere",
    "empty text": "",
    "blank text": "  ",
    "NA": "NA",
    "a question mark": "?",
    "a number as text": "2.5",
    "a number with blanks": " 7 ",
    "1e400": "1e400",
    "true as text": "TRUE",
    "a date": dt.date(1999, 12, 31),
    "a date as text": "1999-12-31",
    "a moment": dt.datetime(1999, 12, 31, 13, 45),  # noqa: DTZ001 (local clock)
    "a moment with a zone": dt.datetime(1999, 12, 31, 13, 45, tzinfo=dt.UTC),
    "numpy.datetime64": np.datetime64("1999-12-31T00:00:00", "us"),
    "no date": "1999-13-31",
    "a duration": dt.timedelta(seconds=3),
    "a time": dt.time(12, 30),
    "bytes": b"north",
    "complex": 1 + 2j,
    "a bytearray": bytearray(b"north"),
    "a set": {1},
    "an object": object(),
    "a fraction": Fraction(5, 2),
    "a duration of pandas": pd.Timedelta(seconds=3),
    "a timestamp of pandas": pd.Timestamp("1999-12-31"),
    "a period of pandas": pd.Period("1999-12"),
    "a zoned timestamp of pandas": pd.Timestamp("1999-12-31", tz="Europe/Berlin"),
    "a list of one": [3],
    "nested lists": [[1]],
    "a list": [1, 2],
    "an empty list": [],
    "a dict": {"a": 1},
    "a tuple": (1, 2),
}
