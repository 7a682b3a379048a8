"""A model of a window, its scaler and its source become one file that takes raw rows."""

import json

import numpy as np
import pytest

import keramos
from keramos.errors import DataError, ModelError, RowError, UnsupportedModelError, UsageError
from support.command import keramos as command
from support.shared import SHARED
from support.sklearn_pickles import dumped, min_max_scaler

WINDOW = 12
RNG = np.random.default_rng(3)
PRICES = 50 + np.cumsum(RNG.normal(0, 1, (60, 3)), axis=0)
NAMES = ["Open", "High", "Close"]
LOW, HIGH = PRICES.min(axis=0), PRICES.max(axis=0)
APP = """
import joblib
look_back = 12
scaler = joblib.load("scaler.pkl")
def forecast(df):
    rows = scaler.transform(df[["Open", "High", "Close"]])
    y = []
    for i in range(look_back, len(rows)):
        y.append(rows[i, 2])
    return scaler.inverse_transform(y)
"""


def _keras(width, units=1, activation="linear"):
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    given = keras.Input((WINDOW, width))
    return keras.Sequential([given, layers.LSTM(5), layers.Dense(units, activation)])


def _csv(path, rows=PRICES, names=NAMES, dates=True, backwards=False):
    days = np.datetime64("2026-01-01") + np.arange(len(rows))
    lines = [
        ",".join([*([str(day)] if dates else []), *map(repr, row.tolist())])
        for day, row in zip(days, rows, strict=True)
    ]
    head = ",".join([*(["Date"] if dates else []), *names])
    path.write_text("\n".join([head, *(lines[::-1] if backwards else lines)]) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series") / "app"
    folder.mkdir()
    model = _keras(3)
    model.save(folder / "lstm_model.h5")
    (folder / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES))
    (folder / "app.py").write_text(APP)
    return folder, model


@pytest.fixture(scope="module")
def whole(folder):
    path = folder[0].parent / "whole.keras"
    keramos.adopt(folder[0]).save(path)
    return path


def _by_app(model, rows=PRICES):
    """The next Close by the parts: scaler, network, the inverse of its third column."""
    scaled = ((rows[-WINDOW:] - LOW) / (HIGH - LOW)).astype("float32")
    answer = float(model.predict(scaled[None], verbose=0)[0, 0])
    return answer * (HIGH - LOW)[2] + LOW[2]


def test_a_window_with_its_scaler_and_source_is_adopted_without_a_question(folder, whole):
    model = keramos.load(whole)
    decision = model.decide(PRICES)[0]
    assert decision.label == pytest.approx(_by_app(folder[1]), rel=1e-5)
    assert model.content.schema.target.name == "next Close"
    told = {one.what: (one.origin, one.certainty) for one in model.content.adoption.findings}
    assert told["columns"] == ("file", "stated")
    assert told["target"] == ("code", "inferred")
    assert all(check.passed for check in keramos.verify(whole))


def test_every_way_to_give_a_series_gives_one_answer(whole, tmp_path):
    import pandas as pd

    model, rows = keramos.load(whole), PRICES.tolist()
    frame = pd.DataFrame(PRICES, columns=NAMES)
    dated = frame.set_index(pd.date_range("2026-01-01", periods=len(frame)))
    by_name = [dict(zip(NAMES, row, strict=True)) for row in rows]
    ways = [
        PRICES, PRICES[-WINDOW:], PRICES[None], rows, frame, frame[NAMES[::-1]], dated, dated[::-1],
        by_name, {"series": rows}, [{"series": rows}], [{"series": PRICES}], {"series": PRICES},
        [{"series": by_name}], [{"series": json.dumps(rows)}], frame.to_dict("list"),
        _csv(tmp_path / "a.csv"), str(_csv(tmp_path / "b.csv", backwards=True)),
        _csv(tmp_path / "c.csv", dates=False),
    ]  # fmt: skip
    answers = [model.decide(way) for way in ways]
    assert {len(one) for one in answers} == {1}
    assert len({one[0].score for one in answers}) == 1


def test_several_windows_give_an_answer_each(folder, whole):
    model = keramos.load(whole)
    windows = np.stack([PRICES[at : at + WINDOW] for at in range(3)])
    found = [one.score for one in model.decide(windows)]
    wanted = [_by_app(folder[1], window) for window in windows]
    assert found == pytest.approx(wanted, rel=1e-5)
    assert model.predict(windows)[:, 0] == pytest.approx(wanted, rel=1e-5)


def test_plain_keras_opens_the_file_and_takes_raw_windows(folder, whole):
    import keras

    found = keras.models.load_model(whole).predict(PRICES[None, -WINDOW:], verbose=0)
    assert found[0, 0] == pytest.approx(_by_app(folder[1]), rel=1e-5)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (PRICES[:5], "5 rows, and the network takes 12"),
        (np.where(np.arange(60)[:, None] == 55, np.nan, PRICES), "row 56 of 60 has no value"),
        (PRICES[:, :2], "each row has 3 numbers (Open, High, Close)"),
    ],
)
def test_a_series_that_does_not_fit_is_refused_with_what_it_lacks(whole, rows, words):
    with pytest.raises(RowError) as caught:
        keramos.load(whole).decide([{"series": rows}])
    assert words in str(caught.value)


def test_dates_that_repeat_or_lack_are_refused(whole, tmp_path):
    model, path = keramos.load(whole), _csv(tmp_path / "twice.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]))
    with pytest.raises(DataError, match="several rows have one date"):
        model.decide(path)


def test_a_table_without_a_column_is_refused_by_its_name(whole, tmp_path):
    path = _csv(tmp_path / "two.csv", PRICES[:, :2], NAMES[:2])
    with pytest.raises(DataError, match="'Close'"):
        keramos.load(whole).decide(path)


def test_the_command_forecasts_from_a_csv(folder, whole, tmp_path):
    path = _csv(tmp_path / "prices.csv")
    done = command("predict", whole, path, "--json")
    found = json.loads(done.stdout)["value"]
    assert found == pytest.approx(_by_app(folder[1]), rel=1e-5)


def _alone(folder, name="lstm_model.h5", width=1, **given):
    folder.mkdir(exist_ok=True)
    model = _keras(width, **given)
    model.save(folder / name)
    return model


def test_an_app_that_fits_on_the_request_is_a_question_that_says_so(tmp_path):
    model = _alone(tmp_path / "app")
    (tmp_path / "app" / "page.py").write_text(
        "scaler = MinMaxScaler(feature_range=(0, 1))\n"
        "x = scaler.fit_transform(df['Close'])\n"
        "y = y * (1 / scaler.scale_[0])\n"
    )
    with pytest.raises(UnsupportedModelError, match="how many rows before them are sent"):
        keramos.adopt(tmp_path / "app")
    adopted = keramos.adopt(tmp_path / "app", choose=1)
    assert any("without their minimum" in note for note in adopted.content.adoption.notes)
    adopted.save(tmp_path / "whole.keras")
    closes = PRICES[:, 2]
    low, high = closes.min(), closes.max()
    scaled = ((closes[-WINDOW:] - low) / (high - low)).astype("float32")
    wanted = float(model.predict(scaled[None, :, None], verbose=0)[0, 0]) * (high - low) + low
    loaded = keramos.load(tmp_path / "whole.keras")
    assert loaded.decide(closes)[0].score == pytest.approx(wanted, rel=1e-5)
    assert loaded.decide(closes[-WINDOW:])[0].score != pytest.approx(wanted, rel=1e-5)


def test_a_window_of_several_columns_without_its_scaler_is_refused(tmp_path):
    _alone(tmp_path / "app", width=4)
    (tmp_path / "app" / "scaler.pkl").write_bytes(dumped(["Close", "Open", "High", "Low", "Vol"]))
    with pytest.raises(ModelError, match="holds no scaler"):
        keramos.adopt(tmp_path / "app")
    stated = keramos.adopt(tmp_path / "app", recipe={"scaler": "none"}, choose=1)
    assert stated.content.preparation.inputs[0].series.window == WINDOW


def test_classes_of_windows_have_the_labels_of_a_recipe(tmp_path):
    _alone(tmp_path / "app", width=3, units=3, activation="softmax")
    (tmp_path / "app" / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES))
    adopted = keramos.adopt(tmp_path / "app", recipe={"labels": ["buy", "hold", "sell"]})
    adopted.save(tmp_path / "whole.h5")
    assert keramos.load(tmp_path / "whole.h5").decide(PRICES)[0].label in {"buy", "hold", "sell"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.txt", b"buy\nhold\nsell\n"),
        ("class_names.json", b'{"hold": 1, "sell": 2, "buy": 0}'),
        (
            "app.py",
            b"import keras\nm = keras.models.load_model(f)\nLABELS = ['buy', 'hold', 'sell']\n",
        ),
    ],
)
def test_classes_of_windows_have_the_labels_beside_the_model(name, data, tmp_path):
    _alone(tmp_path / "app", width=3, units=3, activation="softmax")
    (tmp_path / "app" / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES))
    (tmp_path / "app" / name).write_bytes(data)
    adopted = keramos.adopt(tmp_path / "app", choose=1)
    assert adopted.content.rule.labels == ("buy", "hold", "sell")
    (told,) = (one for one in adopted.content.adoption.findings if one.what == "labels")
    assert told.source.startswith(name)


def test_labels_for_another_number_of_classes_of_windows_are_refused(tmp_path):
    _alone(tmp_path / "app", width=3, units=3, activation="softmax")
    (tmp_path / "app" / "scaler.pkl").write_bytes(min_max_scaler(LOW, HIGH, NAMES))
    (tmp_path / "app" / "labels.txt").write_text("up\ndown\n")
    with pytest.raises(UnsupportedModelError, match=r"labels\.txt has 2"):
        keramos.adopt(tmp_path / "app", choose=1)


@pytest.mark.parametrize(
    ("recipe", "error", "words"),
    [
        ({"columns": ["a"]}, UsageError, "the window has 3 columns"),
        ({"scaler": "other.pkl"}, UsageError, "no such scaler"),
        ({"settings": {"window": 5}}, UsageError, "windows of 12 rows"),
        ({"settings": {"speed": 5}}, UsageError, "no such setting"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(folder, recipe, error, words):
    with pytest.raises(error, match=words):
        keramos.adopt(folder[0], recipe=recipe)


RECORDED = {
    "stock-scaler-pkl": None,
    "hourly-energy-recursive": {"scaler": "request"},
}


@pytest.mark.parametrize("name", RECORDED)
def test_published_series_answer_as_recorded(name, tmp_path):
    source = SHARED / "companions" / name
    if not source.exists():
        pytest.skip("the shared material is absent")
    recorded = np.load(source / "oracle.npz")
    keramos.adopt(source, recipe=RECORDED[name], choose=1).save(tmp_path / "whole.keras")
    model = keramos.load(tmp_path / "whole.keras")
    found = [model.decide(series)[0].score for series in recorded["series"]]
    assert found == pytest.approx(recorded["answer"][:, 0].tolist(), rel=1e-5)


def _scored(whole, path, out, **options):
    import csv

    summary = keramos.score(whole, path, out, **options)
    with out.open() as file:
        return summary, list(csv.DictReader(file))


def test_score_gives_each_row_with_a_full_window_what_decide_gives(whole, tmp_path):
    model = keramos.load(whole)
    path = _csv(tmp_path / "prices.csv")
    summary, rows = _scored(whole, path, tmp_path / "out.csv", keep=("Date",))
    assert (summary.totals.rows, summary.totals.decided) == (60, 60 - WINDOW + 1)
    wanted = [model.decide(PRICES[: end + 1])[0].score for end in range(WINDOW - 1, 60)]
    assert [float(row["value"]) for row in rows] == pytest.approx(wanted, rel=1e-6)
    assert rows[0]["Date"] == "2026-01-12"


def test_batches_of_any_size_remember_the_rows_before(whole):
    import pyarrow as pa

    model = keramos.load(whole)
    table = pa.table(dict(zip(NAMES, PRICES.T, strict=True)))
    sizes = (1, 7, 30, 60)
    found = []
    for size in sizes:
        scorer = model.batch_scorer()
        parts = [scorer.score(batch).decided for batch in table.to_batches(max_chunksize=size)]
        found.append([value for part in parts for value in part.column("value").to_pylist()])
    assert {len(one) for one in found} == {60 - WINDOW + 1}
    for one in found[1:]:
        assert one == pytest.approx(found[0], rel=1e-6)


def test_score_refuses_rows_that_are_not_in_order_of_time(whole, tmp_path):
    path = _csv(tmp_path / "back.csv", backwards=True)
    with pytest.raises(DataError, match="not in the order of time"):
        keramos.score(whole, path, tmp_path / "out.csv")


def test_a_bad_cell_takes_the_rows_whose_window_holds_it(whole, tmp_path):
    path = _csv(tmp_path / "gap.csv")
    lines = path.read_text().splitlines()
    lines[31] = ",".join([*lines[31].split(",")[:3], "x"])
    path.write_text("\n".join(lines) + "\n")
    summary, rows = _scored(whole, path, tmp_path / "out.csv", on_error="skip", keep=("Date",))
    assert summary.totals.rejected == WINDOW
    assert len(rows) == 60 - WINDOW + 1 - WINDOW


def test_score_refuses_engines_and_options_that_lose_the_order(whole, tmp_path):
    path = _csv(tmp_path / "prices.csv")
    with pytest.raises(UsageError, match="engine local"):
        keramos.score(whole, path, tmp_path / "out.csv", engine="ray")
    with pytest.raises(UsageError, match="cannot be resumed"):
        keramos.score(whole, path, tmp_path / "out.csv", resume=True)
