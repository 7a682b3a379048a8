"""Every way in which a row can reach a model: each gives its answer, or the refusal of one cell."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keramos.data.arrow import read_parquet
from keramos.data.delimited import read_delimited
from keramos.data.json_lines import read_json_lines
from keramos.data.read import as_table
from keramos.errors import KeramosError, Problem, RowError
from keramos.runtime.decide import decide
from keramos.scoring.formats import Format
from keramos.scoring.json_lines import JsonLinesReader
from keramos.serving.assemble import ROUTES
from keramos.serving.codecs.named_arrays import as_feeds
from keramos.serving.codecs.typed_rows import row_types
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.scoring import Position, SourceFile


class Impossible(Exception):  # noqa: N818 (not an error: the way has no form for the cell)
    """The way in cannot carry such a cell."""


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


def _batch(model, row, _):
    scored = model.batch_scorer().score(_arrow(row).combine_chunks().to_batches()[0])
    if scored.rejected_rows:
        raise RowError("", problems=scored.problems())
    names = scored.decided.schema.names
    return scored.decided.column("score" if "score" in names else "value")[0].as_py()


def _parquet(model, row, _):
    buffer = io.BytesIO()
    try:
        pq.write_table(_arrow(row), buffer)
    except pa.ArrowException as error:
        raise Impossible from error
    return model.decide(read_parquet(buffer.getvalue(), "t.parquet"))[0].score


def _json(row):
    try:
        return json.dumps(row).encode()
    except TypeError as error:
        raise Impossible from error


def _json_lines(model, row, _):
    if any(isinstance(cell, float) and not np.isfinite(cell) for cell in row.values()):
        raise Impossible  # JSON has no word for it
    return model.decide(read_json_lines(_json(row), "t.jsonl"))[0].score


def _scored_json_lines(model, row, column):
    if any(isinstance(cell, float) and not np.isfinite(cell) for cell in row.values()):
        raise Impossible
    others = [{**row, column: other} for other in (None, 1.5, 7, "x", True)]
    data = b"\n".join(map(_json, [row, *others]))
    file = SourceFile("t.jsonl", "t.jsonl", len(data), "")
    reader = JsonLinesReader(file, pa.BufferReader(data), Format("jsonl"))
    (chunk,) = reader.chunks(list(row), Position(0))
    scored = model.batch_scorer().score(chunk.load().batch)
    bad = [problem for problem in scored.problems() if problem.row == 1]
    if bad:
        raise RowError("", problems=bad)
    names = scored.decided.schema.names
    return scored.decided.column("score" if "score" in names else "value")[0].as_py()


def _csv(model, row, column):
    if type(row[column]) not in (str, int):
        raise Impossible  # text has no types: what is written is text
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(row))
    writer.writeheader()
    writer.writerow(row)
    text = buffer.getvalue().encode()
    return model.decide(read_delimited(text, "t.csv"))[0].score


def _typed(model, row, _):
    types = row_types(model)
    if types is None:
        raise Impossible  # a model with dates
    try:
        decoded = msgspec.json.decode(_json(row), type=types.row)
    except msgspec.DecodeError as error:
        raise Impossible from error  # the general path reads it
    outputs = model.run(types.feeds(types.cells([decoded])))
    return decide(outputs[0], model.content.rule)[0].score


def _tensors(model, row, _):
    arrays = {}
    for name, cell in row.items():
        if cell is None or isinstance(cell, (list, dict, tuple, bytes)):
            raise Impossible
        array = np.array([cell.encode() if isinstance(cell, str) else cell])
        arrays[name] = array.astype(object) if array.dtype.kind == "S" else array
    if any(array.dtype.kind not in "bifO" for array in arrays.values()):
        raise Impossible
    return decide(model.run(as_feeds(model, arrays, 100))[0], model.content.rule)[0].score


class HttpRefusalError(KeramosError):
    """A reply that is not 200."""

    def __init__(self, reply):
        problems = [Problem(**problem) for problem in reply["problems"]]
        super().__init__("refused", problems=problems)
        self.code = reply["code"]


def _http(model, row, _):
    engine = ModelRegistry()
    engine.add("m", 1, model)
    app = App(Context(engine, max_rows=100), ROUTES, Access())
    body = json.dumps({"rows": [json.loads(_json(row))]}).encode()
    reply = app.answer(Request("POST", "/models/m/decide", "", {}, body))
    found = json.loads(reply.body)
    if reply.status != 200:
        raise HttpRefusalError(found)
    return found["decisions"][0]["score"]


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
    "rows typed by msgspec": _typed,
    "tensors by name": _tensors,
    "HTTP": _http,
}

CELLS = {
    "an int": 3,
    "a code": 94105,
    "a code as text": "94105",
    "a code as float": 94105.0,
    "a code as decimal": Decimal(94105),
    "a float": 2.5,
    "a decimal": Decimal("2.5"),
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
    "a list": [1, 2],
    "an empty list": [],
    "a dict": {"a": 1},
    "a tuple": (1, 2),
}
