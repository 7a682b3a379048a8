"""Kept columns are carried exactly: no digit of a key is lost, or the job is refused."""

import csv
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keramos.errors import DataError
from keramos.scoring.run import score
from support.built_once import built
from support.trained import three_numbers

KEYS = {
    "integers": [1, 2],
    "integers beyond 2**53": [2**53 + 1, 2**53 + 3],
    "integers with gaps": [2**53 + 1, None],
    "integers beside decimal numbers": [2**53 + 1, 2.5],
    "integers beyond int64": [2**63, 1],
    "integers beyond 64 bits": [2**70, 2**53 + 1],
    "integers of 400 digits": [int("1" * 400), 1],
    "integers beside text": [94105, "SW1"],
    "integers beside truth": [True, 1],
    "digits as text": ["007", "12345678901234567890123"],
    "text like a date": ["2020-01-01", "2020-01-02T00:00:00Z"],
    "text with blanks": [" a", "a "],
}


@pytest.fixture(scope="module")
def model():
    return built("three_numbers", three_numbers) / "m.h5"


def written(key):
    """A key as text formats have it."""
    return "" if key is None else key if isinstance(key, str) else json.dumps(key)


def kept(target):
    """The keys that answers carry along, as text."""
    if target.suffix == ".parquet":
        return [written(key) for key in pq.read_table(target).column("id").to_pylist()]
    if target.suffix == ".jsonl":
        return [written(json.loads(line)["id"]) for line in target.read_text().splitlines()]
    with target.open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("target", ["o.csv", "o.jsonl", "o.parquet"])
@pytest.mark.parametrize("keys", KEYS)
def test_keys_of_json_lines_are_carried_exactly(model, keys, target, tmp_path):
    rows = [{"id": key, "x0": 0.1, "x1": 0.5, "x2": 0.9} for key in KEYS[keys]]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    score(model, tmp_path / "in.jsonl", tmp_path / target, keep=["id"])

    assert kept(tmp_path / target) == [written(key) for key in KEYS[keys]]


ARRAYS = {
    "uint64": pa.array([2**64 - 1, 1], pa.uint64()),
    "int64": pa.array([2**53 + 1, None]),
    "decimal": pa.array([Decimal(10**37 + 1), None], pa.decimal128(38, 0)),
    "a dictionary": pa.array([2**53 + 1, 1]).dictionary_encode(),
    "a view": pa.array(["a", " b"], pa.string_view()),
}


@pytest.mark.parametrize("target", ["o.csv", "o.jsonl", "o.parquet"])
@pytest.mark.parametrize("keys", ARRAYS)
def test_keys_of_parquet_are_carried_exactly(model, keys, target, tmp_path):
    columns = {"id": ARRAYS[keys], **{f"x{place}": pa.array([0.1, 0.9]) for place in range(3)}}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")

    score(model, tmp_path / "in.parquet", tmp_path / target, keep=["id"])

    wanted = ["" if key is None else str(key) for key in ARRAYS[keys].to_pylist()]
    found = [str(key).strip('"') for key in kept_plainly(tmp_path / target)]
    assert found == wanted


def kept_plainly(target):
    if target.suffix != ".parquet":
        return kept(target)
    return ["" if key is None else key for key in pq.read_table(target).column("id").to_pylist()]


@pytest.mark.parametrize("target", ["o.csv", "o.jsonl", "o.parquet"])
@pytest.mark.parametrize("odd", [2**70, 2.5, "x", True])
def test_a_key_of_another_type_far_behind_is_refused_by_name(model, odd, target, tmp_path):
    rows = [{"id": key, "x0": 0.1, "x1": 0.5, "x2": 0.9} for key in [*range(110_000), odd]]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    with pytest.raises(DataError, match="'id': a column that is kept has cells of other types"):
        score(model, tmp_path / "in.jsonl", tmp_path / target, keep=["id"])
