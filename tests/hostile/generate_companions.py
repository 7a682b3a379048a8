"""Hostile files beside a model: what is read of them is bounded, and nothing in them runs.

Each case is the name of a file, what makes its bytes, and which kinds of outcome are right: the
error, or "adopted" where the file is harmless or not used.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from support.raw_models import TOKENIZER, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LARGE = 60 << 20  # a companion may have 64 MiB
_REFUSED = ("CorruptModelError", "LimitExceededError", "UnsupportedModelError")
_ANY = (*_REFUSED, "adopted")


@dataclass(frozen=True, slots=True)
class Companion:
    """One hostile file."""

    name: str
    file: str
    make: Callable[[], bytes]
    expected: tuple[str, ...]


def cases() -> list[Companion]:
    """All of them."""
    return [*_pickles(), *_tokenizers(), *_listed(), *_texts(), *_arrays(), *_recipes()]


def _pickles() -> Iterator[Companion]:
    code = ("ForeignCodeError",)
    for protocol, data in enumerate(
        (
            b"cos\nsystem\n(S'true'\ntR.",
            b"c__builtin__\neval\n(S'1'\ntR.",
            b"\x80\x02cbuiltins\nexec\nU\x011\x85R.",
            b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
            b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93N\x85R.",
            b"\x80\x04\x8c\x05numpy\x8c\x04load\x93\x8c\x01x\x85R.",
            b"\x80\x04\x8c\x0bnumpy.core.multiarray\x8c\x06system\x93.",
        )
    ):
        yield Companion(
            f"code {protocol}", "scaler.pkl", lambda data=data: data, (*code, *_REFUSED)
        )
    huge = struct.pack("<Q", 2**63 - 1)
    for name, data in {
        "bytes that are not there": b"\x80\x04\x8e" + huge + b".",
        "text that is not there": b"\x80\x04\x8d" + huge + b".",
        "array that is not there": b"\x80\x05\x96" + huge + b".",
        "frame that is not there": b"\x80\x04\x95" + huge + b".",
        "long number": b"I" + b"9" * 1_000_000 + b"\n.",
        "longer number": b"\x80\x02\x8b" + struct.pack("<I", 1 << 20) + b"\x7f" * (1 << 20) + b".",
        "extension": b"\x80\x02\x82\x01.",
        "persistent": b"\x80\x02U\x011Q.",
        "stack of marks": b"(" * 4_000_000,
        "many lists": b"]" * 3_000_000 + b".",
        "copies of lists": b"]2" * 2_000_000 + b".",
        "deep list": b"]" * 1_000_000 + b"a" * 999_999 + b".",
        "list in itself": b"\x80\x02]q\x00h\x00a.",
        "memo at two milliards": b"\x80\x02]r\xff\xff\xff\x7f.",
        "doubling": b"\x80\x02]q\x00" + b"(h\x00h\x00lq\x00" * 200 + b".",
        "many memos": b"\x80\x04]" + b"\x94" * 6_000_000 + b".",
    }.items():
        yield Companion(name, "scaler.pkl", lambda data=data: data, _ANY)
    for name, pack in {"zlib": zlib.compress, "gzip": gzip.compress, "bz2": bz2.compress,
                       "lzma": lzma.compress}.items():  # fmt: skip
        yield Companion(
            f"bomb of {name}", "scaler.joblib", lambda pack=pack: pack(bytes(80 << 20)), _REFUSED
        )
    yield Companion(
        "bomb in a bomb", "scaler.joblib", lambda: zlib.compress(zlib.compress(bytes(64 << 20))),
        _REFUSED,
    )  # fmt: skip


def _tokenizer(**changed: object) -> bytes:
    return json.dumps({**TOKENIZER, "config": {**TOKENIZER["config"], **changed}}).encode()


def _tokenizers() -> Iterator[Companion]:
    many = {f"w{place}": place for place in range(1, 700_001)}
    for name, changed in {
        "word of index a milliard": {"word_index": '{"a": 1000000000}'},
        "index of a fraction": {"word_index": '{"a": 1.0}'},
        "index beyond a double": {"word_index": '{"a": 1e999}'},
        "index of five thousand digits": {"word_index": '{"a": ' + "9" * 5000 + "}"},
        "words that are none": {"word_index": "[]"},
        "text that is no JSON": {"word_index": "{"},
        "deep text": {"word_index": "[" * 1_000_000},
        "keys twice": {"word_index": '{"a": 1, "a": 1}'},
        "cut at nothing": {"split": ""},
        "a limit of a hundred digits": {"num_words": 10**100},
        "a limit below nothing": {"num_words": -5},
        "a split of ten thousand characters": {"split": "x" * 10_000},
        "filters of ten megabytes": {"filters": "x" * 10_000_000},
        "an unknown word that is a list": {"oov_token": [1]},
        "half of a pair": {"word_index": '{"\\ud800": 1}'},
        "documents without number": {"document_count": "many", "index_docs": '{"1": "x"}'},
        "code as analyzer": {"analyzer": "os.system"},
    }.items():
        yield Companion(name, "tokenizer.json", lambda changed=changed: _tokenizer(**changed), _ANY)
    yield Companion(
        "a million words", "tokenizer.json",
        lambda: _tokenizer(word_index=json.dumps(many), word_counts="{}", word_docs="{}"), _ANY,
    )  # fmt: skip


def _listed() -> Iterator[Companion]:
    for name, data in {
        "deep lists": lambda: b"[" * 5_000_000,
        "deep objects": lambda: b'{"a":' * 5_000_000,
        "long list": lambda: b"[" + b"1," * 25_000_000 + b"1]",
        "long list of names": lambda: b"[" + b'"a",' * 10_000_000 + b'"a"]',
        "many classes": lambda: json.dumps({str(place): place for place in range(10**6)}).encode(),
        "places that repeat": lambda: b'{"a": 0, "b": 0}',
        "true as place": lambda: b'{"a": false, "b": true}',
        "number of a million digits": lambda: b"[" + b"9" * 1_000_000 + b"]",
        "text of sixty megabytes": lambda: b'"' + b"a" * _LARGE + b'"',
        "JSON in JSON in JSON": lambda: json.dumps(json.dumps(json.dumps(["a"]))).encode(),
        "labels that are objects": lambda: b'{"labels": [{}, {}]}',
        "a name of a megabyte": lambda: json.dumps(["a" * 1_000_000, "b"]).encode(),
        "not UTF-8": lambda: b'["\xff"]',
        "NaN": lambda: b'{"labels": NaN}',
    }.items():
        yield Companion(name, "class_names.json", data, _ANY)
    yield Companion(
        "a million tags", "intents.json",
        lambda: b'{"intents": [' + b'{"tag": "a", "patterns": [1], "responses": {}},' * 999_999
        + b'{"tag": "b"}]}', _ANY,
    )  # fmt: skip
    yield Companion(
        "patterns of sixty megabytes", "intents.json",
        lambda: json.dumps(
            {"intents": [{"tag": "a", "patterns": ["a.b! " * 200_000] * 60, "responses": []}]}
        ).encode(), _ANY,
    )  # fmt: skip

    for name, pattern, count in (
        ("one long pattern", "it's a.b! (x) -- can't ", 600_000),
        ("a long word", "a", 14_000_000),
        ("dots", ". ", 7_000_000),
        ("quotes", "'", 14_000_000),
    ):
        yield Companion(
            name, "intents.json",
            lambda pattern=pattern, count=count: json.dumps(
                {"intents": [{"tag": "a", "patterns": [pattern * count]}, {"tag": "b"}]}
            ).encode(), _ANY,
        )  # fmt: skip
    yield Companion(
        "many short patterns", "intents.json",
        lambda: json.dumps(
            {"intents": [{"tag": "a", "patterns": ["can't it be?"] * 900_000}, {"tag": "b"}]}
        ).encode(), _ANY,
    )  # fmt: skip


def _texts() -> Iterator[Companion]:
    for name, data in {
        "a line of sixty megabytes": lambda: b"a" * _LARGE,
        "thirty million lines": lambda: b"\n" * (30 << 20),
        "ten million labels": lambda: b"abcde\n" * 10_000_000,
        "numbers of many digits": lambda: b"0" * 1_000_000 + b" cat\n" + b"1" * 5000 + b" dog\n",
        "controls of a terminal": lambda: b"0 \x1b]0;x\x07\x1b[2J\n1 \x00\x9b\n",
        "UTF-16": lambda: "0 cat\n1 dog\n".encode("utf-16"),
        "empty": lambda: b"",
        "blanks": lambda: b" \t" * 1_000_000,
        "text of sixty-five megabytes": lambda: b"a\n" * (33 << 20),
    }.items():
        yield Companion(name, "labels.txt", data, _ANY)


def _npy(header: str, body: bytes = b"", version: int = 1) -> bytes:
    text = header.encode("latin1") + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + body


def _zip(entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def _of_dtype(dtype: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}"


def _arrays() -> Iterator[Companion]:
    for name, header in {
        "a billion numbers": _of_dtype("'<f8'", "(1000000000,)"),
        "a product beyond addresses": _of_dtype("'<f8'", f"({2**40}, {2**40})"),
        "a size below nothing": _of_dtype("'<f8'", "(-1,)"),
        "sizes that are none": _of_dtype("'<f8'", "(1.5, 'a')"),
        "a hundred axes": _of_dtype("'|u1'", f"({'1,' * 100})"),
        "text of two milliards": _of_dtype("'<U2000000000'", "(1,)"),
        "no bytes a number": _of_dtype("'|S0'", "(1000000000000,)"),
        "fields": _of_dtype("[('a', '<f8'), ('b', 'O')]", "(1,)"),
        "code": "__import__('os').system('true')",
        "deep": "(" * 9_000,
        "a power": "9**9**9",
        "a repeated text": "{'descr': 'a'*999999999}",
    }.items():
        yield Companion(name, "classes.npy", lambda header=header: _npy(header, bytes(64)), _ANY)
    yield Companion(
        "objects with code", "classes.npy",
        lambda: _npy(_of_dtype("'|O'", "(1,)"), b"cos\nsystem\n(S'true'\ntR."),
        ("ForeignCodeError",),
    )  # fmt: skip
    yield Companion(
        "a long header", "classes.npy", lambda: _npy("0" * 10_000_000, version=2), _REFUSED
    )
    array = io.BytesIO()
    np.save(array, np.zeros(1 << 24))
    zeros = array.getvalue()
    yield Companion("a bomb of arrays", "a.npz", lambda: _zip({"a.npy": zeros}), _ANY)
    yield Companion(
        "many bombs", "a.npz", lambda: _zip({f"{at}.npy": zeros for at in range(2)}), _ANY
    )
    yield Companion(
        "many arrays", "a.npz", lambda: _zip({f"{at}.npy": b"" for at in range(100_000)}, 0), _ANY
    )
    yield Companion("no arrays", "a.npz", lambda: _zip({"../../x": b"y"}), _ANY)


def _recipes() -> Iterator[Companion]:
    wrong = ("UsageError", "UnsupportedModelError", "adopted")
    for name, data in {
        "deep arrays": lambda: b"columns = " + b"[" * 200_000,
        "deep tables": lambda: b"a = " + b"{b=" * 80_000,
        "dotted keys": lambda: b".".join([b"a"] * 120_000) + b" = 1",
        "long header": lambda: b"[" + b".".join([b"a"] * 120_000) + b"]",
        "many keys": lambda: b"".join(b"settings.k%d = 1\n" % at for at in range(14_000)),
        "many tables": lambda: b"[[a]]\n" * 37_000,
        "a number of many digits": lambda: b"threshold = " + b"9" * 200_000,
        "a threshold that is none": lambda: b"threshold = nan",
        "a date": lambda: b"target = 1979-05-27T07:32:00Z",
        "points in every line": lambda: (b".".join([b"a"] * 1000) + b" = 1\n") * 128,
        "many columns": lambda: b"columns = [" + b'"a",' * 60_000 + b"]",
        "two megabytes": lambda: b"#" * (2 << 20),
        "not UTF-8": lambda: b"\xff",
        "controls": lambda: b'target = "\\u001b[2J"',
        "a length of a milliard": lambda: b"[settings]\nlength = 1000000000",
        "a length below nothing": lambda: b"[settings]\nlength = -1",
        "a length that is none": lambda: b"[settings]\nlength = 1e300",
        "steps of a milliard": lambda: b"[settings]\nsteps = 1000000000\nwindow = 1000000000",
    }.items():
        yield Companion(name, "recipe.toml", data, wrong)


WORDS_OF_BAG = pickle.dumps(sorted(WORDS))
"""A ``words.pkl`` beside a model of a bag of words."""
