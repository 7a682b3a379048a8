"""Arrow batches decided as tables are, row by row."""

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keramos
from keramos.data.read import as_table
from keramos.datasets import GERMAN_CREDIT
from keramos.errors import DataError, RowError, UsageError


def text_batch(rows):
    """Cells as a text file has them."""
    names = list(rows[0])
    return pa.RecordBatch.from_pydict({name: [row[name] for row in rows] for name in names})


def read_rows():
    return list(csv.DictReader(io.StringIO(GERMAN_CREDIT.read_text(encoding="utf-8"))))


def same(scored, decided):
    """A scored batch and the decisions of the slow way agree in rows, labels, scores and
    complaints.
    """
    assert scored.decided.column("label").to_pylist() == [
        decision.label for decision in decided.decisions
    ]
    assert scored.decided.column("score").to_pylist() == pytest.approx(
        [d.score for d in decided.decisions], abs=1e-6
    )
    complaints = {(p.row, p.column, p.reason, p.value) for p in decided.problems}
    listed = scored.rejected
    assert {(r.row, r.column, r.reason, r.value) for r in listed} == complaints
    assert scored.rows == scored.decided.num_rows + scored.rejected_rows
    assert scored.decided.column("row").to_pylist() == list(decided.rows)


@pytest.fixture(scope="module")
def credit(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("batches") / "credit.h5"
    credit_run.save(path)
    return keramos.load(path)


def numbered(batch):
    return batch.append_column("row", pa.array(range(1, batch.num_rows + 1)))


BROKEN = [
    "",
    "NA",
    "?",
    "abc",
    "1e400",
    "-1e30",
    "inf",
    " 7 ",
    "+5",
    "1.50",
    "007",
    "no checking",
    "0x10",
    "ä",
]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_text_cells_of_any_kind_are_judged_as_in_a_table(credit, data):
    rows = read_rows()[:60]
    names = list(rows[0])
    for _ in range(data.draw(st.integers(0, 12))):
        rows[data.draw(st.integers(0, 59))][data.draw(st.sampled_from(names))] = data.draw(
            st.sampled_from(BROKEN)
        )
    batch = text_batch(rows)

    same(
        credit.batch_scorer(["row"]).score(numbered(batch)),
        credit.decide_table(as_table(pa.table(batch))),
    )


CELLS = st.one_of(
    st.none(),
    st.floats(width=32),
    st.floats(),
    st.integers(-(2**62), 2**62).map(float),
    st.just(0.5),
)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """Models of numbers: one that never saw a missing cell, one that did."""
    rng, models = np.random.default_rng(0), []
    for missing in (False, True):
        table = {f"x{i}": rng.random(300).tolist() for i in range(3)}
        if missing:
            table["x1"][::5] = [None] * 60
        table["y"] = rng.choice(["a", "b", "c"], 300).tolist()
        path = tmp_path_factory.mktemp("numbers") / "m.h5"
        keramos.train(
            table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(4,))
        ).save(path)
        models.append(keramos.load(path))
    return models


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30))
def test_numbers_of_any_size_are_judged_as_in_a_table(numbers, missing, rows):
    model = numbers[missing]
    batch = pa.RecordBatch.from_arrays(
        [pa.array(column, pa.float64()) for column in zip(*rows, strict=True)], ["x0", "x1", "x2"]
    )
    decided = model.decide_table(as_table(pa.table(batch)))

    same(model.batch_scorer(["row"]).score(numbered(batch)), decided)


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.decimal128(30, 2), pa.bool_()]
)
def test_columns_of_every_type_of_number_give_the_same_answers(numbers, kind):
    columns = [pa.array([0, 1, 1, 0]).cast(kind, safe=False)] * 3
    batch = pa.RecordBatch.from_arrays(columns, ["x0", "x1", "x2"])

    same(
        numbers[0].batch_scorer(["row"]).score(numbered(batch)),
        numbers[0].decide_table(as_table(pa.table(batch))),
    )


def test_dictionaries_and_views_of_text_are_text(credit):
    batch = text_batch(read_rows()[:20])
    plain = credit.batch_scorer().score(batch).decided
    for change in (lambda a: a.cast(pa.large_string()), lambda a: a.cast(pa.string_view())):
        other = pa.RecordBatch.from_arrays(
            [change(column) for column in batch.columns], batch.schema.names
        )
        assert credit.batch_scorer().score(other).decided.equals(plain)


def test_dates_give_their_parts(tmp_path):
    rng = np.random.default_rng(0)
    days = (np.datetime64("2020-01-01") + rng.integers(0, 900, 200)).astype(str).tolist()
    table = {"day": days, "x": rng.random(200).tolist(), "y": rng.random(200).tolist()}
    keramos.train(
        table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(4,))
    ).save(tmp_path / "m.h5")
    model = keramos.load(tmp_path / "m.h5")
    given_days = [*days[:5], "2020-13-45", None]
    batch = pa.RecordBatch.from_pydict({"day": given_days, "x": [0.5] * 7})
    scored = model.batch_scorer().score(batch)

    expected = [d.score for d in model.decide([{"day": day, "x": 0.5} for day in days[:5]])]
    assert scored.decided.column("value").to_pylist() == pytest.approx(expected, abs=1e-6)
    assert [(r.row, r.column) for r in scored.rejected] == [
        (6, "day"),
        (7, "day"),
    ]


def test_an_empty_batch_gives_an_empty_answer_of_the_same_columns(numbers):
    scorer = numbers[0].batch_scorer()
    batch = pa.RecordBatch.from_pydict({f"x{i}": [0.5] for i in range(3)})
    empty = scorer.score(batch.slice(0, 0))

    assert empty.decided.num_rows == len(empty.rejected) == 0
    assert empty.decided.schema == scorer.score(batch).decided.schema == scorer.schema(batch.schema)


def test_drift_counts_the_decided_rows_only(numbers):
    batch = pa.RecordBatch.from_pydict(
        {"x0": [0.1, None, 0.3], "x1": [0.1, 0.2, 0.3], "x2": [5.0, 9.0, 0.5]}
    )
    scored = numbers[0].batch_scorer().score(batch)

    assert [counts.rows for counts in scored.drift] == [2, 2, 2]
    assert [counts.above for counts in scored.drift] == [0, 0, 1]


def test_an_answer_that_is_not_finite_is_a_rejected_row(numbers, monkeypatch):
    model = numbers[0]
    batch = pa.RecordBatch.from_pydict({f"x{i}": [0.1, 0.2] for i in range(3)})
    real = model.session.run
    monkeypatch.setattr(
        model.session, "run", lambda feeds: [np.where([[True], [False]], np.nan, real(feeds)[0])]
    )
    scored = model.batch_scorer().score(batch)

    assert (scored.decided.num_rows, scored.rejected_rows) == (1, 1)
    assert scored.rejected[0].reason == "the model's answer is not a finite number"
    assert scored.drift[0].rows == 1


def test_what_is_absent_or_clashes_is_named(numbers):
    scorer = numbers[0].batch_scorer()
    with pytest.raises(DataError, match=r"lacks 1 column: 'x2'"):
        scorer.score(pa.RecordBatch.from_pydict({"x0": [1.0], "x1": [1.0]}), "a.parquet")
    with pytest.raises(
        DataError, match=r"column .x2.: no cell of the column can be used; received type list"
    ):
        scorer.score(
            pa.RecordBatch.from_pydict({"x0": [1.0], "x1": [1.0], "x2": [[1.0]]}), "a.parquet"
        )
    with pytest.raises(UsageError, match="'label': the column cannot be kept"):
        numbers[0].batch_scorer(["label"])


def test_predict_turns_an_iterator_of_batches_into_one_of_decided_batches(numbers):
    batch = pa.RecordBatch.from_pydict({f"x{i}": [0.1, 0.9] for i in range(3)})
    answers = numbers[0].predict(iter([batch, batch.slice(1)]))

    assert [answer.num_rows for answer in answers] == [2, 1]


def test_a_bad_row_in_an_iterator_of_batches_is_named_by_its_place_in_all_of_them(numbers):
    batch = pa.RecordBatch.from_pydict({f"x{i}": [0.1, 0.9] for i in range(3)})
    bad = pa.RecordBatch.from_pydict({"x0": [0.1, None], "x1": [0.1, 0.2], "x2": [0.1, 0.2]})
    answers = numbers[0].predict(iter([batch, bad]))

    assert next(answers).num_rows == 2
    with pytest.raises(RowError, match="row 4, column 'x0'"):
        next(answers)
