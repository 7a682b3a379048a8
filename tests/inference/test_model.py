"""A loaded model: every way to ask gives the same answer; bad rows are named; nothing heavy is
loaded.
"""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import keramos
from keramos.data.read import as_table
from keramos.datasets import GERMAN_CREDIT
from keramos.errors import MismatchError, ModelError, RowError, UsageError

FRAME = pd.read_csv(GERMAN_CREDIT).head(30)
ROWS = json.loads(FRAME.drop(columns="risk").to_json(orient="records"))


@pytest.fixture
def model(credit_file):
    return keramos.load(credit_file)


def test_rows_frames_columns_and_files_give_the_same_answers(model, tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    FRAME.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
    FRAME.to_parquet(tmp_path / "rows.parquet")
    expected = model.predict(ROWS)

    assert expected.shape == (30, 1)
    for same in (
        FRAME,
        FRAME[FRAME.columns[::-1]],
        pl.from_pandas(FRAME),
        pa.Table.from_pandas(FRAME),
        {name: FRAME[name].tolist() for name in FRAME},
        {name: FRAME[name].to_numpy() for name in FRAME},
        tmp_path / "rows.csv",
        str(tmp_path / "rows.jsonl"),
        tmp_path / "rows.parquet",
        ROWS * 1,
    ):
        np.testing.assert_array_equal(model.predict(same), expected)


def test_one_row_and_many_rows_take_different_ways_to_the_same_answer(model):
    many = model.predict(ROWS * 4)

    np.testing.assert_array_equal(many, np.concatenate([model.predict([row]) for row in ROWS] * 4))


def test_decide_gives_the_label_of_the_recorded_rule(model):
    rule = model.content.rule

    for decision, score in zip(model.decide(ROWS), model.predict(ROWS)[:, 0], strict=True):
        assert decision.label == rule.labels[int(score >= rule.threshold)]
        assert f"{rule.threshold:g}" in decision.rule


def test_the_trace_has_four_steps_that_end_in_the_decision(model):
    trace = model.trace(ROWS[0])

    assert [step.title for step in trace.steps] == [
        "load saved model",
        "input new data",
        "model prediction",
        "decision",
    ]
    assert trace.decision == model.decide([ROWS[0]])[0]
    assert "0." in dict(trace.steps[1].lines)["prepared (42 values)"]
    for text in (ROWS[0]["purpose"], str(trace.decision.label), trace.decision.rule):
        assert text in str(trace)


def test_limits_that_are_a_dict_are_not_blamed_on_the_file(credit_file):
    with pytest.raises(UsageError, match=r"keramos\.Limits"):
        keramos.load(credit_file, limits={"weight_bytes": 1})


def test_the_trace_takes_a_row_as_decide_does(model):
    import pandas as pd

    by_series = model.trace(pd.Series(ROWS[0]))
    assert by_series.decision == model.trace([ROWS[0]]).decision == model.decide(ROWS[0])[0]
    for several in (ROWS[:2], pd.DataFrame(ROWS), "rows.csv"):
        with pytest.raises(UsageError, match="of one row"):
            model.trace(several)


def test_an_unknown_category_follows_the_schema_and_is_counted(model):
    rows = [{**ROWS[0], "purpose": "space travel"}, ROWS[1]]

    decided = model.decide_table(as_table(rows))

    assert decided.unknown == {"purpose": 1}
    assert len(decided.decisions) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age": "old"}, ["row 2", "'age'", "'old'"]),
        ({"age": None}, ["row 2", "'age'", "no value"]),
        ({"age": float("inf")}, ["row 2", "'age'"]),
        ({"age": 1e39}, ["row 2", "'age'", "too large"]),
        ({"housing": None}, ["row 2", "'housing'"]),
    ],
)
def test_a_bad_cell_is_named_by_row_column_value_and_reason(model, change, words):
    with pytest.raises(RowError) as caught:
        model.predict([ROWS[0], {**ROWS[1], **change}])

    for word in words:
        assert word in str(caught.value)
    assert {problem.row for problem in caught.value.problems} == {2}


def test_bad_rows_neither_stop_nor_shift_the_others(model):
    bad = [ROWS[0], {**ROWS[1], "age": "x"}, ROWS[2], {**ROWS[3], "age": None}, ROWS[4]]

    decided = model.decide_table(as_table(bad))

    assert decided.rows == (1, 3, 5)
    assert list(decided.decisions) == [
        model.decide([row])[0] for row in (ROWS[0], ROWS[2], ROWS[4])
    ]


def test_a_missing_column_is_named_with_the_nearest_one(model):
    with pytest.raises(keramos.errors.DataError, match=r"'purpose'.*'porpose'"):
        model.predict(FRAME.rename(columns={"purpose": "porpose"}))


def test_an_array_of_another_shape_is_refused(tmp_path):
    data = {
        "a": list(range(20)),
        "b": [i * 0.5 for i in range(20)],
        "y": [i * 1.0 for i in range(20)],
    }
    path = tmp_path / "model.h5"
    keramos.train(
        data, "y", numeric=["a"], plan=keramos.TrainingPlan(recipe="tutorial", epochs=1)
    ).save(path)
    model = keramos.load(path)

    assert model.predict(np.ones((3, 2))).shape == (3, 1)
    with pytest.raises(MismatchError, match=r"\(None, 2\).*\(3, 5\)"):
        model.predict(np.ones((3, 5)))
    with pytest.raises(RowError, match="row 2, column 'b'"):
        model.predict(np.array([[1, 2], [3, np.nan]]))


def test_missing_numbers_are_filled_as_training_learned_and_equal_to_plain_keras(tmp_path):
    import keras

    from keramos.types.schema import MISSING_NUMBER

    rng = np.random.default_rng(0)
    a, b = rng.random(100) * 50, rng.random(100)
    data = {"a": np.where(rng.random(100) < 0.2, np.nan, a), "b": b, "y": a + b}
    path = tmp_path / "model.keras"
    keramos.train(data, "y").save(path)
    matrix = np.array([[np.nan, 0.5], [20.0, 0.5]], "float32")

    expected = keras.models.load_model(path)(np.nan_to_num(matrix, nan=MISSING_NUMBER))

    np.testing.assert_allclose(
        keramos.load(path).predict(matrix), np.asarray(expected), rtol=1e-5, atol=1e-6
    )


def test_a_plain_keras_file_predicts_arrays_and_says_that_it_cannot_decide(tmp_path):
    import keras

    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu")])
    path = tmp_path / "plain.keras"
    plain.save(path)
    model = keramos.load(path)
    x = np.random.default_rng(0).random((5, 3)).astype("float32")

    np.testing.assert_allclose(model.predict(x), np.asarray(plain(x)), rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match="decision rule"):
        model.decide([{"a": 1}])


def test_a_changed_weight_is_refused_at_load_unless_proof_is_waived(credit_run, tmp_path):
    path = tmp_path / "model.h5"
    credit_run.save(path)
    kernel = next(
        layer.weights[0] for layer in credit_run.network.layers.values() if layer.kind == "Dense"
    )
    data = path.read_bytes()
    path.write_bytes(data.replace(kernel.tobytes(), (kernel * 1.01).tobytes()))

    with pytest.raises(ModelError, match="changed"):
        keramos.load(path)
    assert keramos.load(path, verify=False).predict(ROWS).shape == (30, 1)


def test_a_process_that_loads_and_predicts_never_imports_a_training_library(credit_file):
    code = (
        "import sys, json, keramos; m = keramos.load(sys.argv[1]); "
        "m.predict(json.loads(sys.argv[2]));"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'tensorflow', 'keras', "
        "'jax', 'torch', 'onnx',"
        " 'pandas', 'sklearn', 'pyarrow', 'click'}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, credit_file, json.dumps(ROWS[:1])],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


def test_importing_keramos_loads_no_heavy_library():
    code = (
        "import sys, keramos; print(sorted({'numpy', 'onnxruntime', 'h5py', 'keras'} & "
        "set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_verify_reports_every_check_of_a_good_file_and_the_broken_one_of_a_bad(
    credit_file, tmp_path
):
    good = keramos.verify(credit_file, against_keras=True)
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"no model")

    assert [check.passed for check in good] == [True] * 6
    assert [check.passed for check in keramos.verify(bad)] == [False]


@pytest.mark.parametrize("container", [".h5", ".keras"])
def test_convert_keeps_answers_and_content(credit_file, container, tmp_path):
    target = tmp_path / f"converted{container}"

    done = keramos.convert(credit_file, target)

    assert done.difference == 0
    np.testing.assert_array_equal(
        keramos.load(target).predict(ROWS), keramos.load(credit_file).predict(ROWS)
    )


def test_convert_to_onnx_gives_a_model_that_runs_alone(credit_file, tmp_path):
    import onnx
    import onnxruntime as ort

    target = tmp_path / "model.onnx"
    keramos.convert(credit_file, target)
    onnx.checker.check_model(str(target))
    fed = {
        name: np.array(
            [[row[name]] for row in ROWS], object if isinstance(ROWS[0][name], str) else "float32"
        )
        for name in ROWS[0]
    }

    (answers,) = ort.InferenceSession(target).run(None, fed)

    np.testing.assert_array_equal(answers, keramos.load(credit_file).predict(ROWS))
