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
    (tmp_path / "deep").mkdir()
    deep = _folder(tmp_path / "deep" / "bot", tokenizer, model, source=SOURCE.format("pre", "pre"))
    (deep / "utils.py").write_text(
        "def clean(t):\n    return plain(t)\ndef plain(t):\n    return t.translate(TABLE)\n"
    )
    (deep / "app.py").write_text("texts = clean(given)\ntokenizer.texts_to_sequences(texts)\n")
    with pytest.raises(UnsupportedModelError, match=r"app.py:1 calls clean"):
        keramos.adopt(deep)
    code = "ids = tokenizer.texts_to_sequences([re.sub('[0-9]', '', text)])\n"
    cleaned = _folder(tmp_path / "cleaned", tokenizer, model, source=code)
    with pytest.raises(UnsupportedModelError, match=r"app.py:1 calls sub"):
        keramos.adopt(cleaned)
    stated = {"settings": {"padding": "pre", "truncating": "pre", "cleaning": "none"}}
    assert keramos.adopt(cleaned, recipe=stated).difference < 1e-6
    with pytest.raises(UsageError, match="no such setting"):
        keramos.adopt(cleaned, recipe={"settings": {"pad": "pre"}})


def test_a_single_score_takes_its_names_and_threshold_from_the_source(parts, tmp_path):
    source = "m = load_model('model.h5')\n" + SOURCE.format("pre", "pre")
    source += "print('spam' if score > 0.7 else 'ham')\nflags = ('a', 'b')\n"
    single = _model(len(parts[0].word_index) + 1, 1, activation="sigmoid")
    folder = _folder(tmp_path / "b", parts[0], single, source=source)
    (folder / "classes.pkl").unlink()
    rule = keramos.adopt(folder).content.rule
    assert (rule.labels, rule.threshold) == (("ham", "spam"), 0.7)
    (folder / "app.py").write_text(source.replace("load_model", "fit"))
    with pytest.raises(UnsupportedModelError, match=r"the scores are named as app.py:"):
        keramos.adopt(folder)


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


INTENTS = {
    "intents": [
        {"tag": "greet", "patterns": ["Hello there!", "Are the shops open?"], "responses": ["Hi"]},
        {"tag": "hours", "patterns": ["What are your hours", "is it late"], "responses": ["9-5"]},
    ]
}
BAG = ["are", "hello", "hour", "is", "it", "late", "open", "shop", "the", "there", "what", "your"]


def _bag_folder(path, words=BAG, intents=INTENTS, source=""):
    import keras

    path.mkdir()
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((len(words),)), dense(5, "relu"), dense(2, "softmax")])
    model.save(path / "chatbot_model.h5")
    (path / "words.pkl").write_bytes(pickle.dumps(list(words)))
    (path / "classes.pkl").write_bytes(pickle.dumps(["greet", "hours"]))
    (path / "intents.json").write_text(json.dumps(intents))
    if source:
        (path / "bot.py").write_text(source)
    return model


def test_a_bag_of_words_that_its_patterns_prove_needs_no_question(tmp_path):
    model = _bag_folder(tmp_path / "bot")
    adopted = keramos.adopt(tmp_path / "bot")
    adopted.save(tmp_path / "w.keras")
    given = {
        "Which hour? The HOURS, it's the shop's": ["hour", "it", "the", "shop"],
        "hello hello. Open shops": ["hello", "open", "shop"],
        "": [],
        "nothings nowhere": [],
    }
    rows = np.array([[float(word in has) for word in BAG] for has in given.values()], "float32")
    got = keramos.load(tmp_path / "w.keras").predict(list(given))
    assert got == pytest.approx(model.predict(rows, verbose=0), abs=1e-6)
    assert adopted.content.schema.columns[0].kind == "text"
    assert adopted.content.rule.labels == ("greet", "hours")


def test_words_of_a_bag_that_no_file_explains_are_a_question_or_refused(tmp_path):
    _bag_folder(tmp_path / "odd", [*BAG, "!"])
    question = propose(tmp_path / "odd").question
    assert "no file says whether words such as ! are left out" in question.answers[0]
    _bag_folder(tmp_path / "stems", ["ar", "hell", "hou", *BAG[3:]])
    with pytest.raises(UnsupportedModelError, match=r"ar, hell, hou. They may be stems"):
        keramos.adopt(tmp_path / "stems")
    _bag_folder(tmp_path / "stemmed", source="w = stemmer.stem(word.lower())\n")
    with pytest.raises(UnsupportedModelError, match=r"makes words with stem \(bot.py:1\)"):
        keramos.adopt(tmp_path / "stemmed")


@pytest.mark.parametrize("mode", ["binary", "count", "freq", "tfidf"])
@pytest.mark.parametrize("options", [{}, {"num_words": 7, "oov_token": "?"}], ids=["all", "cut"])
def test_a_matrix_of_a_tokenizer_is_that_of_keras(mode, options, tmp_path):
    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.code import said_by
    from keramos.adoption.texts.matrices import matrices
    from keramos.adoption.texts.network import Taken
    from keramos.companions.read import read_companion
    from keramos.tabular.texts.table import encoder_of

    tokenizer = _tokenizer(**options)
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer.to_json())
    (tmp_path / "app.py").write_text(f"tokenizer.texts_to_matrix([text], mode={mode!r})")
    expected = tokenizer.texts_to_matrix(GIVEN, mode=mode)
    pieces = Pieces(("m.h5",), (read_companion(str(path)),))
    taken = Taken("row", "x", "float32", expected.shape[1], 0, 3)
    (recipe,) = matrices(taken, pieces, said_by([str(tmp_path / "app.py")]))
    assert encoder_of(recipe.text).many(GIVEN)[0] == pytest.approx(expected, rel=1e-6)


VECTORIZERS = [
    ("CountVectorizer", {}),
    ("CountVectorizer", {"binary": True, "ngram_range": (1, 3), "stop_words": "english"}),
    ("CountVectorizer", {"lowercase": False, "token_pattern": r"\b[a-zA-Z]+\b"}),
    ("CountVectorizer", {"analyzer": "char", "ngram_range": (2, 3), "max_features": 40}),
    ("CountVectorizer", {"analyzer": "char_wb", "ngram_range": (1, 4)}),
    ("TfidfVectorizer", {}),
    ("TfidfVectorizer", {"sublinear_tf": True, "norm": "l1", "strip_accents": "unicode"}),
    ("TfidfVectorizer", {"use_idf": False, "norm": None, "strip_accents": "ascii"}),
    ("TfidfVectorizer", {"binary": True, "smooth_idf": False, "stop_words": ["a", "the"]}),
]


@pytest.mark.parametrize(("name", "options"), VECTORIZERS)
def test_a_vectorizer_is_that_of_scikit_learn(name, options, tmp_path):
    import sklearn.feature_extraction.text as theirs

    from keramos.adoption.texts.matrices import text_of
    from keramos.adoption.texts.original import by_parts
    from keramos.companions.read import read_companion
    from keramos.tabular.texts.table import encoder_of

    fitted = getattr(theirs, name)(**options).fit([*LEARNED, "h\u00e9llo   caf\u00e9"])
    path = tmp_path / "vectorizer.pkl"
    path.write_bytes(pickle.dumps(fitted))
    text = text_of(read_companion(str(path)).value, "float64")
    expected = fitted.transform([*LEARNED, *GIVEN]).toarray()
    got = encoder_of(text).many([*LEARNED, *GIVEN])[0]
    assert got == pytest.approx(expected, abs=1e-12)
    assert by_parts(text, [*LEARNED, *GIVEN]) == pytest.approx(expected, abs=1e-12)


def test_a_folder_with_a_vectorizer_is_adopted(tmp_path):
    import keras
    from sklearn.feature_extraction.text import TfidfVectorizer

    fitted = TfidfVectorizer().fit(LEARNED)
    (tmp_path / "bot").mkdir()
    width = len(fitted.vocabulary_)
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(2, "softmax")])
    model.save(tmp_path / "bot" / "model.keras")
    (tmp_path / "bot" / "vectorizer.pkl").write_bytes(pickle.dumps(fitted))
    (tmp_path / "bot" / "label_names.json").write_text('["bad", "good"]')
    keramos.adopt(tmp_path / "bot").save(tmp_path / "w.keras")
    expected = model.predict(fitted.transform(GIVEN).toarray(), verbose=0)
    assert keramos.load(tmp_path / "w.keras").predict(GIVEN) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"\w+x",
        r"(?u)\w+\b",
        "a|b",
        r"\w*\w*\w*x",
        r"[",
        "x" * 300,
        r"(?i)\w+",
        r"\w{9999}",
    ],
)
def test_patterns_that_may_take_without_end_are_refused(pattern):
    from keramos.tabular.texts.ngrams import is_safe

    assert not is_safe(pattern)


@pytest.mark.skipif(not COMPANIONS.exists(), reason="shared/companions is absent")
@pytest.mark.parametrize("slug", [one for one in _slugs() if one.startswith("bow")])
def test_bags_of_real_folders_are_those_of_their_apps(slug, tmp_path):
    folder = COMPANIONS / slug
    oracle, rows = np.load(folder / "oracle.npz"), json.loads((folder / "oracle.json").read_text())
    keep = 2 if slug.endswith("alnum") else 1
    keramos.adopt(folder, choose=keep).save(tmp_path / "w.keras")
    model = keramos.load(tmp_path / "w.keras")
    texts = [row["text"] for row in rows]
    assert model.predict(texts) == pytest.approx(oracle["y"], abs=1e-5)
    assert [one.label for one in model.decide(texts)] == [row["label"] for row in rows]


def test_the_app_says_how_words_are_cut_not_the_program_that_trained(tmp_path):
    _bag_folder(tmp_path / "bot")
    (tmp_path / "bot" / "train.py").write_text(
        "words = [lemmatizer.lemmatize(w.lower()) for w in nltk.word_tokenize(p) if w.isalnum()]\n"
    )
    (tmp_path / "bot" / "app.py").write_text(
        "model = load_model('m.h5')\n"
        "words = [lemmatizer.lemmatize(w) for w in nltk.word_tokenize(text)]\n"
    )
    adopted = keramos.adopt(tmp_path / "bot")
    adopted.save(tmp_path / "w.h5")
    model = keramos.load(tmp_path / "w.h5")
    assert model.decide("HELLO hours")[0].scores == model.decide("hours")[0].scores
    notes = adopted.content.adoption.notes
    assert any("training did not (train.py:1)" in note for note in notes)


def test_of_several_models_the_one_counts_that_the_app_loads(parts, tmp_path):
    source = "model = load_model('models/model.h5')\n" + SOURCE.format("pre", "pre")
    folder = _folder(tmp_path / "bot", *parts, source=source)
    _model(len(parts[0].word_index) + 1, 2).save(folder / "a_older.h5")
    (model,) = propose(folder).candidates
    assert model.title.startswith("model.h5 with tokenizer.pickle")


def test_a_network_that_reads_texts_itself_takes_them_as_they_are(tmp_path):
    import keras
    import tensorflow as tf

    layers = keras.layers
    cut = layers.TextVectorization(output_sequence_length=4, vocabulary=["hello", "late", "bye"])
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            cut,
            layers.Embedding(5, 2),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    (tmp_path / "m").mkdir()
    model.save(tmp_path / "m" / "model.keras")
    (tmp_path / "m" / "label_names.txt").write_text("late\nfriendly\n")
    keramos.adopt(tmp_path / "m").save(tmp_path / "w.keras")
    loaded = keramos.load(tmp_path / "w.keras")
    expected = model.predict(tf.constant([[text] for text in GIVEN]), verbose=0)
    assert loaded.predict(GIVEN) == pytest.approx(expected, abs=1e-6)
    assert {one.label for one in loaded.decide(GIVEN)} <= {"late", "friendly"}


@pytest.mark.parametrize(
    "state",
    [
        {"word_index": {}},
        {"word_index": {"a": 1, "b": 1}},
        {"word_index": {"a": 10**9}},
        {"word_index": {"a": "1"}},
        {"word_index": {5: 1}},
        {"word_index": [["a", 1]]},
        {"word_index": {"a": 1}, "filters": 7},
        {"word_index": {"a": 1}, "num_words": "many"},
        {"word_index": {"a": 1}, "num_words": -5, "oov_token": "zzz"},
        {"word_index": {"a": 1}, "split": ""},
        {"word_index": {"a": 1}, "analyzer": "print"},
    ],
    ids=str,
)
def test_a_tokenizer_that_contradicts_itself_is_refused_in_one_line(state, parts, tmp_path):
    folder = _folder(tmp_path / "bot", *parts, source=SOURCE.format("pre", "pre"))
    (folder / "tokenizer.pickle").unlink()
    config = {"filters": ".", "split": " ", "lower": True, "num_words": None} | state
    document = {"class_name": "Tokenizer", "config": config}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(KeramosError) as caught:
        keramos.adopt(folder)
    assert "\n" not in str(caught.value)


def test_every_protocol_takes_texts(whole):
    import base64

    from keramos.serving.core.messages import Request
    from support.ways_served import DECIDE, INVOKE, PREDICT, json_of, server

    model, text = keramos.load(whole), GIVEN[1]
    b64 = {"b64": base64.b64encode(text.encode()).decode()}
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    bodies = [
        (DECIDE, {"rows": [{"text": text}]}),
        (PREDICT, {"instances": [text]}),
        (PREDICT, {"instances": [{"text": text}]}),
        (PREDICT, {"instances": [b64]}),
        (PREDICT, {"inputs": {"text": [text]}}),
        (INVOKE, {"dataframe_records": [{"text": text}]}),
        ("/v2/models/m/infer", {"inputs": [tensor]}),
    ]
    expected = model.predict(text)[0]
    for url, body in bodies:
        request = Request("POST", url, "", {"content-type": "application/json"}, json_of(body))
        reply = server(model).answer(request)
        assert reply.status == 200, (url, reply.body)
        found = json.loads(reply.body)
        rows = found.get("predictions") or found.get("outputs") or found["decisions"]
        scores = (
            rows[0] if isinstance(rows[0], list) else rows[0].get("scores", rows[0].get("data"))
        )
        scores = scores if scores is not None else rows
        assert np.ravel(scores) == pytest.approx(expected, abs=1e-6)
    for bad in (None, 5, ["a"], "x" * 1_000_001):
        request = Request(
            "POST",
            DECIDE,
            "",
            {"content-type": "application/json"},
            json_of({"rows": [{"text": bad}]}),
        )
        assert server(model).answer(request).status == 400


def test_a_page_has_a_box_for_the_text_and_shows_its_words(whole):
    from keramos.report.subject import Given, Subject
    from keramos.report.views.columns import fields

    model = keramos.load(whole)
    (field,) = fields(model.content)
    page = Subject("m", model).explanation(model, Given({"text": "<b>hello</b> qqq"}))
    assert field.kind == "passage"
    assert "<dt>known words</dt><dd>hello</dd>" in page
    assert "<dt>unknown words</dt><dd>b, b, qqq</dd>" in page
    assert "<b>hello" not in page
    done = command("predict", whole, "late parcel", "--trace", 1)
    assert "numbers" in done.stderr
