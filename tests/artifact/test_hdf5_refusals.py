"""What the reader of HDF5 refuses, by name; and that damage of any kind is an error of the model,
never of ours.
"""

import dataclasses
import io
import random
import resource
import struct

import h5py
import numpy as np
import pytest

from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.hdf5.filters import fletcher32
from keramos.artifact.hdf5.image import Image
from keramos.artifact.hdf5.lookup3 import lookup3
from keramos.artifact.limits import LIMITS
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    ModelError,
    UnsafeModelError,
    UnsupportedModelError,
)


def opened(fill, limits=LIMITS, **options):
    return Hdf5(written(fill, **options), "m.h5", limits)


def written(fill, **options):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def soft(file):
    file["w"] = h5py.SoftLink("/x")


def external(file):
    file["w"] = h5py.ExternalLink("other.h5", "/x")


def stored_outside(file):
    file.create_dataset("w", (4,), "f4", external=[("other.bin", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("w", layout)


def lzf(file):
    file.create_dataset("w", data=np.zeros(100), compression="lzf")


def scaled(file):
    file.create_dataset("w", data=np.zeros(100, "i4"), scaleoffset=2)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (soft, "w: the object is reached by a soft link"),
        (external, "w: the object is reached by an external link"),
        (stored_outside, "w: the dataset keeps its values in another file"),
        (virtual, "w: the dataset is virtual"),
        (lzf, "w: the dataset uses HDF5 filter 32000"),
        (scaled, "w: the dataset uses HDF5 filter 6"),
    ],
)
@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_what_leads_out_of_the_file_or_to_a_plug_in_is_refused_by_name(version, fill, words):
    if fill is virtual and version == "earliest":
        version = ("v110", "v110")

    with pytest.raises(UnsafeModelError, match=words):
        opened(fill, libver=version).array("w")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (h5py.ref_dtype, "reference"),
        (h5py.regionref_dtype, "reference"),
        (np.dtype([("a", "f4"), ("b", "f4")]), "compound"),
        (h5py.vlen_dtype("f4"), "variable-length"),
        (h5py.string_dtype(), "text"),
        (np.dtype("S5"), "text"),
        (np.dtype("V4"), "opaque"),
        (np.dtype("c8"), "compound"),
        (np.dtype(("f4", (2,))), "array"),
    ],
    ids=str,
)
def test_weights_that_are_no_numbers_are_refused_by_name(kind, name):
    file = opened(lambda file: file.create_dataset("w", (2,), kind))

    with pytest.raises(
        UnsupportedModelError, match=f"w: the dataset holds no numbers; received type {name}"
    ):
        file.array("w")


def test_an_empty_weight_is_refused():
    with pytest.raises(CorruptModelError, match="w: the dataset is empty"):
        opened(lambda file: file.create_dataset("w", data=h5py.Empty("f4"))).array("w")


def loop(file):
    file["a/b/up"] = file["a"] if "a" in file else file.create_group("a")


def test_groups_in_a_circle_are_refused_however_long_it_is():
    with pytest.raises(UnsafeModelError, match="another path"):
        opened(loop).datasets()


def diamonds(file):
    """60 groups, each with two names for the next: 2^60 paths."""
    group = file.create_group("g")
    for _ in range(60):
        below = group.create_group("left")
        group["right"] = below
        group = below


def test_many_paths_to_few_groups_are_refused_before_they_are_walked():
    with pytest.raises(UnsafeModelError, match="another path"):
        opened(diamonds).datasets()


def test_a_cut_file_says_what_is_there_and_what_should_be():
    data = written(lambda file: file.create_dataset("w", data=np.zeros(1000)))

    with pytest.raises(
        CorruptModelError,
        match=rf"incomplete: its header says {len(data):,} bytes; received 5,000",
    ):
        Hdf5(data[:5000], "m.h5", LIMITS)


def test_bytes_after_the_end_are_refused():
    data = written(lambda file: file.create_dataset("w", data=np.zeros(10)))

    with pytest.raises(UnsafeModelError, match="7 bytes after the end"):
        Hdf5(data + b"trailer", "m.h5", LIMITS)


def test_bytes_before_the_beginning_are_refused_unless_the_file_knows_them():
    fill = lambda file: file.create_dataset("w", data=np.zeros(10))  # noqa: E731 (one file, two ways)

    assert Hdf5(written(fill, userblock_size=512), "m.h5", LIMITS).array("w").size == 10
    with pytest.raises(UnsafeModelError, match="begins at byte 512 but says it begins at byte 0"):
        Hdf5(bytes(512) + written(fill), "m.h5", LIMITS)


def test_a_file_whose_writer_never_closed_it_is_refused():
    data = bytearray(
        written(lambda file: file.create_dataset("w", data=np.zeros(10)), libver="latest")
    )
    data[11] |= 1
    data[44:48] = struct.pack("<I", lookup3(bytes(data[:44])))

    with pytest.raises(CorruptModelError, match="was not closed"):
        Hdf5(bytes(data), "m.h5", LIMITS)


def bomb(file):
    file.create_dataset("w", (1 << 28,), "f4")


def test_values_that_are_declared_but_not_stored_are_refused_by_their_ratio_to_the_file():
    with pytest.raises(
        LimitExceededError, match=r"w: the dataset declares 1,073,741,824 bytes in a file of"
    ):
        opened(bomb).array("w")


def test_the_same_values_asked_for_again_and_again_count_each_time():
    file = opened(lambda file: file.create_dataset("w", (1 << 20,), "f8"))

    with pytest.raises(LimitExceededError, match="times the file"):
        [file.array("w") for _ in range(1000)]


def test_all_arrays_together_are_limited():
    def fill(file):
        for name in "abc":
            file[name] = np.zeros(1000, "f4")

    file = opened(fill, dataclasses.replace(LIMITS, weight_bytes=10_000))

    assert file.array("a").nbytes + file.array("b").nbytes == 8000
    with pytest.raises(LimitExceededError, match=r"c: the dataset exceeds .* received 4,000 bytes"):
        file.array("c")


def one_large_chunk(file):
    file.create_dataset("w", (8,), "f4", maxshape=(None,), chunks=(1 << 28,), compression="gzip")


def test_a_chunk_much_larger_than_its_dataset_is_refused():
    with pytest.raises(LimitExceededError, match="chunks of 1,073,741,824 bytes for 32 bytes"):
        opened(one_large_chunk).array("w")


def packed(file):
    file.create_dataset("w", data=np.arange(64, dtype="f4"), chunks=(64,), compression="gzip")


def test_a_chunk_that_inflates_to_more_than_it_declares_is_stopped():
    data = written(packed)
    there = data.rindex(b"\x40\0\0\0\x04\0\0\0")  # a chunk's shape: 64 values of 4 bytes
    lying = data[:there] + b"\x20\0\0\0\x04\0\0\0" + data[there + 8 :]

    with pytest.raises(LimitExceededError, match="unpacks to more than the 128 bytes"):
        Hdf5(lying, "m.h5", LIMITS).array("w")


def summed(file):
    file.create_dataset("w", data=np.arange(64, dtype="f4"), chunks=(64,), fletcher32=True)


def test_a_flipped_bit_in_a_weight_with_a_checksum_is_found():
    data = bytearray(written(summed))
    data[data.index(struct.pack("<3f", 10, 11, 12))] ^= 1

    with pytest.raises(CorruptModelError, match="Fletcher-32 checksum differs"):
        Hdf5(bytes(data), "m.h5", LIMITS).array("w")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 200_001])
def test_checksums_of_chunks_are_those_that_hdf5_writes(size):
    def fill(file):
        file.create_dataset("w", data=values, chunks=(size,), fletcher32=True)

    values = np.random.default_rng(size).integers(0, 256, size).astype("u1")
    _, chunk = h5py.File(io.BytesIO(written(fill)), "r")["w"].id.read_direct_chunk((0,))

    assert fletcher32(memoryview(chunk[:-4])) == int.from_bytes(chunk[-4:], "little")


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"", 0xDEADBEEF), (b"Four score and seven years ago", 0x17770551)],
)
def test_checksums_of_structures_are_those_of_lookup3(text, value):
    assert lookup3(text) == value


def two(file):
    file["a"], file["b"] = np.full(100, 1.5, "f4"), np.full(100, 2.5, "f4")


def test_two_weights_at_the_same_place_are_refused():
    data = bytearray(written(two))
    first, second = (data.index(struct.pack("<2f", value, value)) for value in (1.5, 2.5))
    at = data.index(struct.pack("<QQ", second, 400))
    data[at : at + 8] = struct.pack("<Q", first)
    file = Hdf5(bytes(data), "m.h5", LIMITS)
    file.array("a")

    with pytest.raises(
        CorruptModelError, match=r"b: the dataset has values .* where other values are"
    ):
        file.array("b")


def test_names_in_messages_cannot_act_on_a_terminal():
    file = opened(lambda file: file.__setitem__("\x1b[31mred" + "x" * 500, h5py.SoftLink("/")))

    with pytest.raises(UnsafeModelError) as refusal:
        file.array("\x1b[31mred" + "x" * 500)

    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


def long_paths(file):
    group = file
    for _ in range(40):
        group = group.create_group("n" * 60_000)
    for number in range(2000):
        group.create_group(str(number))


def test_paths_that_come_to_more_than_any_text_are_refused():
    with pytest.raises(LimitExceededError, match="texts of the file come to more"):
        opened(long_paths).datasets()


def everything(file):
    """A small file with one of each structure."""
    file.attrs["model_config"], file.attrs["names"], file.attrs["free"] = (
        '{"a": 1}',
        [b"a", b"bb"],
        ["x", "yy"],
    )
    group = file.create_group("model_weights/dense")
    group["kernel"], group["bias"] = np.ones((3, 4), "f4"), np.ones(3, ">f8")
    values = np.arange(63, dtype="f4").reshape(9, 7)
    group.create_dataset(
        "z", data=values, chunks=(4, 3), compression="gzip", shuffle=True, fletcher32=True
    )
    for name, most in (("fixed", None), ("growing", (None, 7)), ("tree", (None, None))):
        group.create_dataset(name, data=values, chunks=(4, 3), maxshape=most)
    group.create_dataset("long", data=np.ones(60, "f4"), chunks=(1,), maxshape=(None,))
    for number in range(12):
        group.attrs[f"a{number}"] = number
        file.create_group(f"many/{number}")
    file["type"] = np.dtype(">f4")
    file.create_dataset("typed", data=np.ones(3), dtype=file["type"])


SEEDS = [
    written(everything, libver=v, track_order=o)
    for v in ("earliest", "latest")
    for o in (False, True)
]


def walked(data):
    """Everything that a file holds; every refusal inside it is one of ours."""
    try:
        file = Hdf5(data, "m.h5", LIMITS)
        paths = file.datasets()
    except ModelError:
        return
    for path in ["", "model_weights/dense", *paths]:
        for name in ("model_config", "names", "free", "a3", "dtype"):
            tolerated(lambda path=path, name=name: file.attribute(path, name))
        tolerated(lambda path=path: file.array(path))


def tolerated(call):
    try:
        call()
    except ModelError:
        return


def damaged(draw, data):
    """One of: cut, another file's piece put in, a piece copied elsewhere, bits and numbers
    changed.
    """
    found, kind = bytearray(data), draw.random()
    at, size = draw.randrange(len(data)), draw.choice([4, 8, 16, 64, 512])
    if kind < 0.1:
        return data[:at]
    if kind < 0.3:
        other = draw.choice(SEEDS)
        begin = draw.randrange(len(other))
        found[at : at + size] = other[begin : begin + size]
        return bytes(found)
    for _ in range(draw.choice([1, 1, 2, 3, 8])):
        at, width = draw.randrange(len(found)), draw.choice([1, 2, 4, 8])
        number = draw.choice(
            [0, 1, 0xFF, 0xFFFF, 1 << 31, 1 << 63, (1 << 64) - 1, len(data), draw.getrandbits(64)]
        )
        number = found[at] ^ 1 << draw.randrange(8) if draw.random() < 0.5 else number
        found[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(found[: len(data)])


@pytest.mark.parametrize(
    "sealed", [True, False], ids=["with checksums", "as if checksums were mended"]
)
def test_damage_of_any_kind_is_a_model_error_in_bounded_memory(sealed, monkeypatch):
    if not sealed:
        monkeypatch.setattr(Image, "check_seal", lambda *_: None)
    draw = random.Random(0)  # noqa: S311 (damage, not secrets)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(800):
        walked(damaged(draw, draw.choice(SEEDS)))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200 << 10


def many_places(file):
    for number in range(40):
        rows = file.create_dataset(f"w{number}", (60_000,), "f2", chunks=(1,), maxshape=(None,))
        rows[0] = 1


def test_chunks_that_were_never_written_are_not_looked_for_without_end():
    file = opened(many_places, libver="latest")

    with pytest.raises(LimitExceededError, match="structures of the file come to more than"):
        [file.array(f"w{number}") for number in range(40)]
