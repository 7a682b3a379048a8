"""A scoring job writes over nothing that it reads, and no line of a file ends the process."""

import os
import shutil
from pathlib import Path

import pyarrow.csv as pa_csv
import pytest

import keramos
from keramos.errors import DataError, UsageError
from support.scoring_rows import rows

NAMES = ("m.h5", "rows.csv", "o.rejected.csv", "o.csv.summary.json")


@pytest.fixture
def folder(scoring_model, tmp_path, monkeypatch):
    shutil.copy(scoring_model, tmp_path / "m.h5")
    pa_csv.write_csv(rows(20), tmp_path / "rows.csv")
    for name in NAMES[2:]:
        shutil.copy(tmp_path / "rows.csv", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "target", "options"),
    [
        ("rows.csv", "rows.csv", {}),
        ("rows.csv", ".", {}),
        ("rows.csv", "o.csv", {"summary": "rows.csv"}),
        ("rows.csv", "o.csv", {"summary": "m.h5"}),
        ("rows.csv", "-", {"summary": "m.h5"}),
        ("rows.csv", "o.csv", {"rejects": "rows.csv", "on_error": "skip"}),
        ("rows.csv", "o.csv", {"rejects": "o.csv", "on_error": "skip"}),
        ("rows.csv", "o.csv", {"summary": "o.csv"}),
        ("rows.csv", "o.csv", {"summary": "folder"}),
        ("rows.csv", "pipe.csv", {}),
        ("o.rejected.csv", "o.csv", {"on_error": "skip"}),
        ("o.csv.summary.json", "o.csv", {"source_format": "csv"}),
    ],
)
def test_a_job_writes_over_nothing_that_it_reads_or_writes(source, target, options, folder):
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe.csv")
    before = {name: (folder / name).read_bytes() for name in NAMES}

    with pytest.raises(UsageError, match="Write somewhere else"):
        keramos.score("m.h5", source, target, **options)

    assert {name: (folder / name).read_bytes() for name in NAMES} == before


@pytest.mark.parametrize("line", ["null", " null", "[]", "3", '"x"', "true", "nul", "{"])
def test_a_line_that_is_not_an_object_is_a_bad_row(line, folder):
    Path("r.jsonl").write_text(f"{line}\n")
    with pytest.raises(DataError, match="JSON object"):
        keramos.score("m.h5", "r.jsonl", "o.jsonl", on_error="skip")

    Path("r.jsonl").write_text(f'{line}\n{{"x0":1,"x1":1,"x2":1}}\n')
    assert keramos.score("m.h5", "r.jsonl", "o.jsonl", on_error="skip").totals.rejected == 1
    assert "JSON object" in Path("o.rejected.csv").read_text()
