"""predict and score give the same bytes for the same model and rows."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import keramos
from support.built_once import built
from support.command import keramos as command

ROWS = [
    {"id": f"k{at}", "size": float(at % 40), "town": "abc"[at % 3], "price": at * 1.5 + at % 3}
    for at in range(120)
]
CLASSES = [{**row, "price": ["low", "mid", "high"][at % 40 // 14]} for at, row in enumerate(ROWS)]
CHANGED = {"size": 99.0, "town": "z"}
KEYS = {(): ["row"], ("--keep", "id"): ["id"]}


def make(folder):
    for name, rows, options in (("value", ROWS, {}), ("classes", CLASSES, {"interval": 0.9})):
        run = keramos.train(rows, "price", epochs=2, recipe="tutorial", drop=("id",), **options)
        run.save(folder / f"{name}.h5")
    new = [{name: row[name] for name in ("id", "size", "town")} for row in ROWS[:20]]
    new[3] |= CHANGED
    bad = [*new[:5], {**new[5], "size": "wide"}, *new[6:]]
    for name, found in (("new", new), ("bad", bad)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["id", "size", "town"])
            writer.writeheader()
            writer.writerows(found)
        lines = "".join(json.dumps(row) + "\n" for row in found)
        (folder / f"{name}.jsonl").write_text(lines)
    pq.write_table(pa.Table.from_pylist(new), folder / "new.parquet")


@pytest.fixture(scope="module")
def folder():
    return built("same_answers", make)


READ = {
    "csv": lambda path: list(csv.DictReader(path.read_text().splitlines())),
    "jsonl": lambda path: [json.loads(line) for line in path.read_text().splitlines()],
    "parquet": lambda path: pq.read_table(path).to_pylist(),
    "arrow": lambda path: pa.ipc.open_file(path).read_all().to_pylist(),
}


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("keep", KEYS)
@pytest.mark.parametrize("model", ["value", "classes"])
def test_predict_and_score_write_the_same_bytes(folder, tmp_path, model, keep, form):
    for verb in ("predict", "score"):
        given = [folder / f"{model}.h5", folder / "new.csv", "-o", tmp_path / f"{verb}.{form}"]
        done = command(verb, *given, *keep)
        assert done.returncode == 0, done.stderr
    first, second = (tmp_path / f"{verb}.{form}" for verb in ("predict", "score"))

    assert first.read_bytes() == second.read_bytes()
    rows = READ[form](first)
    assert list(rows[0])[: len(KEYS[keep])] == KEYS[keep]
    assert list(rows[0])[-1] == "warnings"
    assert [at for at, row in enumerate(rows) if row["warnings"]] == [3]
    assert "size 99 is outside the training range" in rows[3]["warnings"]
    assert "town 'z' is not a category" in rows[3]["warnings"]


@pytest.mark.parametrize("source", ["bad.csv", "bad.jsonl"])
def test_rows_that_are_left_out_leave_the_numbers_of_the_others(folder, tmp_path, source):
    for verb in ("predict", "score"):
        given = [folder / "value.h5", folder / source, "--keep", "id", "--on-error", "skip"]
        piped = command(verb, *given, cwd=tmp_path)
        assert list(tmp_path.iterdir()) == []
        done = command(verb, *given, "-o", f"{verb}.csv", cwd=tmp_path)
        listed = (tmp_path / f"{verb}.rejected.csv").read_text()
        for name in tmp_path.glob(f"{verb}.*json"):
            name.unlink()
        text = (tmp_path / f"{verb}.csv").read_text()
        assert text == piped.stdout
        assert [row["row"] for row in csv.DictReader(text.splitlines())] == [
            *map(str, range(1, 6)),
            *map(str, range(7, 21)),
        ]
        assert "wide" in listed
        assert "1 x column 'size'" in done.stderr
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.mark.parametrize("verb", ["predict", "score"])
def test_standard_input_and_output_are_alike(folder, verb):
    lines = (folder / "new.jsonl").read_text()
    given = [folder / "value.h5", "-", "-o", "-", "--format", "jsonl", "--to-format", "jsonl"]
    done = command(verb, *given, "--no-warnings", stdin=lines)

    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(rows[0]) == ["row", "value"]
    expected = keramos.load(folder / "value.h5").predict(str(folder / "new.jsonl"))
    np.testing.assert_allclose([row["value"] for row in rows], expected[:, 0], rtol=1e-6)
    text = command(verb, *given[:3], "-", stdin=(folder / "new.csv").read_text())
    assert text.stdout.startswith('"row","value","warnings"\n1,')


def test_predict_writes_nothing_where_a_row_is_bad(folder, tmp_path):
    done = command("predict", folder / "value.h5", folder / "bad.csv", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "row 6, column 'size'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_many_files_in_one_name_the_file_of_each_row(folder, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a.csv", "b.csv"):
        (source / name).write_text((folder / "new.csv").read_text())
    done = command("score", folder / "value.h5", "in", "-o", "out.csv", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    rows = READ["csv"](tmp_path / "out.csv")
    assert [(row["file"], row["row"]) for row in rows] == [
        (f"in/{name}", str(at)) for name in ("a.csv", "b.csv") for at in range(1, 21)
    ]


def test_decisions_in_python_carry_the_same_warnings(folder, tmp_path):
    model = keramos.load(folder / "value.h5")
    found = model.decide(str(folder / "new.csv"))
    keramos.score(model, folder / "new.csv", tmp_path / "out.parquet")

    assert ["; ".join(one.warnings) or None for one in found] == pq.read_table(
        tmp_path / "out.parquet"
    )["warnings"].to_pylist()
    assert found.to_arrow().column_names == ["row", "value", "warnings"]
    assert found[3:5].rows == range(4, 6)
    assert type(found[3:5]) is type(found)
    assert "warning" in str(model.trace({"size": 99, "town": "z"}))
    quiet = model.decide(str(folder / "new.csv"), warnings=False)
    assert not any(one.warnings for one in quiet)
    assert quiet.to_arrow().column_names == ["row", "value"]
