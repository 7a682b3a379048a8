"""Prediction intervals and sets of classes: found on validation rows, measured on held-out rows."""

import numpy as np
import pytest

import keramos
from keramos.errors import UsageError

RNG = np.random.default_rng(5)
ROWS = 600
X = RNG.random((ROWS, 2))
NOISY = 10 * X[:, 0] + RNG.normal(0, 1, ROWS)
TARGETS = {
    "regression": NOISY,
    "binary": np.where(NOISY > 5, "high", "low"),
    "multiclass": np.array(["low", "middle", "high"])[np.digitize(NOISY, [3, 7])],
}


def table(task):
    return {"a": X[:, 0], "b": X[:, 1], "y": TARGETS[task]}


@pytest.fixture(scope="module", params=TARGETS)
def run(request):
    return keramos.train(table(request.param), "y", recipe="linear", interval=0.9)


def test_the_interval_holds_about_the_share_that_was_asked_for(run):
    sure = run.content.rule.interval

    assert sure.level == 0.9
    assert (sure.rows, sure.held_out_rows) == (pytest.approx(96, abs=2), len(run.split.held_out))
    assert 0.8 <= sure.coverage <= 1


def test_decisions_files_and_tables_say_the_same_interval(run, tmp_path):
    run.save(tmp_path / "m.h5")
    model = keramos.load(tmp_path / "m.h5")
    rows = {"a": X[:40, 0], "b": X[:40, 1]}

    decided = model.decide(rows)
    columns = decided.to_arrow().to_pydict()

    if model.content.rule.kind == "value":
        margin = model.content.rule.interval.margin
        lows, highs = zip(*(one.interval for one in decided), strict=True)
        assert columns["low"] == list(lows)
        assert columns["high"] == list(highs)
        np.testing.assert_allclose(np.subtract(highs, lows), 2 * margin)
    else:
        assert all(one.label in one.possible for one in decided)
        assert columns["possible"] == [" | ".join(one.possible) for one in decided]
    assert "90%" in decided[0].rule


def test_the_margin_comes_from_no_held_out_row(run):
    task = run.content.schema.target.task
    changed = table(task)
    held_out = run.split.held_out
    changed["a"] = changed["a"].copy()
    changed["a"][held_out] = RNG.permutation(changed["a"][held_out])

    again = keramos.train(changed, "y", recipe="linear", interval=0.9)

    assert again.content.rule.interval.margin == run.content.rule.interval.margin
    assert again.content.rule.interval.coverage < run.content.rule.interval.coverage


def test_scored_tables_have_the_ends_or_the_possible_labels(run, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    run.save(tmp_path / "m.h5")
    source = tmp_path / "in.parquet"
    parquet.write_table(pa.table({"a": X[:50, 0], "b": X[:50, 1]}), source)

    keramos.score(tmp_path / "m.h5", source, tmp_path / "out.parquet")

    found = parquet.read_table(tmp_path / "out.parquet").to_pydict()
    decided = keramos.load(tmp_path / "m.h5").decide({"a": X[:50, 0], "b": X[:50, 1]})
    if run.content.rule.kind == "value":
        np.testing.assert_allclose(found["low"], [one.interval[0] for one in decided], rtol=1e-6)
    else:
        assert found["possible"] == [" | ".join(one.possible) for one in decided]


@pytest.mark.parametrize(("interval", "said"), [(1.0, "between 0 and 1"), (0.999, "too few")])
def test_an_interval_that_cannot_be_measured_is_refused(interval, said):
    with pytest.raises(UsageError, match=said):
        keramos.train(table("binary"), "y", recipe="linear", interval=interval)
