"""What becomes of missing values can be decided against what the training rows had."""

import numpy as np
import pytest

import keramos
from keramos.errors import RowError, UsageError
from support.command import keramos as command

RECIPES = ("tutorial", "linear", "network", "trees", "auto")


def table(rows=240, gap=None):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=rows) * 10 + 50, draw.normal(size=rows)
    kind = [("car", "house", "boat")[n % 3] for n in range(rows)]
    day = [f"2024-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(rows)]
    wins = x / 10 + y + (np.arange(rows) % 3) > 6
    found = {"x": x.tolist(), "y": y.tolist(), "kind": kind, "day": day}
    if gap:
        found[gap][5] = None
    return {**found, "label": np.where(wins, "yes", "no").tolist()}


@pytest.fixture(scope="module", params=RECIPES)
def model(request, tmp_path_factory):
    gaps = {"*": "impute"}
    run = keramos.train(table(), "label", recipe=request.param, gaps=gaps)
    path = tmp_path_factory.mktemp("gaps") / "m.keras"
    run.save(path)
    return keramos.load(path)


def row(**changes):
    return {"x": 51.0, "y": 0.1, "kind": "car", "day": "2024-03-04", **changes}


def test_a_missing_number_is_the_median_of_training(model):
    columns = {one.column: one for one in model.content.preparation.inputs}
    for name in ("x", "y"):
        found = model.predict([row(**{name: None})])
        wanted = model.predict([row(**{name: columns[name].median})])
        assert np.allclose(found, wanted, atol=1e-6)


def test_a_missing_category_is_an_unseen_one(model):
    assert np.array_equal(model.predict([row(kind=None)]), model.predict([row(kind="plane")]))


def test_a_missing_date_is_filled_part_by_part(model):
    assert np.isfinite(model.predict([row(day=None)])).all()


def test_rows_by_any_way_are_filled_alike(model, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [row(), row(x=None), row(kind=None), row(x=None, y=None, kind=None, day=None)]
    wanted = [one.score for one in model.decide(rows)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    summary = keramos.score(model, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert summary.totals.rejected == 0
    scores = parquet.read_table(tmp_path / "out.parquet").column("score").to_pylist()
    assert np.allclose(scores, wanted, atol=1e-6)


def test_the_file_says_what_was_decided(model):
    assert {one.gaps for one in model.content.schema.columns} == {"impute"}
    assert all(one.null_policy != "refuse" for one in model.content.preparation.inputs)


def test_without_a_wish_a_column_without_gaps_refuses_them(tmp_path):
    run = keramos.train(table(), "label", recipe="linear")
    run.save(tmp_path / "m.keras")
    with pytest.raises(RowError, match="column 'x'"):
        keramos.load(tmp_path / "m.keras").decide([row(x=None)])


@pytest.mark.parametrize("gap", ["x", "kind", "day"])
def test_rows_without_a_value_that_is_to_be_refused_are_left_out_and_refused(gap, tmp_path):
    said = []
    run = keramos.train(
        table(gap=gap), "label", recipe="linear", gaps={gap: "refuse"}, on_message=said.append
    )
    run.save(tmp_path / "m.keras")
    assert f"left out: 1 row without '{gap}'" in said
    with pytest.raises(RowError, match=f"column '{gap}'"):
        keramos.load(tmp_path / "m.keras").decide([row(**{gap: None})])


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ({"z": "impute"}, "no column 'z'"),
        ({"x": "median"}, "imputed or refused"),
        ({"label": "impute"}, "not for the target"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(gaps, words):
    with pytest.raises(UsageError, match=words):
        keramos.train(table(), "label", gaps=gaps)


def test_the_command_takes_texts_and_columns_by_one_option(tmp_path):
    lines = ["x,kind,label", *(f"{n},{'ab'[n % 2]},{'yn'[n // 2 % 2]}" for n in range(60))]
    lines[5] = "?,a,y"
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = command(
        *("train", "t.csv", "--target", "label", "-o", "m.keras", "--recipe", "linear"),
        *("--missing", "?", "--missing", "kind=impute", "--missing", "x=refuse"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "rows without it are refused, as you say" in said
    assert "missing values are filled, as you say" in said
