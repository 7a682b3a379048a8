"""Family b: HDF5 files that point elsewhere, lie about sizes, hold what is no number, or are
damaged.
"""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import TYPE_CHECKING

import h5py
import numpy as np

from hostile.honest import (
    BOUND,
    LIMIT,
    MISMATCH,
    NO_MODEL,
    TYPE,
    UNSAFE,
    Case,
    archive,
    dense,
    edited,
    h5,
    layer,
    sequential,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[h5py.File], object]

KERNEL = "model_weights/dense/dense/kernel:0"
BIAS = "model_weights/dense/dense/bias:0"
ANY = (*UNSAFE, *BOUND, *TYPE)


def _replaced(path: str, make: Callable[[h5py.Group, str], object]) -> bytes:
    """The honest file with something else at a path."""

    def change(file: h5py.File) -> None:
        del file[path]
        group, _, name = path.rpartition("/")
        make(file[group] if group else file, name)

    return edited(h5(), change)


def _put(make: Callable[[h5py.Group, str], object]) -> Callable[[], bytes]:
    return partial(_replaced, KERNEL, make)


def _data(value: object, **options: object) -> Callable[[], bytes]:
    return _put(lambda group, name: group.create_dataset(name, data=value, **options))


def _link(path: str, link: object) -> Callable[[], bytes]:
    return partial(_replaced, path, lambda group, name: group.__setitem__(name, link))


def _links() -> list[Case]:
    found = []
    for path in (KERNEL, "model_weights/dense/dense", "model_weights/dense", "model_weights"):
        what, depth = path.rpartition("/")[2], path.count("/")
        soft, outside = h5py.SoftLink("/elsewhere"), h5py.ExternalLink("/etc/hostname", "/x")
        found.append(
            Case(f"b soft link as {what} at depth {depth} h5", UNSAFE, _link(path, soft), what)
        )
        found.append(
            Case(
                f"b external link as {what} at depth {depth} h5", UNSAFE, _link(path, outside), what
            )
        )
    loops = {
        "to itself": h5py.SoftLink(f"/{KERNEL}"),
        "to the root": h5py.SoftLink("/"),
        "upwards": h5py.SoftLink("../../../../x"),
        "to the bias": h5py.SoftLink(f"/{BIAS}"),
    }
    found += [
        Case(f"b soft link {name} h5", UNSAFE, _link(KERNEL, link), "kernel:0")
        for name, link in loops.items()
    ]
    archived = partial(edited, _weights_alone(), _archive_link)
    found.append(
        Case("b external link keras", UNSAFE, lambda: _archive_with(archived()), "layers/dense")
    )
    found.append(
        Case("b group that holds itself h5", (*ANY, "open"), partial(edited, h5(), _ring), "")
    )
    found.append(
        Case(
            "b group that holds the root h5", (*ANY, "open"), partial(edited, h5(), _root_ring), ""
        )
    )
    found.append(
        Case(
            "b groups in a ring keras",
            UNSAFE,
            lambda: _archive_with(edited(_weights_alone(), _archive_ring)),
            "",
        )
    )
    return found


def _ring(file: h5py.File) -> None:
    file["model_weights/dense/again"] = file["model_weights/dense"]


def _root_ring(file: h5py.File) -> None:
    file["model_weights/root"] = file["/"]


def _archive_ring(file: h5py.File) -> None:
    file["layers/dense/again"] = file["layers"]


def _archive_link(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/x")


def _weights_alone() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((4, 3), "f4")
        file["layers/dense/vars/1"] = np.ones(3, "f4")
    return buffer.getvalue()


def _archive_with(weights: bytes) -> bytes:
    """A .keras file around other weights."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, weights if name == "model.weights.h5" else old.read(name))
    return buffer.getvalue()


def _virtual(file_name: str) -> Callable[[], bytes]:
    def make(group: h5py.Group, name: str) -> None:
        layout = h5py.VirtualLayout((4, 3), "f4")
        layout[:] = h5py.VirtualSource(file_name, "/x", (4, 3))
        group.create_virtual_dataset(name, layout)

    return _put(make)


def _outside(name: str) -> Callable[[], bytes]:
    return _put(
        lambda group, key: group.create_dataset(
            key, (4, 3), "f4", external=[(name, 0, h5py.h5f.UNLIMITED)]
        )
    )


def _elsewhere() -> list[Case]:
    places = {
        "absolute": "/etc/hostname",
        "relative": "../aux/secret.bin",
        "device": "/dev/zero",
        "process": "/proc/self/mem",
    }
    found = [
        Case(f"b external storage {name} h5", UNSAFE, _outside(path), "kernel:0")
        for name, path in places.items()
    ]
    for name, path in {"of itself": ".", "of a file": "other.h5"}.items():
        found.append(Case(f"b virtual dataset {name} h5", UNSAFE, _virtual(path), "kernel:0"))
    return found


def _filtered(number: int, *values: int, twice: bool = False) -> Callable[[], bytes]:
    """A dataset whose pipeline names any filter; its chunk is stored as it is."""

    def make(group: h5py.Group, name: str) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((4, 3))
        for _ in range(2 if twice else 1):
            plan.set_filter(number, h5py.h5z.FLAG_OPTIONAL, values)
        space = h5py.h5s.create_simple((4, 3))
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plan)
        made.write_direct_chunk((0, 0), np.ones((4, 3), "f4").tobytes())

    return _put(make)


def _filters() -> list[Case]:
    numbers = {
        "unknown": 32_999,
        "a plug-in": 32_015,
        "szip": 4,
        "n-bit": 5,
        "scale offset": 6,
        "LZF": 32_000,
        "no number": 0,
    }
    found = [
        Case(f"b filter {name} h5", ANY, _filtered(number), "kernel:0")
        for name, number in numbers.items()
    ]
    found.append(Case("b deflated twice h5", ANY, _filtered(1, 9, twice=True), "kernel:0"))
    found.append(Case("b chunk that is not deflated h5", ANY, _filtered(1, 9), "kernel:0"))
    found.append(
        Case("b shuffled by bytes of no size h5", (*ANY, "open"), _filtered(2, 0), "kernel:0")
    )
    found.append(Case("b chunk without its checksum h5", ANY, _filtered(3), "kernel:0"))
    found.append(Case("b chunk that inflates beyond its size h5", ANY, _bomb_chunk, "kernel:0"))
    return found


def _bomb_chunk() -> bytes:
    import zlib

    def make(group: h5py.Group, name: str) -> None:
        made = group.create_dataset(name, (64, 3), "f4", chunks=(64, 3), compression="gzip")
        made.id.write_direct_chunk((0, 0), zlib.compress(bytes(200_000), 9))

    return _replaced(KERNEL, make)


def _shape(shape: tuple[int, ...], **options: object) -> Callable[[], bytes]:
    return _put(lambda group, name: group.create_dataset(name, shape, "f4", **options))


def _sizes() -> list[Case]:
    shapes: dict[str, tuple[tuple[int, ...], dict[str, object]]] = {
        "of 10^12 rows": ((10**12, 3), {}),
        "of 3 GiB in chunks": ((1 << 28, 3), {"chunks": (1 << 10, 3)}),
        "of 2^62 values": ((1 << 31, 1 << 29), {}),
        "in one chunk of 2.9 GiB": ((4, 3), {"chunks": (4 << 26, 3), "maxshape": (None, 3)}),
        "in one chunk of 128 MiB": ((4, 3), {"chunks": (10 << 20, 3), "maxshape": (None, 3)}),
        "of no rows": ((0, 3), {}),
        "of rank 32": ((1,) * 32, {}),
        "turned": ((3, 4), {}),
        "flat": ((12,), {}),
        "of one row more": ((5, 3), {}),
        "scalar": ((), {}),
    }
    found = [
        Case(f"b kernel {name} h5", BOUND, _shape(shape, **more), "kernel")
        for name, (shape, more) in shapes.items()
    ]
    found.append(
        Case(
            "b kernel of no space h5",
            (*ANY,),
            _put(lambda group, name: group.__setitem__(name, h5py.Empty("f4"))),
            "kernel",
        )
    )
    found.append(
        Case("b kernel never written h5", (*ANY, "open"), _shape((4, 3), chunks=(2, 3)), "")
    )
    found.append(
        Case(
            "b kernel with a fill value h5",
            (*ANY, "open"),
            _shape((4, 3), chunks=(2, 3), fillvalue=1e30),
            "",
        )
    )
    return found


def _compound() -> np.ndarray:
    return np.zeros((4, 3), [("re", "f4"), ("im", "f4")])


def _types() -> list[Case]:
    values: dict[str, Callable[[], bytes]] = {
        "object references": _put(lambda g, n: g.create_dataset(n, (4, 3), h5py.ref_dtype)),
        "region references": _put(lambda g, n: g.create_dataset(n, (4, 3), h5py.regionref_dtype)),
        "compounds": _data(_compound()),
        "opaque bytes": _data(np.zeros((4, 3), "V4")),
        "variable lengths": _put(lambda g, n: g.create_dataset(n, (4, 3), h5py.vlen_dtype("f4"))),
        "variable texts": _put(lambda g, n: g.create_dataset(n, (4, 3), h5py.string_dtype())),
        "texts": _data(np.full((4, 3), b"1.5")),
        "complex numbers": _data(np.ones((4, 3), "c8")),
        "booleans": _data(np.ones((4, 3), bool)),
        "an enumeration": _put(
            lambda g, n: g.create_dataset(n, (4, 3), h5py.enum_dtype({"a": 1}, "i4"))
        ),
        "small integers": _data(np.ones((4, 3), "i1")),
        "large integers": _data(np.full((4, 3), 2**62, "i8")),
        "arrays": _put(lambda g, n: g.create_dataset(n, (4,), np.dtype(("f4", (3,))))),
        "half a bfloat": _data(np.zeros((4, 3), "V2")),
    }
    return [Case(f"b kernel of {name} h5", ANY, make, "kernel") for name, make in values.items()]


def _odd(value: float, kind: str = "f4") -> np.ndarray:
    array = np.ones((4, 3), kind)
    array[1, 2] = value
    return array


def _values() -> list[Case]:
    numbers = {"NaN": _odd(np.nan), "infinity": _odd(np.inf), "minus infinity": _odd(-np.inf)}
    numbers["a double too large for a float"] = _odd(1e300, "f8")
    numbers["a half that is NaN"] = _odd(np.nan, "f2")
    found = [
        Case(f"b kernel with {name} h5", MISMATCH, _data(value), "kernel")
        for name, value in numbers.items()
    ]
    norm = layer("BatchNormalization", "norm", axis=-1, epsilon=1e-3, momentum=0.99)
    names = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
    honest = h5(sequential(norm), {"norm": {name: [4] for name in names}})

    def negative(file: h5py.File) -> None:
        file["model_weights/norm/norm/moving_variance:0"][...] = -1

    found.append(
        Case("b negative variance h5", MISMATCH, partial(edited, honest, negative), "norm")
    )
    return found


def _attribute(path: str, name: str, value: object) -> Callable[[], bytes]:
    def change(file: h5py.File) -> None:
        node = file[path]
        node.attrs.pop(name, None)
        if value is not None:
            node.attrs[name] = value

    return partial(edited, h5(), change)


NAMES = {
    "absolute": [b"/model_weights/dense/dense/kernel:0", b"dense/bias:0"],
    "upwards": [b"../dense/dense/kernel:0", b"dense/bias:0"],
    "missing": [b"dense/ghost:0", b"dense/bias:0"],
    "twice": [b"dense/bias:0", b"dense/bias:0"],
    "swapped": [b"dense/bias:0", b"dense/kernel:0"],
    "one too few": [b"dense/kernel:0"],
    "one too many": [b"dense/kernel:0", b"dense/bias:0", b"dense/bias:0"],
    "empty": [b"", b"dense/bias:0"],
    "a group": [b"dense", b"dense/bias:0"],
    "below a dataset": [b"dense/kernel:0/x", b"dense/bias:0"],
    "not UTF-8": [b"dense/\xff\xfe", b"dense/bias:0"],
    "numbers": np.arange(2),
    "one text": "dense/kernel:0",
}


def _attributes() -> list[Case]:
    found = [
        Case(
            f"b weight names {name} h5",
            ANY,
            _attribute("model_weights/dense", "weight_names", value),
            "dense",
        )
        for name, value in NAMES.items()
    ]
    layers = {
        "absent": None,
        "unknown": [b"ghost"],
        "twice": [b"dense", b"dense"],
        "upwards": [b"../model_weights/dense"],
        "no texts": np.zeros(3),
        "a text": "dense",
    }
    for name, value in layers.items():
        expected = (*ANY, "open") if name == "a text" else ANY
        found.append(
            Case(
                f"b layer names {name} h5",
                expected,
                _attribute("model_weights", "layer_names", value),
                "",
            )
        )
    configs: dict[str, object] = {
        "absent": None,
        "empty": "",
        "no JSON": "not json",
        "a number": 7,
        "an empty space": h5py.Empty("S1"),
        "bytes that are no text": np.bytes_(b"\xff\xfe{}"),
        "a list of texts": [b"{}", b"{}"],
        "an array": "[]",
        "cut": '{"class_name": "Sequential", "config": {"layers": [',
        "a reference": h5py.Reference(),
    }
    for name, value in configs.items():
        if isinstance(value, h5py.Reference):
            make = partial(edited, h5(), _reference)
        else:
            make = _attribute("/", "model_config", value)
        found.append(Case(f"b config {name} h5", NO_MODEL, make, ""))
    for name, value in {
        "of 2 MB": "9" * 2_000_000,
        "a list": [b"2.4.0", b"9"],
        "a number": 3,
        "odd": "x.y",
    }.items():
        expected = (*ANY, "open")
        found.append(
            Case(
                f"b keras_version {name} h5", expected, _attribute("/", "keras_version", value), ""
            )
        )
    return found


def _reference(file: h5py.File) -> None:
    del file.attrs["model_config"]
    file.attrs["model_config"] = file["model_weights"].ref


def _counts() -> list[Case]:
    def many_names(file: h5py.File) -> None:
        group = file["model_weights"]
        del group.attrs["layer_names"]
        for number in range(60):
            group.attrs[f"layer_names{number}"] = [
                b"l%07d" % (number * 500 + at) for at in range(500)
            ]

    def deep(file: h5py.File) -> None:
        group = file["layers/dense"]
        for _ in range(300):
            group = group.create_group("g")

    def wide(file: h5py.File) -> None:
        for number in range(3000):
            file.create_group(f"layers/extra_{number}")

    return [
        Case(
            "b thirty thousand layer names h5",
            (*LIMIT, *MISMATCH),
            partial(edited, h5(), many_names),
            "",
        ),
        Case(
            "b groups three hundred deep keras",
            LIMIT,
            lambda: _archive_with(edited(_weights_alone(), deep)),
            "",
        ),
        Case(
            "b three thousand groups keras",
            (*ANY, "open"),
            lambda: _archive_with(edited(_weights_alone(), wide)),
            "",
        ),
    ]


def _exchanged() -> list[Case]:
    def dataset_for_group(file: h5py.File) -> None:
        del file["model_weights/dense"]
        file["model_weights/dense"] = 1

    return [
        Case(
            "b group as kernel h5",
            ANY,
            _put(lambda group, name: group.create_group(name)),
            "kernel:0",
        ),
        Case("b dataset as group h5", ANY, partial(edited, h5(), dataset_for_group), "dense"),
        Case("b weights only h5", NO_MODEL, _attribute("/", "model_config", None), "model_config"),
        Case(
            "b weights under another name, which order decides, h5",
            ("open",),
            partial(h5, sequential(dense("other"))),
            "",
        ),
    ]


def _cut(part: float) -> bytes:
    data = h5()
    return data[: int(part) if part > 1 else int(len(data) * part)]


def _flipped(place: int, *, after: bytes = b"", bit: int = 0) -> bytes:
    data = bytearray(h5())
    at = (data.index(after) if after else 0) + place
    data[at] ^= 1 << bit
    return bytes(data)


DAMAGED = {
    "superblock version": (8, b"", 7),
    "size of offsets": (13, b"", 3),
    "size of lengths": (14, b"", 1),
    "end of file": (45, b"", 2),
    "root address": (64, b"", 6),
    "kind of cache, which nobody needs": (72, b"", 6),
    "B-tree signature": (1, b"TREE", 5),
    "B-tree level": (5, b"TREE", 0),
    "B-tree count": (6, b"TREE", 4),
    "heap size": (12, b"HEAP", 6),
    "heap address": (26, b"HEAP", 5),
    "symbol node": (2, b"SNOD", 3),
    "symbol count": (6, b"SNOD", 6),
    "symbol address": (17, b"SNOD", 6),
}


def _damaged() -> list[Case]:
    parts = (8, 9, 47, 95, 96, 600, 0.5, 0.9, 0.99)
    found = [Case(f"b cut at {part} h5", NO_MODEL, partial(_cut, part), "") for part in parts]
    for name, (place, after, bit) in DAMAGED.items():
        make = partial(_flipped, place, after=after, bit=bit)
        expected = ("open",) if "nobody" in name else (*ANY, *NO_MODEL)
        found.append(Case(f"b flipped bit in {name} h5", expected, make, ""))
    units = lambda: h5().replace(b'"units": 3', b'"units": 7')  # noqa: E731 (a row of the table below)
    sixty = struct.pack("<Q", 4), struct.pack("<Q", 1 << 40)
    dims = lambda: h5().replace(sixty[0] + struct.pack("<Q", 3), sixty[1] + struct.pack("<Q", 3))  # noqa: E731
    found += [
        Case("b flipped digit of units h5", MISMATCH, units, "dense"),
        Case("b dimension of 2^40 h5", (*ANY,), dims, "kernel"),
        Case("b empty file h5", NO_MODEL, bytes, ""),
        Case("b zeros h5", NO_MODEL, lambda: bytes(4096), ""),
        Case("b signature alone h5", NO_MODEL, lambda: b"\x89HDF\r\n\x1a\n", ""),
        Case("b wrong signature h5", NO_MODEL, lambda: b"\x89HDG" + h5()[4:], ""),
        Case("b text after the end h5", (*UNSAFE, "open"), lambda: h5() + b"x" * 100, ""),
        Case("b an archive after the end h5", UNSAFE, lambda: h5() + archive(), ""),
        Case("b a second file in the user block h5", (*UNSAFE, "open"), _user_block, ""),
        Case("b opened for writing by another h5", (*ANY, *NO_MODEL, "open"), _writing, ""),
        Case(
            "b text file h5",
            NO_MODEL,
            lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "",
        ),
    ]
    return found


def _user_block() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as new, h5py.File(io.BytesIO(h5())) as old:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        old.copy("model_weights", new)
    data = bytearray(buffer.getvalue())
    data[:20] = b"#!/bin/sh\ntouch mark"
    return bytes(data)


def _writing() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as new, h5py.File(io.BytesIO(h5())) as old:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        old.copy("model_weights", new)
    data = bytearray(buffer.getvalue())
    data[11] |= 4  # the flag of a single writer; the checksum no longer fits either
    return bytes(data)


def cases() -> list[Case]:
    """All of the family."""
    parts = (
        _links,
        _elsewhere,
        _filters,
        _sizes,
        _types,
        _values,
        _attributes,
        _counts,
        _exchanged,
        _damaged,
    )
    return [case for part in parts for case in part()]
