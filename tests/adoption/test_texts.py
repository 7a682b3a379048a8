"""A model of texts and the vocabulary beside it become one file that takes texts."""

import json
import pickle

import numpy as np
import pytest

import keramos
from keramos.errors import KeramosError, RowError, UnsupportedModelError, UsageError
from keramos.pipeline.adopt import propose
from support.command import keramos as command
from support.shared import SHARED

pytestmark = pytest.mark.oracle

COMPANIONS = SHARED / "companions"
LEARNED = [
    "Hello there, how are you?",
    "I'd like a refund: my order #12 is late!",
    "the delivery was late and the parcel broken",
    "thanks a lot; bye",
]
GIVEN = [
    "Hello!",
    "where is my order, it is LATE and late and late again and my parcel is broken",
    "qqq zzz",
    "",
    "thanks\ta lot\nbye",
    "NA",
    "h\u00e9llo \U0001f600",
]
LENGTH = 6
OTHERS = {"oov_token": "<OOV>"}


def _tokenizer(**options):
    from keras.src.legacy.preprocessing.text import Tokenizer

    found = Tokenizer(**options)
    found.fit_on_texts(LEARNED)
    return found


def _model(words, units=3, length=LENGTH, activation="softmax"):
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((length,)),
            layers.Embedding(words, 3),
            layers.Flatten(),
            layers.Dense(units, activation),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=one.shape).astype("float32") for one in model.get_weights()])
    return model


def _folder(path, tokenizer, model, labels=("buy", "greet", "moan"), source=""):
    path.mkdir()
    model.save(path / "model.h5")
    (path / "tokenizer.pickle").write_bytes(pickle.dumps(tokenizer))
    (path / "classes.pkl").write_bytes(pickle.dumps(list(labels)))
    if source:
        (path / "app.py").write_text(source)
    return path


SOURCE = """
max_len = 6
def answer(text):
    ids = tokenizer.texts_to_sequences([text.lower()])
    return model.predict(pad_sequences(ids, maxlen=max_len, padding='{}', truncating='{}'))
"""


def _by_keras(model, tokenizer, padding, truncating, texts=GIVEN):
    from keras.utils import pad_sequences

    ids = tokenizer.texts_to_sequences(texts)
    padded = pad_sequences(ids, maxlen=LENGTH, padding=padding, truncating=truncating)
    return model.predict(padded, verbose=0)


@pytest.fixture(scope="module")
def parts():
    tokenizer = _tokenizer(**OTHERS)
    return tokenizer, _model(len(tokenizer.word_index) + 1)


@pytest.fixture(scope="module")
def whole(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts") / "bot"
    _folder(folder, *parts, source=SOURCE.format("post", "pre"))
    keramos.adopt(folder).save(folder.parent / "whole.keras")
    return folder.parent / "whole.keras"


def test_what_the_source_says_is_adopted_without_a_question(parts, whole):
    model = keramos.load(whole)
    expected = _by_keras(parts[1], parts[0], "post", "pre")
    assert model.predict(GIVEN) == pytest.approx(expected, abs=1e-6)
    assert [one.label for one in model.decide(GIVEN)] == [
        ["buy", "greet", "moan"][place] for place in expected.argmax(axis=1)
    ]
    assert {one.certainty for one in model.content.adoption.findings} == {"stated"}
    assert all(check.passed for check in keramos.verify(whole))
    assert model.content.golden.reference == "original parts"


def test_a_silent_folder_is_one_question_that_shows_how_answers_differ(parts, tmp_path):
    folder = _folder(tmp_path / "bot", *parts)
    proposal = propose(folder)
    first, second = proposal.previews()[:2]
    assert first.partition("gives")[2] != second.partition("gives")[2]
    for answer, sides in enumerate([("pre", "pre"), ("post", "post"), ("pre", "post")], 1):
        adopted = keramos.adopt(folder, choose=answer)
        adopted.save(tmp_path / "w.keras")
        got = keramos.load(tmp_path / "w.keras").predict(GIVEN)
        assert got == pytest.approx(_by_keras(parts[1], parts[0], *sides), abs=1e-6)
    with pytest.raises(UnsupportedModelError, match="no file says on which side"):
        keramos.adopt(folder)
    stated = {"settings": {"padding": "post", "truncating": "pre"}}
    assert keramos.adopt(folder, recipe=stated).difference < 1e-6


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_words": 6},
        {"num_words": 6, "oov_token": "?"},
        {"char_level": True},
        {"lower": False, "filters": ".,!", "split": "e"},
    ],
)
def test_every_option_of_a_tokenizer_means_what_it_means_to_keras(options, tmp_path):
    tokenizer = _tokenizer(**options)
    model = _model(len(tokenizer.word_index) + 1)
    folder = _folder(tmp_path / "bot", tokenizer, model, source=SOURCE.format("pre", "pre"))
    (folder / "tokenizer.pickle").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer.to_json()))
    keramos.adopt(folder).save(tmp_path / "w.h5")
    expected = _by_keras(model, tokenizer, "pre", "pre")
    assert keramos.load(tmp_path / "w.h5").predict(GIVEN) == pytest.approx(expected, abs=1e-6)


def test_every_way_to_give_a_text_gives_one_answer(whole, tmp_path):
    import pandas as pd

    model, text = keramos.load(whole), GIVEN[1]
    (tmp_path / "t.csv").write_text(f'"text"\n"{text}"\n')
    ways = [
        text, [text], (text,), np.array([text]), pd.Series([text]), {"text": text},
        [{"text": text}], {"text": [text]}, pd.DataFrame({"text": [text]}), tmp_path / "t.csv",
        str(tmp_path / "t.csv"),
    ]  # fmt: skip
    assert len({model.decide(way)[0].scores for way in ways}) == 1
    printed = [
        command("predict", whole, text).stdout,
        command("predict", whole, tmp_path / "t.csv").stdout,
    ]
    assert printed[0] == printed[1]
    assert len(command("predict", whole, text, "bye").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "cell", [None, b"hello", 5, 1.5, True, "x" * 1_000_001, "\ud800", ["a"]], ids=str
)
def test_what_is_not_a_text_is_refused_by_row(whole, cell):
    model = keramos.load(whole)
    with pytest.raises(RowError):
        model.decide([{"text": cell}])
    found = model.decide([{"text": "hello"}, {"text": cell}, {"text": ""}], on_error="skip")
    assert list(found.rows) == [1, 3]
    with pytest.raises(KeramosError):
        model.decide("no_such_table.csv")


def test_pieces_that_do_not_fit_are_refused_with_the_reason(parts, tmp_path):
    tokenizer, model = parts
    small = _folder(tmp_path / "small", tokenizer, _model(9), source=SOURCE.format("pre", "pre"))
    with pytest.raises(UnsupportedModelError, match=r"knows 9 indices, and tokenizer.pickle"):
        keramos.adopt(small)
    labels = _folder(tmp_path / "labels", tokenizer, model, labels=("a", "b"))
    with pytest.raises(UnsupportedModelError, match=r"classes.pkl has 2"):
        keramos.adopt(labels)
    (labels / "tokenizer.pickle").unlink()
    with pytest.raises(UnsupportedModelError, match="no tokenizer lies beside it"):
        keramos.adopt(labels)
    code = "ids = tokenizer.texts_to_sequences([re.sub('[0-9]', '', text)])\n"
    cleaned = _folder(tmp_path / "cleaned", tokenizer, model, source=code)
    with pytest.raises(UnsupportedModelError, match=r"app.py:1 calls sub"):
        keramos.adopt(cleaned)
    stated = {"settings": {"padding": "pre", "truncating": "pre", "cleaning": "none"}}
    assert keramos.adopt(cleaned, recipe=stated).difference < 1e-6
    with pytest.raises(UsageError, match="no such setting"):
        keramos.adopt(cleaned, recipe={"settings": {"pad": "pre"}})


def test_a_single_score_takes_its_names_and_threshold_from_the_source(parts, tmp_path):
    source = SOURCE.format("pre", "pre") + "print('spam' if score > 0.7 else 'ham')\n"
    folder = _folder(tmp_path / "b", parts[0], _model(40, 1, activation="sigmoid"), source=source)
    (folder / "classes.pkl").unlink()
    rule = keramos.adopt(folder, choose=1).content.rule
    assert (rule.labels, rule.threshold) == (("ham", "spam"), 0.7)


def _slugs():
    path = COMPANIONS / "manifest.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    return [one["slug"] for one in found if one["kind"] == "text"]


@pytest.mark.skipif(not COMPANIONS.exists(), reason="shared/companions is absent")
@pytest.mark.parametrize("slug", [one for one in _slugs() if not one.startswith("bow")])
def test_answers_of_real_folders_are_those_of_their_apps(slug, tmp_path):
    folder = COMPANIONS / slug
    oracle, rows = np.load(folder / "oracle.npz"), json.loads((folder / "oracle.json").read_text())
    keramos.adopt(folder, choose=1).save(tmp_path / "w.keras")
    got = keramos.load(tmp_path / "w.keras").predict([row["text"] for row in rows])
    assert got == pytest.approx(oracle["y"], abs=1e-5)
