"""The reader of HDF5 says what h5py says, wherever h5py can be asked without following anything."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.limits import LIMITS

NEWEST = ("earliest", "latest", ("v108", "v108"), ("v110", "v110"), ("v112", "v112"))
"""Versions of the library whose structures are written."""
TYPES = (
    "<f2",
    ">f2",
    "<f4",
    ">f4",
    "<f8",
    ">f8",
    "i1",
    "<i2",
    ">i4",
    "<i8",
    "u1",
    ">u2",
    "<u4",
    "<u8",
    "?",
)
SIGNATURE = b"\x89HDF\r\n\x1a\n"


def written(fill, **options):
    """The bytes of a file that ``fill`` writes through h5py."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def plain(value):
    """An attribute as h5py gives it -> as text, numbers and lists."""
    if value is None or isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray | list):
        return [
            plain(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)
        ]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return plain(value.item()) if isinstance(value, np.generic) else value


def compare(data, name="f.h5"):
    """Assert that both readers find the same; how many attributes and arrays were compared."""
    own, compared = Hdf5(data, name, LIMITS), 0
    with h5py.File(io.BytesIO(data), "r") as file:
        waiting = [("", file)]
        while waiting:
            path, thing = waiting.pop()
            for key in thing.attrs:
                assert own.attribute(path, key) == plain(thing.attrs[key]), (name, path, key)
                compared += 1
            assert own.attribute(path, "no such attribute") is None
            assert own.is_group(path) == isinstance(thing, h5py.Group)
            if isinstance(thing, h5py.Group):
                assert own.names(path) == list(thing), (name, path)
                waiting += [(f"{path}/{key}" if path else key, thing[key]) for key in thing]
            elif isinstance(thing, h5py.Dataset):
                same(own.array(path), thing, (name, path))
                compared += 1
    return compared


def same(array, dataset, where):
    expected = np.asarray(dataset[()])
    if dataset.dtype.kind == "V":
        expected = (expected.view("<u2").astype("<u4") << 16).view("<f4")
    assert array.dtype == expected.dtype.newbyteorder("="), where
    assert array.shape == expected.shape, where
    np.testing.assert_array_equal(array, expected, str(where))


def parts(folder):
    """(name, bytes) of every HDF5 file in a folder and in the archives there."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h5", ".hdf5", ".keras"}:
            data = path.read_bytes()
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    yield path.name, archive.read("model.weights.h5")
            else:
                yield path.name, data


def test_a_fifth_of_the_museum_reads_as_in_h5py(shared):
    files = list(parts(shared / "museum"))[::5]

    assert sum(compare(data, name) for name, data in files) > 10 * len(files)


@pytest.mark.slow
def test_the_whole_museum_reads_as_in_h5py(shared):
    files = list(parts(shared / "museum"))

    assert sum(compare(data, name) for name, data in files) > 10 * len(files)


@pytest.mark.slow
def test_real_files_read_as_in_h5py(shared):
    if not (shared / "wild").is_dir():
        pytest.skip("the files from public repositories are not here")
    for name, data in parts(shared / "wild"):
        assert compare(data, name) > 0


def test_honest_files_among_the_hostile_read_as_in_h5py(shared):
    rows = json.loads((shared / "hostile" / "index.json").read_text())
    honest = {
        row["name"] for row in rows if row["family"] == "control" and row["expected"] == "open"
    }
    found = [compare(data, name) for name, data in parts_named(shared / "hostile", honest)]

    assert len(found) > 10


def parts_named(folder, names):
    for name in sorted(names):
        data = (folder / name).read_bytes()
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield name, archive.read("model.weights.h5")
        elif SIGNATURE in data[:4096]:
            yield name, data


def attributes_of_all_kinds(file):
    file.attrs.update(
        {
            "text": "häl",
            "bytes": np.bytes_(b"abc"),
            "whole": 3,
            "real": 2.5,
            "yes": True,
            "long": "x" * 60_000,
        }
    )
    file.attrs.update(
        {"fixed": [b"a", b"bcd"], "free": ["x", "yyy", ""], "table": np.arange(6).reshape(2, 3)}
    )
    file.attrs.update(
        {"truths": np.array([True, False]), "empty": h5py.Empty("f4"), "none": np.zeros(0, "S3")}
    )
    group = file.create_group("a/b/c")
    group["scalar"], group["nothing"] = np.float32(3), np.zeros((0, 3), "f4")
    group.create_dataset("unwritten", shape=(5, 5), dtype="f4")
    group.create_dataset("filled", shape=(5, 5), dtype=">f4", fillvalue=7)
    group.create_dataset("brain", data=np.array([0x3F80, 0x4049], "u2").view("V2")).attrs[
        "dtype"
    ] = "bfloat16"


def many_of_all(file):
    for number in range(200):
        file.attrs[f"attribute {number:03}"] = f"value {number}" * (number % 7 + 1)
    if file.libver[1] != "earliest":
        file.attrs["huge"] = "y" * 200_000
    for number in range(700):
        file.create_dataset(f"data{number}", data=np.float32(number))
    for number in range(300):
        file.create_group(f"groups/{number}")


def shared_types_and_objects(file):
    file["types/number"], file["types/text"] = np.dtype(">f4"), h5py.string_dtype()
    file.create_dataset("x", data=np.arange(5.0), dtype=file["types/number"])
    file.attrs.create("text", "hello", dtype=file["types/text"])
    file.attrs.create("numbers", [1, 2], dtype=file["types/number"])
    file["the same"] = file["x"]


@pytest.mark.parametrize("fill", [attributes_of_all_kinds, many_of_all, shared_types_and_objects])
@pytest.mark.parametrize("options", [{}, {"track_order": True}, {"userblock_size": 1024}], ids=str)
@pytest.mark.parametrize("version", NEWEST, ids=str)
def test_names_attributes_and_arrays_read_as_in_h5py_whatever_structures_hold_them(
    version, options, fill
):
    assert compare(written(fill, libver=version, **options))


def low_level(file, name, chunk, most):
    """A dataset whose storage is taken at once: without chunks it lies in its header, with them one
    after the other.
    """
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if chunk:
        properties.set_chunk(chunk)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    else:
        properties.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((10, 7), most)
    made = h5py.h5d.create(file.id, name, h5py.h5t.IEEE_F32BE, space, properties)
    h5py.Dataset(made)[:] = np.arange(70).reshape(10, 7)


def sparse_chunks(file):
    """Few of many chunks are there; some datasets were larger once."""
    for number, most in enumerate([None, (None, 40), (1000, None), (None, None), (2000, 50)]):
        for filters in ({}, {"compression": "gzip"}):
            data = file.create_dataset(
                f"{number}{len(filters)}",
                (1000, 40),
                ">f4",
                maxshape=most,
                chunks=(10, 10),
                fillvalue=2.5,
                **filters,
            )
            data[100:111, 5:15], data[995, 39] = 1, 9
            if most and most[1] != 40:
                data.resize((500, 20))
    for name, length in (("paged", 70_000), ("paged twice", 9000)):
        for most in (None, length):
            data = file.create_dataset(
                f"{name} {most}", (length,), "f4", maxshape=(most,), chunks=(2,)
            )
            data[5:7], data[length - 9 : length - 3] = 1, 2
    low_level(file, b"one after the other", (4, 3), None)
    low_level(file, b"with room", (4, 3), (20, 30))
    low_level(file, b"in the header", None, None)


@pytest.mark.parametrize("version", NEWEST, ids=str)
def test_chunks_that_were_never_written_read_as_in_h5py(version):
    assert compare(written(sparse_chunks, libver=version)) > 10


@st.composite
def datasets(draw):
    """Values, and how they are stored."""
    rank = draw(st.integers(0, 4))
    shape = tuple(draw(st.integers(0 if draw(st.booleans()) else 1, 9)) for _ in range(rank))
    kind = draw(st.sampled_from(TYPES))
    data = np.arange(int(np.prod(shape)), dtype="i8").reshape(shape).astype(kind)
    options = {}
    if rank and 0 not in shape and draw(st.booleans()):
        options["chunks"] = tuple(draw(st.integers(1, length)) for length in shape)
        options["maxshape"] = tuple(
            draw(st.sampled_from([length, length + 5, None])) for length in shape
        )
        if draw(st.booleans()):
            options["compression"] = draw(st.sampled_from([None, "gzip"]))
            options["shuffle"], options["fletcher32"] = draw(st.booleans()), draw(st.booleans())
    return data, options


@given(
    drawn=st.lists(datasets(), min_size=1, max_size=6),
    version=st.sampled_from(NEWEST),
    ordered=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_dataset_reads_as_in_h5py_in_any_layout(drawn, version, ordered):
    def fill(file):
        for number, (data, options) in enumerate(drawn):
            file.create_dataset(f"group/{number}", data=data, **options)

    assert compare(written(fill, libver=version, track_order=ordered)) == len(drawn)


def test_weights_stored_in_one_piece_are_views_of_the_files_bytes():
    data = written(lambda file: file.create_dataset("x", data=np.arange(1000, dtype="<f4")))

    array = Hdf5(data, "f.h5", LIMITS).array("x")

    assert not array.flags.owndata
    assert np.shares_memory(array, np.frombuffer(data, "u1"))
