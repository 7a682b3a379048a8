"""Several steps ahead, and networks that answer several values, through all ways in."""

import json

import numpy as np
import pytest

import keramos
from keramos.errors import UnsupportedModelError, UsageError
from support.command import keramos as command
from support.shared import SHARED
from support.sklearn_pickles import min_max_scaler

WINDOW = 8
RNG = np.random.default_rng(5)
ROWS = 50 + np.cumsum(RNG.normal(0, 1, (40, 2)), axis=0)
LOW, HIGH = ROWS.min(axis=0), ROWS.max(axis=0)
NAMES = ["Open", "Close"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Networks of (columns, values) and, of one column, one that answers (rows, 3, 1)."""
    import keras

    keras.utils.set_random_seed(2)
    folder, layers = tmp_path_factory.mktemp("forecasts"), keras.layers
    for width, units in [(1, 1), (2, 2), (1, 3), (2, 1)]:
        given = keras.Input((WINDOW, width))
        made = keras.Sequential([given, layers.LSTM(4), layers.Dense(units)])
        made.save(folder / f"lstm_{width}_{units}.keras")
    given = keras.Input((WINDOW, 1))
    repeated = [layers.LSTM(4), layers.RepeatVector(3), layers.LSTM(3, return_sequences=True)]
    keras.Sequential([given, *repeated, layers.TimeDistributed(layers.Dense(1))]).save(
        folder / "lstm_ahead.keras"
    )
    return folder


def _adopted(models, name, tmp_path, scaler, recipe=None, choose=1, to="whole.keras"):
    (tmp_path / "scaler.pkl").write_bytes(scaler)
    parts = [tmp_path / "scaler.pkl"] if scaler else []
    adopted = keramos.adopt(models / name, parts, recipe=recipe, choose=choose)
    adopted.save(tmp_path / to)
    return keramos.load(tmp_path / to)


def _by_hand(model, rows, steps, low, high):
    """The answers of an app: scale, predict, append, again; scaled back at the end."""
    window, answers = (rows[-WINDOW:] - low) / (high - low), []
    for _ in range(steps):
        answers.append(model.predict(window[None].astype("float32"))[0])
        window = np.concatenate([window[1:], answers[-1][None]])
    return np.array(answers) * (high - low) + low


def test_steps_ahead_run_on_their_own_answers_in_scaled_units(models, tmp_path):
    closes, low, high = ROWS[:, 1:], LOW[1:], HIGH[1:]
    recipe = {"columns": ["Close"], "settings": {"steps": 5}}
    model = _adopted(models, "lstm_1_1.keras", tmp_path, min_max_scaler(low, high), recipe)
    body = keramos.load(models / "lstm_1_1.keras")
    wanted = _by_hand(body, closes, 5, low, high)[:, 0]
    decision = model.decide(closes)[0]
    assert decision.scores == pytest.approx(wanted.tolist(), rel=1e-5)
    assert decision.score == decision.scores[0]
    assert model.content.rule.names == tuple(f"Close_{step}" for step in range(1, 6))
    assert "Close_2" in decision.rule
    assert all(check.passed for check in keramos.verify(tmp_path / "whole.keras"))


def test_plain_keras_answers_all_steps_alike(models, tmp_path):
    import keras

    recipe = {"columns": ["Close"], "settings": {"steps": 3}}
    for to in ("whole.h5", "whole.keras"):
        scaler = min_max_scaler(LOW[1:], HIGH[1:])
        model = _adopted(models, "lstm_1_1.keras", tmp_path, scaler, recipe, to=to)
        windows = np.stack([ROWS[at : at + WINDOW, 1:] for at in range(4)])
        found = keras.models.load_model(tmp_path / to).predict(windows, verbose=0)
        assert found == pytest.approx(model.predict(windows), rel=1e-5)


def test_steps_with_a_scale_of_the_request_equal_the_recorded_app(tmp_path):
    source = SHARED / "companions" / "hourly-energy-recursive"
    if not source.exists():
        pytest.skip("the shared material is absent")
    recorded = np.load(source / "oracle.npz")
    recipe = {"scaler": "request", "settings": {"steps": 5}}
    keramos.adopt(source, recipe=recipe, choose=1).save(tmp_path / "whole.keras")
    model = keramos.load(tmp_path / "whole.keras")
    for series, wanted in zip(recorded["series"], recorded["answer"], strict=True):
        assert model.decide(series)[0].scores == pytest.approx(wanted.tolist(), rel=1e-4)


def test_each_column_has_its_own_inverse_and_name(models, tmp_path):
    for steps in (1, 3):
        recipe = {"settings": {"steps": steps}}
        model = _adopted(
            models, "lstm_2_2.keras", tmp_path, min_max_scaler(LOW, HIGH, NAMES), recipe
        ) if steps == 1 else _adopted(
            models, "lstm_2_2.keras", tmp_path, min_max_scaler(LOW, HIGH, NAMES),
            {"settings": {"steps": steps, "values": NAMES}},
        )  # fmt: skip
        wanted = _by_hand(keramos.load(models / "lstm_2_2.keras"), ROWS, steps, LOW, HIGH)
        assert model.decide(ROWS)[0].scores == pytest.approx(wanted.reshape(-1).tolist(), rel=1e-5)


def test_columns_scaled_by_the_request_each_come_back_by_their_own_range(models, tmp_path):
    recipe = {"scaler": "request", "columns": NAMES, "settings": {"steps": 2, "values": NAMES}}
    model = _adopted(models, "lstm_2_2.keras", tmp_path, b"", recipe)
    low, high = ROWS.min(axis=0), ROWS.max(axis=0)
    wanted = _by_hand(keramos.load(models / "lstm_2_2.keras"), ROWS, 2, low, high)
    assert model.decide(ROWS)[0].scores == pytest.approx(wanted.reshape(-1).tolist(), rel=1e-5)


@pytest.mark.parametrize("name", ["lstm_1_3.keras", "lstm_ahead.keras"])
def test_a_network_that_answers_several_steps_gives_each_a_name(models, tmp_path, name):
    closes, low, high = ROWS[:, 1:], LOW[1:], HIGH[1:]
    model = _adopted(models, name, tmp_path, min_max_scaler(low, high, ["Close"]))
    scaled = ((closes[-WINDOW:] - low) / (high - low)).astype("float32")
    wanted = keramos.load(models / name).predict(scaled[None]).reshape(-1) * (high - low) + low
    assert model.decide(closes)[0].scores == pytest.approx(wanted.tolist(), rel=1e-5)
    assert model.content.rule.names == ("Close_1", "Close_2", "Close_3")


def test_as_many_values_as_columns_is_one_question_of_two_meanings(models, tmp_path):
    (tmp_path / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES))
    with pytest.raises(UnsupportedModelError) as caught:
        keramos.adopt(models / "lstm_2_2.keras", [tmp_path / "scaler.pkl"])
    assert "each answer is the next value of a column" in str(caught.value)
    assert "the next 2 values of Close" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "error", "words"),
    [
        ("lstm_2_1.keras", {"steps": 4}, UnsupportedModelError, "next window"),
        ("lstm_1_3.keras", {"steps": 4}, UnsupportedModelError, "next window"),
        ("lstm_1_1.keras", {"steps": 0}, UsageError, "steps ahead"),
        ("lstm_1_3.keras", {"values": ["a", "b"]}, UsageError, "3 different names"),
    ],
)
def test_steps_that_cannot_be_gone_are_refused(models, tmp_path, name, settings, error, words):
    width = int(name.split("_")[1])
    scaler = min_max_scaler(LOW[:width], HIGH[:width], NAMES[:width])
    with pytest.raises(error, match=words):
        _adopted(models, name, tmp_path, scaler, {"settings": settings})


@pytest.fixture(scope="module")
def ahead(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ahead")
    recipe = {"columns": ["Close"], "settings": {"steps": 3}}
    _adopted(models, "lstm_1_1.keras", folder, min_max_scaler(LOW[1:], HIGH[1:]), recipe)
    return folder / "whole.keras"


def _csv(path):
    path.write_text("\n".join(["Close", *map(repr, ROWS[:, 1].tolist())]) + "\n")
    return path


def test_predict_and_score_write_a_column_for_each_value(ahead, tmp_path):
    import csv

    model, path = keramos.load(ahead), _csv(tmp_path / "prices.csv")
    wanted = model.decide(ROWS[:, 1])[0].scores
    found = json.loads(command("predict", ahead, path, "--json").stdout)
    assert [found[f"value_Close_{step}"] for step in (1, 2, 3)] == pytest.approx(wanted, rel=1e-6)
    keramos.score(ahead, path, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        last = [*csv.DictReader(file)][-1]
    found = [float(last[f"value_Close_{step}"]) for step in (1, 2, 3)]
    assert found == pytest.approx(wanted, rel=1e-6)
    assert model.decide(ROWS[:, 1]).to_pandas()["value_Close_2"][0] == wanted[1]


def _tensor(array):
    shape = list(array.shape)
    return {"name": "series", "shape": shape, "datatype": "FP64", "data": array.ravel().tolist()}


def _http_ways(windows):
    """Name -> URL, body, and the answers in a reply."""
    cells = windows.tolist()
    rows = [{"series": cell} for cell in cells]
    predicted, decided = "/v1/models/m:predict", "/models/m/decide"
    return {
        "instances, bare": (predicted, {"instances": cells}, "predictions"),
        "instances, flat": (predicted, {"instances": windows[..., 0].tolist()}, "predictions"),
        "instances, named": (predicted, {"instances": rows}, "predictions"),
        "instances, lists": (predicted, {"instances": [[cell] for cell in cells]}, "predictions"),
        "inputs, bare": (predicted, {"inputs": cells}, "outputs"),
        "inputs, named": (predicted, {"inputs": {"series": cells}}, "outputs"),
        "MLflow": ("/invocations", {"instances": cells}, "predictions"),
        "decide, bare": (decided, {"rows": cells}, "decisions"),
        "decide, list": (decided, cells, "decisions"),
        "decide, named": (decided, {"rows": rows}, "decisions"),
        "decide, partial": (f"{decided}?partial=true", {"rows": cells}, "decisions"),
        "OIP": ("/v2/models/m/infer", {"inputs": [_tensor(windows)]}, "outputs"),
        "OIP, flat": ("/v2/models/m/infer", {"inputs": [_tensor(windows[..., 0])]}, "outputs"),
    }


def _values(found):
    if isinstance(found[0], dict):
        found = found[0]["data"] if "data" in found[0] else [one["scores"] for one in found]
    return np.ravel(found).tolist()


def _grpc(model, windows):
    from support import ways_served as ways

    oip = ways.OIP["ModelInferRequest"](model_name="m")
    tensor = oip.inputs.add(name="series", datatype="FP64", shape=list(windows.shape))
    tensor.contents.fp64_contents.extend(windows.ravel().tolist())
    reply = ways.called(model, ways.OIP_SERVICES, "ModelInfer", oip)
    yield list(reply.outputs[0].contents.fp32_contents)
    message = ways.TF["PredictRequest"](model_spec=ways.TF["ModelSpec"](name="m"))
    ways.to_tensor(windows, message.inputs["series"])
    (output,) = ways.called(model, ways.TF_SERVICES, "Predict", message).outputs.values()
    yield ways.from_tensor("output", output).ravel().tolist()


@pytest.mark.parametrize("count", [1, 3, 80])
def test_servers_take_bare_windows_and_tensors_in_every_protocol(ahead, count):
    from support.ways_served import http

    model = keramos.load(ahead)
    windows = 50 + np.cumsum(RNG.normal(0, 1, (count, WINDOW + 2, 1)), axis=1)
    wanted = pytest.approx(model.predict(windows).ravel().tolist(), rel=1e-6)
    for name, (url, body, key) in _http_ways(windows).items():
        found = http(model, url, json.dumps(body).encode())
        assert _values(found[key]) == wanted, name
    for found in _grpc(model, windows):
        assert found == wanted


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([[1.0, 2.0]], "2 rows, and the network takes 8"),
        ([[[1.0, 2.0]] * 9], "each row has 1 number (Close)"),
        ([[[1.0]] * 8 + [["x"]]], "row 9"),
        ([5.0], "not a series"),
        ([[[[1.0]] * 8] * 2], "2 value(s) for 1 columns"),
    ],
)
def test_servers_refuse_what_is_no_window(ahead, body, words):
    from support.ways_served import RefusedReplyError, http

    with pytest.raises(RefusedReplyError) as caught:
        http(keramos.load(ahead), "/v1/models/m:predict", json.dumps({"instances": body}).encode())
    assert words in str(caught.value)


def test_a_tensor_of_another_width_names_the_shape_that_the_column_takes(ahead):
    from support.ways_served import RefusedReplyError, http

    body = {"inputs": [_tensor(np.zeros((1, 9, 2)))]}
    with pytest.raises(RefusedReplyError, match="takes shape"):
        http(keramos.load(ahead), "/v2/models/m/infer", json.dumps(body).encode())


def test_a_loop_over_own_answers_in_the_source_is_told(models, tmp_path):
    (tmp_path / "scaler.pkl").write_bytes(min_max_scaler(LOW[1:], HIGH[1:], ["Close"]))
    (tmp_path / "app.py").write_text(
        "for day in range(30):\n"
        "    y = model.predict(window)\n"
        "    window = np.append(window[:, 1:, :], y.reshape(1, 1, 1), axis=1)\n"
        "prices = scaler.inverse_transform(ys)\n"
    )
    parts = [tmp_path / "scaler.pkl", tmp_path / "app.py"]
    adopted = keramos.adopt(models / "lstm_1_1.keras", parts)
    (note,) = [one for one in adopted.content.adoption.notes if "its own answers" in one]
    assert note.startswith("app.py:1 runs the network 30 times")
    stated = keramos.adopt(models / "lstm_1_1.keras", parts, recipe={"settings": {"steps": 30}})
    assert len(stated.content.rule.names) == 30
    assert not any("its own answers" in one for one in stated.content.adoption.notes)


def _asked(models, name, tmp_path, source, scaler=b""):
    """The error that asks, for a model beside a source."""
    (tmp_path / "app.py").write_text(source)
    parts = [tmp_path / "app.py"]
    if scaler:
        (tmp_path / "scaler.pkl").write_bytes(scaler)
        parts.append(tmp_path / "scaler.pkl")
    with pytest.raises(UnsupportedModelError) as caught:
        keramos.adopt(models / name, parts)
    return str(caught.value)


def test_a_target_that_no_column_of_the_window_is_stays_in_its_own_scale(models, tmp_path):
    """An app that scales features and target together, and cuts the target off the windows."""
    source = (
        'features = ["Open", "Close"]\n'
        'TARGET = "rain"\n'
        "scaled = MinMaxScaler().fit_transform(df[features + [TARGET]])\n"
        "x.append(scaled[i - 8 : i, :-1])\n"
        "y.append(scaled[i, -1])\n"
    )
    asked = _asked(models, "lstm_2_1.keras", tmp_path, source, min_max_scaler(LOW, HIGH))
    assert "predicts rain, which the window does not hold" in asked
    parts = [tmp_path / "app.py", tmp_path / "scaler.pkl"]
    model = keramos.adopt(models / "lstm_2_1.keras", parts, choose=1)
    assert model.content.schema.target.name == "next rain"
    unnamed = source.replace('TARGET = "rain"\n', "")
    assert "which the window does not hold" in _asked(models, "lstm_2_1.keras", tmp_path, unnamed)


def test_the_last_column_is_meant_by_minus_one(models, tmp_path):
    (tmp_path / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES[::-1]))
    (tmp_path / "app.py").write_text(
        "y.append(scaled[i, -1])\nprice = scaler.inverse_transform(y)\n"
    )
    parts = [tmp_path / "scaler.pkl", tmp_path / "app.py"]
    adopted = keramos.adopt(models / "lstm_2_1.keras", parts)
    assert adopted.content.schema.target.name == "next Open"


def test_a_key_of_anything_is_not_the_column_of_a_window(models, tmp_path):
    source = (
        'city = data["city"]\n'
        'data["datetime"] = pd.to_datetime(data["datetime"])\n'
        'rows = data["demand"].values.reshape(-1, 1)\n'
        "x = MinMaxScaler().fit_transform(rows)\n"
        "price = scaler.inverse_transform(y)\n"
    )
    assert "takes demand" in _asked(models, "lstm_1_1.keras", tmp_path, source)
    only_keys = 'city = data["city"]\nx = MinMaxScaler().fit_transform(rows)\n'
    assert "city" not in _asked(models, "lstm_1_1.keras", tmp_path, only_keys)


def test_a_source_that_scales_nothing_makes_raw_rows_the_first_answer(models, tmp_path):
    source = "data = np.array(given).reshape(1, 8, 1)\nshow(model.predict(data))\n"
    asked = _asked(models, "lstm_1_1.keras", tmp_path, source)
    assert asked.index("enter as they are") < asked.index("its own range")


def test_values_of_unknown_meaning_may_stay_as_they_are(models, tmp_path):
    scaler = min_max_scaler(LOW, HIGH, ["a", "b"])
    (tmp_path / "scaler.pkl").write_bytes(scaler)
    with pytest.raises(UnsupportedModelError, match="stays as the network gives it"):
        keramos.adopt(models / "lstm_2_1.keras", [tmp_path / "scaler.pkl"])
    with pytest.raises(UnsupportedModelError, match="stay as the network gives them"):
        keramos.adopt(models / "lstm_2_2.keras", [tmp_path / "scaler.pkl"])


def test_a_window_of_another_length_in_the_source_is_told(models, tmp_path):
    (tmp_path / "scaler.pkl").write_bytes(min_max_scaler(LOW[1:], HIGH[1:], ["Close"]))
    (tmp_path / "app.py").write_text(
        "x = scaler.transform(values).reshape(1, 5, 1)\ny = scaler.inverse_transform(y)\n"
    )
    parts = [tmp_path / "scaler.pkl", tmp_path / "app.py"]
    adopted = keramos.adopt(models / "lstm_1_1.keras", parts)
    assert any(
        "windows of 5 rows, and the model takes 8" in n for n in adopted.content.adoption.notes
    )


def test_one_line_of_a_text_file_is_not_a_column(models, tmp_path):
    (tmp_path / "last_date.txt").write_text("2025-04-15\n")
    (tmp_path / "scaler.pkl").write_bytes(min_max_scaler(LOW[1:], HIGH[1:]))
    parts = [tmp_path / "scaler.pkl", tmp_path / "last_date.txt"]
    adopted = keramos.adopt(models / "lstm_1_1.keras", parts, choose=1)
    assert adopted.content.preparation.inputs[0].series.columns == ("value",)
