"""Families c: archives that lie, collide or lead out of a folder, and JSON that is none, too deep
or too large.
"""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from functools import partial
from typing import TYPE_CHECKING

from hostile.honest import (
    CONFIG,
    CORRUPT,
    LIMIT,
    NO_MODEL,
    UNSAFE,
    Case,
    archive,
    archive_tree,
    dense,
    h5,
    keras_config,
    layer,
    sequential,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Entry = tuple[str, bytes]

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
CONFIG_TEXT = json.dumps(keras_config(sequential(dense()))).encode()


def entries() -> list[Entry]:
    """Names and contents of the honest archive."""
    with zipfile.ZipFile(io.BytesIO(archive())) as packed:
        return [(name, packed.read(name)) for name in packed.namelist()]


def zipped(parts: list[Entry], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """An archive of any entries; names may come twice."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as packed:
        warnings.simplefilter("ignore")  # that a name comes twice is what is wanted
        for name, data in parts:
            packed.writestr(_Named(name), data, compress_type=method)
        packed.comment = comment
    return buffer.getvalue()


class _Named(zipfile.ZipInfo):
    """Any name, zero bytes included."""

    def __init__(self, name: str) -> None:
        super().__init__("x", (1980, 1, 1, 0, 0, 0))
        self.filename = self.orig_filename = name


def extra(name: str, data: bytes = b"x") -> Callable[[], bytes]:
    """The honest archive with one more entry."""
    return lambda: zipped([*entries(), (name, data)])


def config(text: bytes) -> Callable[[], bytes]:
    """The honest archive with another config.json."""
    return lambda: zipped(
        [(name, text if name == "config.json" else data) for name, data in entries()]
    )


def patched(signature: bytes, offset: int, value: bytes, nth: int = 0) -> Callable[[], bytes]:
    """The honest archive with bytes exchanged in the nth header of a kind."""

    def make() -> bytes:
        data, at = bytearray(archive()), -1
        for _ in range(nth + 1):
            at = data.index(signature, at + 1)
        data[at + offset : at + offset + len(value)] = value
        return bytes(data)

    return make


NAMES = {
    "upwards": "../../escape",
    "absolute": "/etc/escape",
    "of a drive": "C:\\escape",
    "with backslashes": "assets\\..\\..\\escape",
    "with a zero byte": "config.json\0.txt",
    "hidden in the middle": "assets/../../escape",
    "with a line break": "assets/a\nb",
    "with an escape sequence": "assets/\x1b[2Jx",
}


def _names() -> list[Case]:
    found = [
        Case(f"c entry {name} keras", UNSAFE, extra(path), "entry") for name, path in NAMES.items()
    ]
    for name, path in {
        "config": "config.json",
        "weights": "model.weights.h5",
        "metadata": "metadata.json",
    }.items():
        found.append(
            Case(f"c two entries of {name} keras", UNSAFE, extra(path, b"{}"), "two entries")
        )
        found.append(
            Case(
                f"c {name} in capitals too keras", UNSAFE, extra(path.upper(), b"{}"), "two entries"
            )
        )
    link = zipfile.ZipInfo("assets/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16

    def with_link() -> bytes:
        buffer = io.BytesIO(archive())
        with zipfile.ZipFile(buffer, "a") as packed:
            packed.writestr(link, "/etc/passwd")
        return buffer.getvalue()

    found.append(Case("c symbolic link as entry keras", UNSAFE, with_link, "link"))
    found.append(Case("c extra page of text keras", ("open",), extra("README.md", b"words"), ""))
    found.append(Case("c folder of assets keras", ("open",), extra("assets/", b""), ""))
    return found


def _lies() -> list[Case]:
    large, small = struct.pack("<I", 1 << 30), struct.pack("<I", 3)
    table: dict[str, Callable[[], bytes]] = {
        "encrypted": patched(_CENTRAL, 8, b"\1\0"),
        "encrypted in its own header": patched(_LOCAL, 6, b"\1\0"),
        "method 99": patched(_CENTRAL, 10, b"\x63\0"),
        "method of bzip2": patched(_CENTRAL, 10, b"\x0c\0"),
        "method of LZMA": patched(_CENTRAL, 10, b"\x0e\0"),
        "large size": patched(_CENTRAL, 24, large),
        "small size": patched(_CENTRAL, 24, small),
        "large packed size": patched(_CENTRAL, 20, large),
        "wrong checksum": patched(_CENTRAL, 16, b"\0\0\0\0"),
        "another name in its own header": patched(_LOCAL, 30, b"k"),
        "offset beyond the end": patched(_CENTRAL, 42, large),
        "offset of another": patched(_CENTRAL, 42, struct.pack("<I", 0), nth=1),
        "long name": patched(_CENTRAL, 28, b"\xff\xff"),
        "long extra field": patched(_CENTRAL, 30, b"\xff\xff"),
        "one entry counted": patched(_END, 8, b"\1\0\1\0"),
        "many entries counted": patched(_END, 8, b"\xff\xfe\xff\xfe"),
        "directory elsewhere": patched(_END, 16, struct.pack("<I", 4)),
        "directory of no size": patched(_END, 12, struct.pack("<I", 0)),
        "second disk": patched(_END, 4, b"\1\0"),
        "long comment": patched(_END, 20, b"\xff\x7f"),
    }
    return [Case(f"c {name} keras", (*UNSAFE, *LIMIT), make, "") for name, make in table.items()]


def _bombs() -> list[Case]:
    zeros = bytes(64 << 20)

    def bomb(name: str) -> Callable[[], bytes]:
        return lambda: zipped(
            [(key, zeros if key == name else data) for key, data in entries()], zipfile.ZIP_DEFLATED
        )

    def lying() -> bytes:
        data = bytearray(bomb("config.json")())
        at = data.index(_CENTRAL)
        data[at + 24 : at + 28] = struct.pack("<I", 100)
        data[22:26] = struct.pack("<I", 100)
        return bytes(data)

    def overlapping() -> bytes:
        data = bytearray(zipped([*entries(), *((f"assets/{n}", b"x" * 1000) for n in range(50))]))
        first = data.index(b"assets/0") - 30
        at = -1
        for _ in range(53):
            at = data.index(_CENTRAL, at + 1)
            if data[at + 46 : at + 53] == b"assets/":
                data[at + 42 : at + 46] = struct.pack("<I", first)
        return bytes(data)

    many = [*entries(), *((f"assets/{number}", b"") for number in range(5000))]
    return [
        Case("c bomb in config.json keras", LIMIT, bomb("config.json"), r"config\.json"),
        Case("c bomb in metadata.json keras", LIMIT, bomb("metadata.json"), r"metadata\.json"),
        Case(
            "c bomb in the weights keras",
            (*LIMIT, *NO_MODEL),
            bomb("model.weights.h5"),
            r"model\.weights\.h5",
        ),
        Case(
            "c bomb among the assets keras",
            LIMIT,
            lambda: zipped([*entries(), ("assets/x", zeros)], 8),
            "assets/x",
        ),
        Case(
            "c bomb in the keramos content keras",
            LIMIT,
            lambda: zipped([*entries(), ("keramos/content.json", zeros)], 8),
            "keramos/content",
        ),
        Case("c bomb that lies about its size keras", (*LIMIT, *UNSAFE), lying, ""),
        Case("c fifty entries in one place keras", UNSAFE, overlapping, "assets"),
        Case("c five thousand entries keras", LIMIT, lambda: zipped(many), "entries"),
    ]


def _around() -> list[Case]:
    honest = archive()
    table: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
        "bytes before it": (lambda: b"#!/bin/sh\nexit\n" + honest, UNSAFE),
        "a kilobyte of zeros before it": (lambda: bytes(1024) + honest, UNSAFE),
        "an HDF5 file before it": (lambda: h5() + honest, UNSAFE),
        "an HDF5 file after it": (lambda: honest + h5(), UNSAFE),
        "bytes after it": (lambda: honest + b"x" * 100, UNSAFE),
        "another archive after it": (lambda: honest + zipped([("config.json", b"{}")]), UNSAFE),
        "a comment": (lambda: zipped(entries(), comment=b"kept for good"), ("open",)),
        "an archive as comment": (
            lambda: zipped(entries(), comment=zipped([("config.json", b"{}")])),
            UNSAFE,
        ),
        "no entries": (lambda: zipped([]), NO_MODEL),
        "no config.json": (
            lambda: zipped([one for one in entries() if one[0] != "config.json"]),
            NO_MODEL,
        ),
        "no weights": (
            lambda: zipped([one for one in entries() if "weights" not in one[0]]),
            NO_MODEL,
        ),
        "no metadata.json": (
            lambda: zipped([one for one in entries() if "metadata" not in one[0]]),
            ("open",),
        ),
        "everything in a folder": (
            lambda: zipped([(f"model/{name}", data) for name, data in entries()]),
            NO_MODEL,
        ),
        "deflated": (lambda: zipped(entries(), zipfile.ZIP_DEFLATED), ("open",)),
        "an archive as weights": (
            lambda: zipped([(n, honest if "weights" in n else d) for n, d in entries()]),
            NO_MODEL,
        ),
        "empty weights": (
            lambda: zipped([(n, b"" if "weights" in n else d) for n, d in entries()]),
            NO_MODEL,
        ),
        "a whole-model HDF5 file as weights": (
            lambda: zipped([(n, h5() if "weights" in n else d) for n, d in entries()]),
            ("open", *NO_MODEL, *CONFIG),
        ),
        "an HDF5 file by its name": (h5, ("open",)),
    }
    found = [
        Case(f"c {name} keras", expected, make, "") for name, (make, expected) in table.items()
    ]
    for part in (3, 10, 30, 0.3, 0.7, -1, -21, -22, -23, -60):
        cut = honest[: part if isinstance(part, int) else int(len(honest) * part)]
        found.append(Case(f"c cut at {part} keras", (*NO_MODEL,), partial(bytes, cut), ""))
    return found


TEXTS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, LIMIT),
    "objects nested 5,000 deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, LIMIT),
    "brackets inside text": (CONFIG_TEXT[:-1] + b', "note": "' + b"[" * 500 + b'"}', ("open",)),
    "NaN": (CONFIG_TEXT.replace(b'"units": 3', b'"units": NaN'), CORRUPT),
    "Infinity": (CONFIG_TEXT[:-1] + b', "x": -Infinity}', CORRUPT),
    "1e999": (CONFIG_TEXT[:-1] + b', "x": 1e999}', (*CORRUPT, "open")),
    "a number of 50,000 digits": (
        CONFIG_TEXT.replace(b'"units": 3', b'"units": ' + b"9" * 50_000),
        CORRUPT,
    ),
    "a fraction of 50,000 digits": (
        CONFIG_TEXT[:-1] + b', "x": 0.' + b"3" * 50_000 + b"}",
        (*CORRUPT, "open"),
    ),
    "bytes that are not UTF-8": (CONFIG_TEXT.replace(b"dense", b"d\xffnse"), CORRUPT),
    "half a surrogate": (CONFIG_TEXT.replace(b'"dense"', b'"d\\ud800"'), (*CONFIG, "open")),
    "UTF-16": (CONFIG_TEXT.decode().encode("utf-16"), CORRUPT),
    "a byte order mark": (b"\xef\xbb\xbf" + CONFIG_TEXT, (*CORRUPT, "open")),
    "null": (b"null", CORRUPT),
    "a number": (b"7", CORRUPT),
    "a list": (b"[]", CORRUPT),
    "nothing": (b"", CORRUPT),
    "an empty object": (b"{}", CORRUPT),
    "two documents": (CONFIG_TEXT + CONFIG_TEXT, CORRUPT),
    "a comment": (b"/* x */" + CONFIG_TEXT, CORRUPT),
    "a trailing comma": (CONFIG_TEXT[:-1] + b",}", CORRUPT),
    "single quotes": (CONFIG_TEXT.replace(b'"', b"'"), CORRUPT),
    "a key twice": (CONFIG_TEXT.replace(b'"units": 3', b'"units": 3, "units": 4'), CORRUPT),
    "class_name twice": (b'{"class_name": "Sequential", ' + CONFIG_TEXT[1:], CORRUPT),
    "a million values": (CONFIG_TEXT[:-1] + b', "x": [' + b"1," * 999_999 + b"1]}", LIMIT),
    "text in text in text": (json.dumps(json.dumps(CONFIG_TEXT.decode())).encode(), CORRUPT),
    "zero byte in a name": (
        CONFIG_TEXT.replace(b'"dense"', b'"den\\u0000se"'),
        (*CONFIG, *UNSAFE, "open"),
    ),
}


def _texts() -> list[Case]:
    found = [
        Case(f"c config is {name} keras", expected, config(text), "")
        for name, (text, expected) in TEXTS.items()
    ]
    for name in (
        "nested 100,000 deep",
        "NaN",
        "null",
        "a key twice",
        "two documents",
        "an empty object",
    ):
        text, expected = TEXTS[name]
        attribute = text[:60_000].decode()
        found.append(
            Case(
                f"c config is {name} h5",
                (*expected, *CORRUPT),
                partial(h5, model_config=attribute),
                "config",
            )
        )
    metadata = {
        "a list": "[]",
        "no JSON": "x",
        "a version of no text": '{"keras_version": 3}',
        "deep": "[" * 9999,
    }
    for name, text in metadata.items():
        make = partial(archive, None, None, **{"metadata.json": text})
        found.append(Case(f"c metadata is {name} keras", (*CORRUPT, *LIMIT), make, "metadata"))
    return found


def _assets() -> list[Case]:
    words = layer("StringLookup", "words", vocabulary=None)
    text = keras_config(sequential(words, shape=(None, 1), dtype="string"))
    place = "assets/layers/string_lookup/vocabulary.txt"

    def with_words(data: str) -> Callable[[], bytes]:
        return partial(archive, text, {}, **{place: data})

    def raw(data: bytes) -> Callable[[], bytes]:
        def make() -> bytes:
            honest = archive_tree(text, {})
            del honest["zip"]
            buffer = io.BytesIO()
            with (
                zipfile.ZipFile(io.BytesIO(archive(text, {}))) as old,
                zipfile.ZipFile(buffer, "w") as new,
            ):
                for name in old.namelist():
                    new.writestr(name, old.read(name))
                new.writestr(place, data)
            return buffer.getvalue()

        return make

    return [
        Case("c words of an asset keras", ("open",), with_words("[UNK]\na\nb"), ""),
        Case("c words that are not UTF-8 keras", CORRUPT, raw(b"\xff\xfe"), "assets"),
        Case("c words that come twice keras", (*CONFIG, "open"), with_words("a\na"), ""),
        Case("c no words at all keras", (*CONFIG,), partial(archive, text, {}), "words"),
    ]


def cases() -> list[Case]:
    """All of the family."""
    return [case for part in (_names, _lies, _bombs, _around, _texts, _assets) for case in part()]
