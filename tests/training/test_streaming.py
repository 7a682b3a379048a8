"""Files larger than memory: the tutorial's network learns from every row but those held out."""

import numpy as np
import pytest

import keramos
from keramos.data import many_files
from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.pipeline.prepared_rows import prepared_rows
from keramos.pipeline.streamed_rows import prepared_parts

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS, SAMPLE = 6000, 1000
PLAN = keramos.TrainingPlan(recipe="tutorial", engine="numpy", epochs=2)


def columns(rows=ROWS):
    draw = np.random.default_rng(0)
    x, word = draw.normal(size=(2, rows)), draw.choice(["a", "b"], rows)
    return {"number": np.arange(rows) + 0.5, "x": x[0], "word": word, "y": (x[0] > 0).astype(int)}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(many_files, "MOST_ROWS", SAMPLE)  # a million makes the test slow
    table = pa.table(columns())
    for number in range(3):
        part = table.slice(number * ROWS // 3, ROWS // 3)
        pq.write_table(part, tmp_path / f"{number}.parquet", row_group_size=700)
    return str(tmp_path / "*.parquet")


def test_the_sample_and_the_other_rows_are_all_rows_once(files):
    taken = many_files.bounded(files, 0, 7)

    others = [number for part in taken.rest() for number in part.columns["number"].values]

    assert len(others) == ROWS - SAMPLE
    assert sorted([*others, *taken.table.columns["number"].values]) == columns()["number"].tolist()


def test_a_bound_on_rows_is_kept(files):
    assert many_files.bounded(files, 500, 7).rest is None


def test_parts_are_prepared_as_rows_in_memory_are(files):
    taken = many_files.bounded(files, 0, 0)
    schema = infer_schema(taken.table, "y")
    rows = prepared_rows(taken.table, schema, PLAN, None, validate=False)
    part = next(prepared_parts(taken.rest, rows))
    numbers = next(taken.rest()).columns["number"].values.tolist()
    whole = as_table(columns())

    same = prepared_rows(whole, schema, PLAN, None, validate=False, known=rows.preparation)

    places = [int(number) for number in numbers]
    np.testing.assert_array_equal(part.matrix, same.matrix[places])
    np.testing.assert_array_equal(part.targets, same.y[places])


def test_every_row_teaches_and_the_same_rows_give_the_same_file(files, tmp_path):
    said = []
    runs = [keramos.train(files, "y", plan=PLAN, on_message=said.append) for _ in range(2)]
    few = keramos.train(files, "y", plan=PLAN, max_rows=SAMPLE)

    assert any("all others are learned from part by part" in text for text in said)
    assert "(6,000 rows, of which 1,000 chose" in runs[0].content.provenance.source
    assert runs[0].content.metrics == runs[1].content.metrics
    assert runs[0].content.metrics[-1].value < few.content.metrics[-1].value  # the log-loss


def test_rows_of_a_class_that_the_sample_lacks_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(many_files, "MOST_ROWS", SAMPLE)
    table = columns()
    table["y"] = np.where(table["y"], "yes", "no").astype(object)
    taken = many_files.row_hashes(0, ROWS, 0).argsort()
    table["y"][taken[-1]] = "never seen"
    for number in range(2):
        part = pa.table(table).slice(number * ROWS // 2, ROWS // 2)
        pq.write_table(part, tmp_path / f"{number}.parquet")

    run = keramos.train(str(tmp_path / "*.parquet"), "y", plan=PLAN)

    assert run.content.schema.target.classes == ("no", "yes")
