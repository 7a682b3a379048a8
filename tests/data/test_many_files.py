"""Several files and files larger than memory are one table of bounded size."""

import gzip
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import keramos
from keramos.data import many_files
from keramos.data.many_files import bounded
from keramos.data.row_sample import row_hashes, smallest
from keramos.errors import DataError, UsageError

ROWS = 3000
RNG = np.random.default_rng(0)
COLUMNS = {
    "number": np.arange(ROWS, dtype=float),
    "word": RNG.choice(["a", "b"], ROWS),
    "y": RNG.normal(size=ROWS),
}
TABLE = pa.table(COLUMNS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    ends = [0, 700, 701, 2500, ROWS]
    for number, (begin, end) in enumerate(pairwise(ends)):
        part = TABLE.slice(begin, end - begin)
        pq.write_table(part, folder / f"part-{number}.parquet", row_group_size=300 + number)
    pq.write_table(TABLE, folder / "whole.parquet", row_group_size=1000)
    return folder


@pytest.mark.parametrize("most", [1, 50, 1400, ROWS])
def test_a_sample_is_the_same_however_rows_are_spread_over_files(files, most, monkeypatch):
    monkeypatch.setattr("keramos.data.arrow_stream._BATCH", 128)
    wanted = smallest(row_hashes(0, ROWS, 7), most)

    many, one = (
        bounded(str(files / name), most, 7).table for name in ("part-*.parquet", "whole.parquet")
    )

    for table in (many, one):
        assert table.rows == most
        np.testing.assert_array_equal(table.columns["number"].values, wanted)
        np.testing.assert_array_equal(table.columns["word"].values, COLUMNS["word"][wanted])


def test_seeds_draw_other_rows_and_all_rows_alike():
    drawn = [smallest(row_hashes(0, 10_000, seed), 1000) for seed in range(20)]
    counts = np.bincount(np.concatenate(drawn) // 1000, minlength=10)

    assert not np.array_equal(drawn[0], drawn[1])
    assert counts.min() > 1700
    assert counts.max() < 2300


def test_hashes_of_parts_are_those_of_the_whole():
    whole = row_hashes(0, 100, 3)

    np.testing.assert_array_equal(
        np.concatenate([row_hashes(0, 40, 3), row_hashes(40, 60, 3)]), whole
    )


def test_large_parquet_files_are_sampled_without_being_asked(files, monkeypatch):
    monkeypatch.setattr(many_files, "_LARGE", 1)
    monkeypatch.setattr(many_files, "MOST_ROWS", 500)

    found = bounded(files / "whole.parquet", 0, 0)

    assert (found.table.rows, found.rows) == (500, ROWS)
    assert found.table.source.endswith("whole.parquet (500 of 3,000 rows)")


def test_several_csv_files_are_one_table(tmp_path):
    header, lines = "a,y\n", [f"{row},{row % 2}\n" for row in range(60)]
    (tmp_path / "1.csv").write_text(header + "".join(lines[:20]))
    (tmp_path / "2.csv.gz").write_bytes(gzip.compress((header + "".join(lines[20:])).encode()))

    table = bounded([tmp_path / "1.csv", tmp_path / "2.csv.gz"], 0, 0).table

    assert table.columns["a"].values.tolist() == [str(row) for row in range(60)]


def test_a_model_of_several_files_says_how_many_rows_it_is_of(files):
    said = []

    run = keramos.train(
        files / "part-*.parquet", "y", recipe="linear", max_rows=400, on_message=said.append
    )

    assert run.content.provenance.source == "part-0.parquet and 3 more (400 of 3,000 rows)"
    assert run.content.provenance.rows == 400
    assert any(one.startswith("400 of 3,000 rows are used") for one in said)


def test_files_that_are_no_one_table_are_refused_by_name(files, tmp_path):
    pq.write_table(TABLE.drop_columns(["word"]), tmp_path / "less.parquet")
    words = TABLE.set_column(0, "number", pa.array(["x"] * ROWS))
    pq.write_table(words, tmp_path / "words.parquet")
    whole = files / "whole.parquet"

    with pytest.raises(DataError, match=r"less\.parquet.*other columns"):
        bounded([whole, tmp_path / "less.parquet"], 0, 0)
    with pytest.raises(DataError, match="cannot be read as one table"):
        bounded([whole, tmp_path / "words.parquet"], 0, 0)
    with pytest.raises(DataError, match="no file has a name like this"):
        bounded(str(tmp_path / "none-*.parquet"), 0, 0)
    with pytest.raises(UsageError, match="number of rows must be 1 or more"):
        bounded(whole, -1, 0)
