"""Label lists, classes, tokenizers, intents and NumPy files are read as data."""

import io
import json

import numpy as np
import pytest

from keramos.companions.read import read_companion
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.companions import Intents, Labels, Tokenizer


def read(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_companion(str(path))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0 cat\n1 dog\n", ("cat", "dog")),
        ("0 cat\r\n1 dog", ("cat", "dog")),
        ("\ufeff0 cat\n1 dog \n", ("cat", "dog")),
        ("cat\ndog\n\n", ("cat", "dog")),
        ("0 5 Gallons\n1 2 Gallons\n", ("5 Gallons", "2 Gallons")),
        ("1 cat\n2 dog\n", ("1 cat", "2 dog")),
        ("0: кот\n1: 개\n", ("кот", "개")),
        ("\n".join(f"{i} name{i}" for i in range(12)), tuple(f"name{i}" for i in range(12))),
    ],
)
def test_labels_of_text(tmp_path, text, names):
    assert read(tmp_path, "labels.txt", text).value == Labels(names)


@pytest.mark.parametrize(
    "value",
    [["cat", "dog"], {"cat": 0, "dog": 1}, {"0": "cat", "1": "dog"}, {"labels": ["cat", "dog"]}],
)
def test_labels_of_json(tmp_path, value):
    assert read(tmp_path, "classes.json", json.dumps(value)).value == Labels(("cat", "dog"))


@pytest.mark.parametrize("value", [{"cat": 0, "dog": 2}, {"a": [1]}, {"x": True, "y": 0}, 7])
def test_other_json_is_kept_as_it_is(tmp_path, value):
    found = read(tmp_path, "config.json", json.dumps(value))

    assert (found.form, found.value) == ("json", value)


def test_labels_that_are_no_text_are_refused(tmp_path):
    for data in (b"\xff\xfe\x00", b"", b"\n\n"):
        with pytest.raises(CorruptModelError):
            read(tmp_path, "labels.txt", data)


def config(**changes):
    state = {"num_words": None, "filters": "!", "lower": True, "split": " ", "char_level": False}
    state |= {"oov_token": "<OOV>", "word_index": {"<OOV>": 1, "a": 2, "b": 3}}
    return state | changes


@pytest.mark.parametrize("times", [0, 1])
def test_a_tokenizer_of_json_encoded_once_or_twice(tmp_path, times):
    inner = config(word_index=json.dumps(config()["word_index"]))
    text = json.dumps({"class_name": "Tokenizer", "config": inner})
    for _ in range(times):
        text = json.dumps(text)

    found = read(tmp_path, "tokenizer.json", text)

    assert found.value == Tokenizer(("<OOV>", "a", "b"), "!", " ", True, 0, "<OOV>")


def test_a_tokenizer_of_hugging_face_is_named(tmp_path):
    with pytest.raises(UnsupportedModelError, match="Hugging Face"):
        read(tmp_path, "tokenizer.json", json.dumps({"added_tokens": [], "version": "1.0"}))


@pytest.mark.parametrize("index", [{}, {"a": 2}, {"a": 1, "b": 3}, {"a": "1"}, None])
def test_a_tokenizer_whose_words_are_not_numbered_is_refused(tmp_path, index):
    text = json.dumps({"class_name": "Tokenizer", "config": config(word_index=index)})

    with pytest.raises(CorruptModelError):
        read(tmp_path, "tokenizer.json", text)


def test_intents(tmp_path):
    value = {"intents": [{"tag": "hello", "patterns": ["hi"], "responses": ["Hello!", 7]}]}

    found = read(tmp_path, "intents.json", json.dumps(value))

    assert found.value == Intents(("hello",), (("hi",),), (("Hello!",),))


def test_arrays(tmp_path):
    array = np.array([["a", "b"]])
    plain, packed = io.BytesIO(), io.BytesIO()
    np.save(plain, array)
    np.savez(packed, x=np.arange(3), y=np.array(["p", None], object))

    assert np.array_equal(read(tmp_path, "classes.npy", plain.getvalue()).value, array)
    found = read(tmp_path, "both.npz", packed.getvalue()).value
    assert np.array_equal(found["x"], np.arange(3))
    assert found["y"].tolist() == ["p", None]


def test_damaged_arrays_are_refused(tmp_path):
    plain = io.BytesIO()
    np.save(plain, np.arange(4.0))
    data = plain.getvalue()
    for broken in (data[:40], data[:-3], b"\x93NUMPY\x01\x00\xff\xff", data.replace(b"f8", b"V9")):
        with pytest.raises((CorruptModelError, UnsupportedModelError)):
            read(tmp_path, "x.npy", broken)


def test_a_file_of_no_known_form_is_named(tmp_path):
    with pytest.raises(UnsupportedModelError, match="not a companion"):
        read(tmp_path, "notes.docx", b"PK")
