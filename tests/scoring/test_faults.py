"""Trouble of every kind: one clear sentence, nothing half visible, nothing lost, nothing twice."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import keramos
from keramos.errors import DataError
from support.command import keramos as command
from support.scoring_rows import expected, rows

KERAMOS = str(Path(sys.executable).with_name("keramos"))
GIB = 1 << 30


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_without_room_is_told_and_with_room_the_run_goes_on(
    scoring_model, tmp_path, small_disk
):
    pq.write_table(rows(100_000), tmp_path / "in.parquet", row_group_size=1000)
    call = [
        "score",
        scoring_model,
        tmp_path / "in.parquet",
        "-o",
        small_disk / "out.csv",
        "--keep",
        "id",
    ]
    call += ["--part-rows", "5000"]
    done = command(*call)

    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "--resume" in done.stderr
    assert not (small_disk / "out.csv").exists()
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    done = command(*call, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["resumed"]
    assert pa_csv.read_csv(small_disk / "out.csv")["id"].to_pylist() == list(range(100_000))


def _cut(path, part):
    os.truncate(path, int(path.stat().st_size * part))


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv.gz"])
def test_a_file_that_was_cut_is_named_and_nothing_appears(scoring_model, tmp_path, form):
    path = tmp_path / f"in.{form}"
    table = rows(50_000)
    if form == "parquet":
        pq.write_table(table, path)
    elif form == "arrow":
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    else:
        with pa.CompressedOutputStream(str(path), "gzip") as sink:
            pa_csv.write_csv(table, sink)
    _cut(path, 0.7)
    done = command("score", scoring_model, path, "-o", "out.csv", cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    assert f"in.{form}" in done.stderr
    assert "Traceback" not in done.stderr
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "change", [Path.unlink, lambda path: _cut(path, 0.5), Path.touch], ids=["gone", "cut", "new"]
)
def test_a_source_that_is_lost_cut_or_replaced_meanwhile_is_refused(
    scoring_model, tmp_path, change
):
    path = tmp_path / "in.parquet"
    pq.write_table(rows(100_000), path, row_group_size=1000)
    waiting = [lambda: change(path)]

    def meanwhile(_):
        if waiting:
            waiting.pop()()

    with pytest.raises(DataError, match=r"in\.parquet"):
        keramos.score(scoring_model, path, tmp_path / "out.csv", on_progress=meanwhile)
    assert not (tmp_path / "out.csv").exists()


def test_a_kept_column_of_two_types_is_refused_with_both_files_named(scoring_model, tmp_path):
    (tmp_path / "in").mkdir()
    table = rows(10)
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    pq.write_table(
        table.set_column(0, "id", table["id"].cast(pa.string())), tmp_path / "in" / "b.parquet"
    )

    with pytest.raises(
        DataError, match=r"b.parquet: column 'id'.* int64 in .*a.parquet; received string"
    ):
        keramos.score(scoring_model, tmp_path / "in", tmp_path / "out.csv", keep=("id",))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("lost", ["source", "target"])
def test_a_right_that_is_missing_is_named(scoring_model, tmp_path, lost):
    plain = (
        ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    )  # root may anything
    if plain and (
        not shutil.which("setpriv") or subprocess.run([*plain, "true"], check=False).returncode
    ):
        pytest.skip("setpriv is needed to test rights as root")
    pa_csv.write_csv(rows(10), tmp_path / "in.csv")
    closed, mode = (tmp_path / "in.csv", 0) if lost == "source" else (tmp_path, 0o555)
    closed.chmod(mode)
    try:
        call = [*plain, KERAMOS, "score", str(scoring_model), "in.csv", "-o", "out.csv"]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        closed.chmod(0o755)

    assert done.returncode == 1, done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_object_stores_are_read_and_written_through_fsspec(scoring_model, tmp_path, monkeypatch):
    import fsspec

    monkeypatch.chdir(tmp_path)
    memory, table = fsspec.filesystem("memory"), rows(3000)
    for number in range(3):
        with memory.open(f"/store/in/part={number}/a.parquet", "wb") as file:
            pq.write_table(table.slice(number * 1000, 1000), file)
    summary = keramos.score(
        scoring_model, "memory://store/in", "memory://store/out/", keep=("id", "part")
    )

    assert summary.totals.rows == 3000
    parts = [
        pq.read_table(memory.open(f"/store/out/part={n}/a-00000.parquet"), partitioning=None)
        for n in range(3)
    ]
    out = pa.concat_tables(parts)
    assert out["id"].to_pylist() == list(range(3000))
    assert out["score"].to_numpy() == pytest.approx(expected(scoring_model, table), abs=1e-6)
    assert json.loads(memory.cat("/store/out/_keramos.json"))["totals"]["decided"] == 3000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_gigabytes_of_csv_are_decided_row_by_row(scoring_model, tmp_path):
    if shutil.disk_usage(tmp_path).free < 12 * GIB:
        pytest.skip("12 GB of free disk are needed")
    block = "".join(
        f"{i % 97 / 97:.6f},{i % 89 / 89:.6f},{i % 83 / 83:.6f}\n" for i in range(200_000)
    ).encode()
    copies = 5 * GIB // len(block) + 1
    with (tmp_path / "in.csv").open("wb") as file:
        file.write(b"x0,x1,x2\n")
        for _ in range(copies):
            file.write(block)
    summary = keramos.score(scoring_model, tmp_path / "in.csv", tmp_path / "out.parquet")

    assert (tmp_path / "in.csv").stat().st_size > 5 * GIB
    assert summary.totals.rows == summary.totals.decided == copies * 200_000
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == copies * 200_000
