"""A model and the pickles beside it become one file that answers raw rows."""

import csv
import json

import numpy as np
import pytest

import keramos
from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.errors import ModelError, UnsupportedModelError, UsageError
from keramos.pipeline.adopt import propose
from keramos.runtime.session import Session
from support.command import keramos as command
from support.shared import SHARED
from support.sklearn_pickles import (
    CHURN_COLUMNS,
    churn_folder,
    dense_network,
    dumped,
    estimator,
    label_encoder,
    scaler,
    texts,
)

ADOPT = SHARED / "adopt"


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    return churn_folder(tmp_path_factory.mktemp("adopt") / "churn")


@pytest.fixture(scope="module")
def whole(churn):
    made = keramos.adopt(churn)
    made.save(churn.parent / "whole.keras")
    return keramos.load(churn.parent / "whole.keras")


def by_hand(row):
    """The answer of the original parts to one raw row."""
    coded = [row["age"], float(row["gender"] == "Male"), row["balance"]]
    coded += [float(row["city"] == name) for name in ("Berlin", "Paris")]
    mean, deviation = np.array([40, 0.5, 5e4, 0.5, 0.5]), np.array([10, 0.5, 2e4, 0.5, 0.5])
    prepared = ((np.array(coded) - mean) / deviation).astype("float32")[None]
    return Session(compile_network(dense_network(5))).run({"row": prepared})[0][0, 0]


def test_the_file_answers_raw_rows_as_the_parts_do(whole):
    for row in (
        {"age": 41, "gender": "Male", "city": "Paris", "balance": 52000.0},
        {"age": 23.5, "gender": "Female", "city": "Berlin", "balance": 0},
    ):
        assert whole.predict([row])[0, 0] == pytest.approx(by_hand(row), abs=1e-6)


def test_an_unknown_category_is_refused_as_the_encoder_does(whole):
    for column, cell in (("city", "Rome"), ("gender", "male"), ("city", None)):
        row = {"age": 41, "gender": "Male", "city": "Paris", "balance": 52000.0} | {column: cell}

        with pytest.raises(keramos.errors.RowError) as caught:
            whole.decide([row])
        assert caught.value.problems[0].column == column


def test_the_recipe_says_where_each_value_comes_from(whole):
    found = {one.what: one for one in whole.content.adoption.findings}

    assert found["column gender"].source == "label_encoder_gender.pkl"
    assert found["column city"].certainty == "stated"
    assert found["target"].value == "churned"
    assert {part.path for part in whole.content.adoption.parts} == {
        "scaler.pkl", "label_encoder_gender.pkl", "onehot_encoder_city.pkl",
    }  # fmt: skip
    assert whole.content.golden.reference == "original parts"


def test_a_folder_without_the_encoder_is_refused_with_the_column(churn, tmp_path):
    for name in ("model.keras", "scaler.pkl", "onehot_encoder_city.pkl", "customers.csv"):
        (tmp_path / name).write_bytes((churn / name).read_bytes())

    with pytest.raises(UnsupportedModelError, match="gender"):
        keramos.adopt(tmp_path)


def test_two_scalers_that_differ_are_a_question(churn, tmp_path):
    for path in churn.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    other = scaler(CHURN_COLUMNS, [50, 0.5, 6e4, 0.4, 0.6], [9, 0.5, 1e4, 0.5, 0.5])
    (tmp_path / "scaler2.pkl").write_bytes(dumped(other))

    proposal = propose(tmp_path)

    assert len(proposal.question.answers) == 2
    with pytest.raises(UnsupportedModelError, match="choose"):
        keramos.adopt(tmp_path)
    assert keramos.adopt(tmp_path, choose=2).difference < 1e-5
    assert keramos.adopt(tmp_path, recipe={"scaler": "scaler2.pkl"}).difference < 1e-5
    with pytest.raises(UsageError):
        keramos.adopt(tmp_path, choose=3)


def test_an_encoder_of_a_column_does_not_name_the_classes(churn, tmp_path):
    for path in churn.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "label_encoder_other_gender.pkl").write_bytes(
        dumped(label_encoder("Female", "Male"))
    )

    assert keramos.adopt(tmp_path).content.rule.labels == (0, 1)


def test_a_scaler_of_the_answer_is_inverted(tmp_path):
    write(tmp_path / "model.h5", dense_network(2, activation="linear"), None)
    features = scaler(("size", "rooms"), [100, 3], [50, 1])
    (tmp_path / "x_scaler.pkl").write_bytes(dumped(features))
    (tmp_path / "y_scaler.pkl").write_bytes(dumped(scaler(("price",), [3e5], [1e5])))

    made = keramos.adopt(tmp_path)
    made.save(tmp_path / "whole.h5")
    model = keramos.load(tmp_path / "whole.h5")

    prepared = np.array([[(150 - 100) / 50, 0.0]], "float32")
    bare = Session(compile_network(dense_network(2, activation="linear"))).run({"row": prepared})
    answer = model.decide([{"size": 150, "rooms": 3}])[0].score
    assert answer == pytest.approx(float(bare[0][0, 0]) * 1e5 + 3e5, rel=1e-6)
    assert model.content.schema.target.name == "price"


def test_steps_of_the_host_answer_alike_in_every_way_in(tmp_path):
    write(tmp_path / "model.keras", dense_network(2), None)
    power = estimator(
        "PowerTransformer",
        method="yeo-johnson",
        standardize=True,
        lambdas_=np.array([0.5, 1.7]),
        feature_names_in_=texts("a", "b"),
        _scaler=scaler(None, [1, 2], [3, 4]),
    )
    (tmp_path / "power.pkl").write_bytes(dumped(power))
    made = keramos.adopt(tmp_path)
    made.save(tmp_path / "whole.keras")
    model = keramos.load(tmp_path / "whole.keras")
    rows = [{"a": 1.5, "b": -2}, {"a": 100, "b": 0.25}]
    prepared = np.array(
        [
            [((np.sqrt(2.5) - 1) / 0.5 - 1) / 3, (-(3**0.3 - 1) / 0.3 - 2) / 4],
            [((np.sqrt(101) - 1) / 0.5 - 1) / 3, ((1.25**1.7 - 1) / 1.7 - 2) / 4],
        ],
        "float32",
    )
    expected = Session(compile_network(dense_network(2))).run({"row": prepared})[0]

    columns = {name: [row[name] for row in rows] for name in "ab"}
    for given in (rows, columns, rows * 100):
        assert model.predict(given)[:2] == pytest.approx(expected, abs=1e-6)
    assert model.content.version == 3


def test_a_scaler_of_some_columns_scales_those(tmp_path):
    write(tmp_path / "model.keras", dense_network(3), None)
    (tmp_path / "scaler.pkl").write_bytes(dumped(scaler(("age", "pay"), [40, 3e4], [10, 1e4])))
    (tmp_path / "columns.pkl").write_bytes(dumped(["age", "gender", "pay"]))
    (tmp_path / "label_encoder_gender.pkl").write_bytes(dumped(label_encoder("F", "M")))

    proposal = propose(tmp_path)
    proposal.adopted().save(tmp_path / "whole.keras")
    row = {"age": 35, "gender": "M", "pay": 31000}
    answer = keramos.load(tmp_path / "whole.keras").predict([row])[0, 0]

    prepared = np.array([[-0.5, 1.0, 0.1]], "float32")
    bare = Session(compile_network(dense_network(3))).run({"row": prepared})[0][0, 0]
    assert answer == pytest.approx(bare, abs=1e-6)
    assert "columns.pkl" in proposal.question.answers[0]


def test_a_recipe_with_an_unknown_key_is_refused(churn):
    with pytest.raises(UsageError, match="colums"):
        keramos.adopt(churn, recipe={"colums": ["a"]})


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ({"columns": ["age", "gender"]}, "2 columns"),
        ({"encoders": {"street": "label_encoder_gender.pkl"}}, "encoder of 'street'"),
        ({"encoders": {"age": "nowhere.pkl"}}, "encoder of 'age'"),
        ({"settings": {"scale": "0..1"}}, "no 'settings'"),
    ],
)
def test_a_recipe_that_the_files_cannot_use_is_refused(churn, recipe, text):
    with pytest.raises(ModelError, match=text):
        keramos.adopt(churn, recipe=recipe)


def test_an_encoder_that_is_found_anyway_may_be_stated(churn):
    stated = {"gender": "label_encoder_gender.pkl", "city": "onehot_encoder_city.pkl"}
    assert keramos.adopt(churn, recipe={"encoders": stated}).difference < 1e-5


@pytest.mark.parametrize("threshold", [7, -0.1, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(churn, threshold):
    with pytest.raises(UsageError, match="between 0 and 1"):
        keramos.adopt(churn, recipe={"threshold": threshold})


def test_an_adoption_prints_a_few_lines(churn):
    shown = repr(keramos.adopt(churn))
    assert shown.startswith("keramos adoption")
    assert len(shown.splitlines()) < 8
    assert len(shown) < 1000


def test_by_hand(churn, tmp_path):
    made = keramos.attach(
        churn / "model.keras",
        schema={"age": "number", "gender": "string_category", "balance": "number",
                "city": "string_category"},
        transforms={
            "gender": churn / "label_encoder_gender.pkl",
            "city": churn / "onehot_encoder_city.pkl",
            "*": churn / "scaler.pkl",
        },
        labels=["stays", "leaves"],
    )  # fmt: skip
    made.save(tmp_path / "whole.h5")
    row = {"age": 41, "gender": "Male", "city": "Paris", "balance": 52000.0}

    decision = keramos.load(tmp_path / "whole.h5").decide([row])[0]

    assert decision.score == pytest.approx(by_hand(row), abs=1e-6)
    assert decision.label in {"stays", "leaves"}


def test_by_hand_says_what_does_not_fit(churn):
    with pytest.raises(ModelError, match="5 numbers"):
        keramos.attach(churn / "model.keras", schema=["age", "balance"])
    with pytest.raises(UsageError, match="labels"):
        keramos.attach(churn / "model.keras", schema=list("abcde"), labels=["one"])


def test_the_command_asks_once_and_writes(churn, tmp_path):
    target = tmp_path / "whole.keras"

    done = command("adopt", churn, "-o", target, "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["adoption"]["family"] == "tables"
    assert target.exists()


@pytest.mark.parametrize("name", ["again.keras", "again.h5", "again.onnx", "again"])
def test_an_adopted_file_is_converted_and_proven_by_its_golden_rows(churn, whole, tmp_path, name):
    done = keramos.convert(churn.parent / "whole.keras", tmp_path / name)
    assert (done.rows, done.fed) == (8, "golden")
    assert done.difference == pytest.approx(0, abs=1e-5)
    if name != "again.onnx":
        row = {"age": 41, "gender": "Male", "city": "Paris", "balance": 52000.0}
        again = keramos.load(tmp_path / name)
        assert again.decide(row)[0].score == pytest.approx(whole.decide(row)[0].score, abs=1e-6)


def test_the_command_never_writes_over_what_it_adopts(churn):
    model = churn / "model.keras"
    before = model.read_bytes()
    for sources in ([churn], [model, *churn.glob("*.pkl")]):
        done = command("adopt", *sources, "-o", model, "--yes")
        assert done.returncode == 2
        assert "Write somewhere else" in done.stderr
    assert model.read_bytes() == before


MANIFEST = json.loads((ADOPT / "manifest.json").read_text()) if ADOPT.exists() else []
PROVEN = [
    entry for entry in MANIFEST
    if (entry.get("oracle") or {}).get("ok") and len(entry["oracle"]["shape"]) == 2
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.skipif(not PROVEN, reason="the shared repositories are not here")
@pytest.mark.parametrize("entry", PROVEN, ids=lambda entry: entry["name"])
def test_published_repositories_answer_as_recorded(entry, tmp_path):
    folder = ADOPT / entry["name"]
    try:
        proposal = propose(folder, recipe={"model": entry["oracle"]["model"]})
    except ModelError as error:
        pytest.skip(str(error)[:120])
    text = (folder / "oracle" / "raw_rows.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    arrays = np.load(folder / "oracle" / "outputs.npz")
    expected = arrays["final"] if "final" in arrays else arrays["y"]
    agreed = []
    for place in range(len(proposal.candidates)):
        proposal.adopted(place).save(tmp_path / "whole.keras")
        got = np.asarray(keramos.load(tmp_path / "whole.keras").predict(rows))
        scale = max(1.0, float(np.abs(expected).max()))
        agreed.append(float(np.abs(got.reshape(expected.shape) - expected).max()) < 1e-5 * scale)

    assert any(agreed)
    if proposal.question is None:
        assert agreed == [True]
