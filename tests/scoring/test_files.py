"""Files in, files out: every row once, whatever happens."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import keramos
from keramos.errors import DataError, RowError, UsageError
from keramos.scoring.formats import Format
from keramos.scoring.joined import join
from support.command import keramos as command
from support.scoring_rows import expected, rows

KERAMOS = str(Path(sys.executable).with_name("keramos"))


@pytest.fixture(scope="module")
def model(scoring_model):
    return scoring_model


WRITE = {
    "parquet": lambda table, path: pq.write_table(table, path, row_group_size=700),
    "csv": pa_csv.write_csv,
    "csv.gz": lambda table, path: pa_csv.write_csv(
        table, pa.CompressedOutputStream(str(path), "gzip")
    ),
    "csv.zst": lambda table, path: pa_csv.write_csv(
        table, pa.CompressedOutputStream(str(path), "zstd")
    ),
    "jsonl": lambda table, path: path.write_text(
        "".join(json.dumps(row) + "\n" for row in table.to_pylist())
    ),
}


def write_arrow(table, path):
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


WRITE["arrow"] = write_arrow


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "csv.zst", "jsonl", "arrow"])
def test_every_format_gives_every_row_once_with_the_answer_of_predict(model, tmp_path, form):
    table = rows(3000)
    if form.startswith("csv."):
        with pa.CompressedOutputStream(
            str(tmp_path / f"in.{form}"), "gzip" if form == "csv.gz" else "zstd"
        ) as sink:
            pa_csv.write_csv(table, sink)
    else:
        WRITE[form](table, tmp_path / f"in.{form}")
    summary = keramos.score(model, tmp_path / f"in.{form}", tmp_path / "out.parquet", keep=("id",))

    out = pq.read_table(tmp_path / "out.parquet")
    assert [int(i) for i in out["id"].to_pylist()] == list(range(3000))
    assert out["score"].to_numpy() == pytest.approx(expected(model, table), abs=1e-6)
    assert (summary.totals.rows, summary.totals.decided, summary.totals.rejected) == (3000, 3000, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"in.{form}",
        "out.parquet",
        "out.parquet.summary.json",
    ]


@pytest.mark.parametrize("form", ["parquet", "csv", "tsv", "jsonl", "arrow", "csv.gz", "jsonl.zst"])
def test_every_format_is_written_from_parts_as_from_one(model, tmp_path, form):
    pq.write_table(rows(5000), tmp_path / "in.parquet", row_group_size=500)
    keramos.score(model, tmp_path / "in.parquet", tmp_path / f"one.{form}", keep=("id",))
    keramos.score(
        model, tmp_path / "in.parquet", tmp_path / f"many.{form}", keep=("id",), part_rows=900
    )

    one, many = (tmp_path / f"{name}.{form}" for name in ("one", "many"))
    if form in {"csv", "tsv", "jsonl", "parquet", "arrow"}:
        assert one.read_bytes() == many.read_bytes()
    else:
        assert read_text(one) == read_text(many)


def read_text(path):
    return pa.CompressedInputStream(
        pa.OSFile(str(path)), "gzip" if path.suffix == ".gz" else "zstd"
    ).read()


def test_a_folder_keeps_its_partitions(model, tmp_path):
    for region, seed in (("eu", 1), ("us", 2)):
        folder = tmp_path / "in" / f"region={region}"
        folder.mkdir(parents=True)
        pq.write_table(rows(100, seed), folder / "a.parquet")
    (tmp_path / "in" / "_SUCCESS").touch()
    keramos.score(model, tmp_path / "in", tmp_path / "out", keep=("id", "region"))

    out = pq.read_table(tmp_path / "out" / "region=us" / "a-00000.parquet", partitioning=None)
    assert set(out["region"].to_pylist()) == {"us"}
    assert out["score"].to_numpy() == pytest.approx(expected(model, rows(100, 2)), abs=1e-6)
    assert (tmp_path / "out" / "_keramos.json").exists()


BAD = "id,x0,x1,x2\n1,0.1,0.2,0.3\n2,0.1,abc,0.3\n3,0.1\n4,0.1,0.2,\n5,0.4,0.5,0.6\n"


def test_bad_rows_go_to_the_side_file_and_the_totals_add_up(model, tmp_path):
    (tmp_path / "in.csv").write_text(BAD)
    done = command(
        "score",
        model,
        "in.csv",
        "-o",
        "out.csv",
        "--keep",
        "id",
        "--on-error",
        "skip",
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    assert "5 rows = 2 decided + 3 rejected" in done.stderr
    assert [line.split(",")[0] for line in (tmp_path / "out.csv").read_text().splitlines()] == [
        '"row"',
        "1",
        "5",
    ]
    listed = pa_csv.read_csv(tmp_path / "out.rejected.csv").to_pylist()
    assert [(cell["row"], cell["column"]) for cell in listed] == [(2, "x1"), (3, ""), (4, "x2")]


def test_a_bad_row_ends_the_run_and_nothing_is_visible(model, tmp_path):
    (tmp_path / "in.csv").write_text(BAD)
    with pytest.raises(RowError, match="row 2, column 'x1'"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_kill_at_any_point_loses_and_doubles_nothing(model, tmp_path):
    pq.write_table(rows(60_000), tmp_path / "in.parquet", row_group_size=300)
    call = [
        KERAMOS,
        "score",
        str(model),
        "in.parquet",
        "-o",
        "out.csv",
        "--keep",
        "id",
        "--part-rows",
        "600",
    ]
    begun = time.monotonic()
    subprocess.run(
        [*call[:5], "whole.csv", *call[6:]], cwd=tmp_path, check=True, capture_output=True
    )
    whole = time.monotonic() - begun
    chance, kills = random.Random(0), 0  # noqa: S311 (points in time)
    for _ in range(20):
        process = subprocess.Popen(
            [*call, "--resume"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            process.communicate(timeout=whole * chance.uniform(0.3, 0.9))
            whole *= 0.8  # the machine has become faster: begin again, and end it earlier
            for made in tmp_path.glob("out.csv*"):
                made.unlink()
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        assert (tmp_path / "out.csv").exists() <= (process.returncode == 0 or kills > 0)
    last = subprocess.run(
        [*call, "--resume"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert last.returncode == 0, last.stderr
    assert kills > 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    totals = [
        json.loads((tmp_path / f"{name}.csv.summary.json").read_text())["totals"]
        for name in ("out", "whole")
    ]
    assert totals[0] == totals[1]


def test_a_full_disk_shows_nothing_and_the_run_goes_on_later(model, tmp_path):
    pq.write_table(rows(200_000), tmp_path / "in.parquet")
    call = f"{KERAMOS} score {model} in.parquet -o out.csv --keep id"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 100; exec {call}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    assert (
        subprocess.run(
            [*call.split(), "--resume"], cwd=tmp_path, capture_output=True, check=False
        ).returncode
        == 0
    )


def test_a_corrupt_row_group_is_named(model, tmp_path):
    pq.write_table(rows(3000), tmp_path / "in.parquet", row_group_size=1000, compression="snappy")
    place = pq.ParquetFile(tmp_path / "in.parquet").metadata.row_group(1).column(1).data_page_offset
    data = bytearray((tmp_path / "in.parquet").read_bytes())
    data[place : place + 60] = b"\xff" * 60
    (tmp_path / "in.parquet").write_bytes(data)

    with pytest.raises(DataError, match=r"row group 1 \(from row 1001\)"):
        keramos.score(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_schema_that_changes_between_files_is_named_and_empty_files_count_nothing(
    model, tmp_path
):
    (tmp_path / "in").mkdir()
    pa_csv.write_csv(rows(10), tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "b.csv").touch()
    summary = keramos.score(model, tmp_path / "in", tmp_path / "out.csv")
    assert [file.rows for file in summary.totals.files] == [10, 0]

    pa_csv.write_csv(rows(10).drop(["x1"]), tmp_path / "in" / "c.csv")
    with pytest.raises(DataError, match=r"c.csv.* lacks 1 column: 'x1'"):
        keramos.score(model, tmp_path / "in", tmp_path / "out2.csv")
    assert not (tmp_path / "out2.csv").exists()


def tiny(model, tmp_path, count):
    (tmp_path / "in").mkdir()
    table = rows(count * 3)
    for number in range(count):
        pq.write_table(table.slice(number * 3, 3), tmp_path / "in" / f"{number:06d}.parquet")
    summary = keramos.score(model, tmp_path / "in", tmp_path / "out.parquet", keep=("id",))
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == list(range(count * 3))
    assert summary.totals.rows == count * 3


def test_many_tiny_files_become_one(model, tmp_path):
    tiny(model, tmp_path, 200)


@pytest.mark.slow
def test_ten_thousand_tiny_files_become_one(model, tmp_path):
    tiny(model, tmp_path, 10_000)


def test_a_source_that_changes_while_it_is_read_is_refused(model, tmp_path):
    pa_csv.write_csv(rows(100_000), tmp_path / "in.csv")

    def change(_):
        with (tmp_path / "in.csv").open("a") as file:
            file.write("1,2,3,4\n")

    with pytest.raises(DataError, match="was changed while it was read"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.csv", on_progress=change)
    assert not (tmp_path / "out.csv").exists()


def test_options_and_places_that_make_no_sense_are_refused(model, tmp_path):
    pa_csv.write_csv(rows(10), tmp_path / "in.csv")
    with pytest.raises(UsageError, match="option 'kep'"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.csv", kep="id")
    with pytest.raises(UsageError, match=r"engine does not exist.*'x'"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.csv", engine="x")
    with pytest.raises(UsageError, match="Write somewhere else"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "in.csv")
    with pytest.raises(DataError, match="does not exist"):
        keramos.score(model, tmp_path / "no.csv", tmp_path / "out.csv")
    with pytest.raises(
        UsageError, match=r"not of a known format .*'\.xlsx'.* For a folder write .*out\.xlsx/"
    ):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_interrupt_stops_cleanly_and_says_how_to_go_on(model, tmp_path):
    pq.write_table(rows(400_000), tmp_path / "in.parquet", row_group_size=300)
    call = [
        KERAMOS,
        "score",
        str(model),
        "in.parquet",
        "-o",
        "out.csv",
        "--keep",
        "id",
        "--part-rows",
        "600",
    ]
    process = subprocess.Popen(
        call, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    journal = tmp_path / ".out.csv.keramos" / "parts.jsonl"
    while not (journal.exists() and journal.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()

    assert process.returncode == 130
    assert "--resume to go on" in said
    assert not (tmp_path / "out.csv").exists()


def test_parts_are_joined_in_memory_that_does_not_grow_with_them(tmp_path):
    schema, draw = pa.schema([("score", pa.float64())]), np.random.default_rng(0)
    with pq.ParquetWriter(tmp_path / "part", schema) as writer:
        for _ in range(16):
            writer.write_table(pa.table([draw.random(1 << 18)], schema))
    before = pa.default_memory_pool()
    watched = pa.proxy_memory_pool(before)
    pa.set_memory_pool(watched)
    try:
        join([tmp_path / "part"] * 2, tmp_path / "joined", Format("parquet"), schema)
    finally:
        pa.set_memory_pool(before)

    assert pq.read_metadata(tmp_path / "joined").num_rows == 32 << 18
    assert watched.max_memory() < (tmp_path / "part").stat().st_size / 2
