"""Models of pictures, texts and windows that a person completes without companions."""

import csv

import numpy as np
import pytest

import keramos
from keramos.adoption.pictures.build import png
from keramos.errors import UnsupportedModelError, UsageError
from support import tiny_networks
from support.sklearn_pickles import dumped, estimator

RNG = np.random.default_rng(4)
WORDS = ["order", "where", "is", "my", "thanks", "hello", "bye", "late", "cat"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hand")
    tiny_networks.pictures(folder / "pictures.keras")
    tiny_networks.texts(folder / "texts.h5")
    tiny_networks.window(folder / "window.keras", rows=6, columns=2)
    (folder / "tokenizer.json").write_text(tiny_networks.tokenizer(WORDS))
    scale = np.array([0.1, 0.01])
    state = {"scale_": scale, "min_": np.zeros(2), "feature_range": (0, 1), "clip": False,
             "n_features_in_": 2}  # fmt: skip
    (folder / "scaler.pkl").write_bytes(dumped(estimator("MinMaxScaler", **state)))
    return folder


def test_a_model_of_pictures_takes_those_of_the_column_that_is_named(models, tmp_path):
    made = keramos.attach(
        models / "pictures.keras",
        schema={"photo": "image"},
        settings={"scale": "0..1", "fit": "crop", "method": "bilinear"},
        labels=["cat", "dog", "bird"],
        target="animal",
    )
    made.save(tmp_path / "whole.keras")
    model = keramos.load(tmp_path / "whole.keras")
    pixels = RNG.integers(0, 256, (6, 8, 3)).astype("uint8")
    decision = model.decide([{"photo": png(pixels)}])[0]
    wanted = keramos.load(models / "pictures.keras").predict((pixels / 255.0)[None])[0]
    assert decision.scores == pytest.approx(wanted.tolist(), rel=1e-5)
    assert decision.label == ["cat", "dog", "bird"][int(wanted.argmax())]
    assert model.content.schema.target.name == "animal"
    assert model.content.adoption.family == "pictures"


def test_a_model_of_texts_takes_them_through_its_tokenizer(models, tmp_path):
    made = keramos.attach(
        models / "texts.h5",
        schema={"review": "text"},
        transforms=[models / "tokenizer.json"],
        settings={"padding": "post", "truncating": "post"},
        labels=["good", "bad"],
    )
    made.save(tmp_path / "whole.h5")
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["review"], ["Where is my order?"]])
    decision = keramos.load(tmp_path / "whole.h5").decide(tmp_path / "in.csv")[0]
    numbers = [[WORDS.index(word) + 1 for word in ("where", "is", "my", "order")] + [0]]
    wanted = keramos.load(models / "texts.h5").predict(np.array(numbers, "int32"))[0]
    assert decision.scores == pytest.approx(wanted.tolist(), rel=1e-5)


def test_a_model_of_a_window_takes_raw_rows_and_goes_on(models, tmp_path):
    rows, factors = RNG.random((9, 2)) * [10, 100], np.array([0.1, 0.01])
    body = keramos.load(models / "window.keras")
    for steps in (1, 3):
        made = keramos.attach(
            models / "window.keras",
            schema=["Open", "Close"],
            transforms=[models / "scaler.pkl"],
            settings={"values": ["Open", "Close"], "steps": steps},
        )
        made.save(tmp_path / "whole.keras")
        window, wanted = rows[-6:] * factors, []
        for _ in range(steps):
            wanted.append(body.predict(window[None].astype("float32"))[0])
            window = np.concatenate([window[1:], wanted[-1][None]])
        found = keramos.load(tmp_path / "whole.keras").decide(rows)[0].scores
        assert found == pytest.approx((np.array(wanted) / factors).ravel().tolist(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "given", "error", "words"),
    [
        ("pictures.keras", {"schema": {"a": "image"}}, UsageError, "open"),
        ("pictures.keras", {"schema": {"a": "image", "b": "number"}}, UsageError, "no other"),
        ("pictures.keras", {"schema": {"a": "image"}, "labels": ["x"],
                            "settings": {"scale": "0..1"}}, UnsupportedModelError, "3 answers"),
        ("pictures.keras", {"schema": {"a": "image"}, "rule": "value",
                            "settings": {"scale": "0..1"}}, UsageError, "open|decides by"),
        ("pictures.keras", {"schema": {"a": "image"}, "settings": {"size": 3}}, UsageError,
         "no such setting"),
        ("texts.h5", {"schema": {"a": "text"}}, UnsupportedModelError, "tokenizer"),
        ("window.keras", {"schema": ["a"]}, UsageError, "2 columns"),
        ("window.keras", {"schema": ["a", "b"]}, UsageError, "open"),
    ],
)  # fmt: skip
def test_what_is_left_open_or_does_not_fit_is_refused(models, name, given, error, words):
    with pytest.raises(error, match=words):
        keramos.attach(models / name, **given)
