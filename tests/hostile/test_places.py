"""Paths that are no plain files: refused as what they are, at once, and never called missing when
they are there.
"""

import os
import socket
import threading

import pytest

import keramos
from keramos import errors
from keramos.artifact.read import read
from keramos.artifact.write import write
from keramos.types.network import Call, Layer, Network, TensorRef


@pytest.fixture
def model(tmp_path):
    """A model file with nothing in its way."""
    source = Layer("x", "InputLayer", {"batch_shape": [None, 2], "dtype": "float32"})
    layers = {"x": source, "y": Layer("y", "Rescaling", {"scale": 2.0, "offset": 0.0})}
    path = tmp_path / "model.h5"
    write(
        path,
        Network(
            "net", layers, (Call("y", (TensorRef("x"),)),), (TensorRef("x"),), (TensorRef("y"),)
        ),
        None,
    )
    return path


def folder(path):
    path.mkdir()


def pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def loop(path):
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def sparse(path):
    with path.open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(16 << 30)


def small_sparse(path):
    with path.open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(1 << 30)


def terabyte(path):
    with path.open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(1 << 40)


def end_of_holes(path):
    """A small sparse file whose first bytes are no format at all."""
    with path.open("wb") as file:
        file.truncate(1 << 20)


PLACES = {
    "folder": (folder, errors.UnsafeModelError, "it is a folder"),
    "pipe": (pipe, errors.UnsafeModelError, "pipe"),
    "socket": (bound_socket, errors.UnsafeModelError, "socket"),
    "loop of links": (loop, errors.UnsafeModelError, "cannot be opened"),
    "link to nothing": (
        lambda path: path.symlink_to("nowhere"),
        errors.ModelError,
        "link to nowhere",
    ),
    "link to a device": (
        lambda path: path.symlink_to("/dev/zero"),
        errors.UnsafeModelError,
        "device",
    ),
    "16 GiB of holes": (sparse, errors.LimitExceededError, "file_bytes"),
    "1 GiB of holes": (small_sparse, errors.LimitExceededError, "holes"),
    "1 TiB of holes": (terabyte, errors.LimitExceededError, "file_bytes"),
    "1 MiB of holes": (end_of_holes, errors.CorruptModelError, "zero bytes"),
    "link to a folder": (
        lambda path: path.symlink_to(path.parent),
        errors.UnsafeModelError,
        "it is a folder",
    ),
    "link to a pipe": (
        lambda path: (pipe(path.with_name("p")), path.symlink_to("p")),
        errors.UnsafeModelError,
        "pipe",
    ),
    "nothing in it": (lambda path: path.touch(), errors.CorruptModelError, "empty"),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_plain_file_is_refused_as_what_it_is(name, tmp_path):
    make, kind, words = PLACES[name]
    path = tmp_path / "m.h5"
    make(path)

    with pytest.raises(kind, match=words) as caught:
        keramos.load(path)

    assert str(path) in str(caught.value)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom", "/dev/tty"])
def test_a_device_is_never_read(device):
    with pytest.raises(errors.UnsafeModelError, match="device"):
        keramos.load(device)


@pytest.mark.parametrize("name", ["self/environ", "self/maps", "version", "meminfo"])
def test_a_file_of_the_kernel_is_no_model(name):
    with pytest.raises(errors.ModelError, match="neither HDF5 nor"):
        keramos.load(f"/proc/{name}")


def test_a_folder_of_a_process_is_a_folder():
    with pytest.raises(errors.UnsafeModelError, match="it is a folder"):
        keramos.load("/proc/self")


def test_a_path_with_a_zero_byte_is_wrong_usage():
    with pytest.raises(errors.UsageError, match="zero byte"):
        keramos.load("model\0.h5")


def test_a_link_to_a_model_opens(model, tmp_path):
    (tmp_path / "current.h5").symlink_to(model)

    assert read(tmp_path / "current.h5").network.name


def test_a_hard_link_to_a_model_opens(model, tmp_path):
    (tmp_path / "same.h5").hardlink_to(model)

    assert read(tmp_path / "same.h5").network.name


def test_a_file_that_is_replaced_while_it_is_read_is_one_of_both(model, tmp_path):
    """A writer renames whole files into place, as keramos itself does; whichever was opened is read
    whole.
    """
    whole, stop = model.read_bytes(), threading.Event()
    other = tmp_path / "other.h5"

    def disturb():
        while not stop.is_set():
            other.write_bytes(whole)
            other.replace(model)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        for _ in range(100):
            assert read(model).info.size == len(whole)
    finally:
        stop.set()
        writer.join()


def test_a_file_that_shrinks_while_it_is_read_is_refused_or_was_read_whole(model):
    whole, stop = model.read_bytes(), threading.Event()

    def disturb():
        while not stop.is_set():
            os.truncate(model, len(whole) // 2)
            model.write_bytes(whole)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        for _ in range(100):
            try:
                assert read(model).info.size == len(whole)
            except errors.ModelError:
                continue
    finally:
        stop.set()
        writer.join()


def test_a_file_that_grows_while_it_is_read_is_refused_or_was_read_whole(model):
    """A writer appends all the time; what opens is a file as it once was."""
    whole, stop = model.read_bytes(), threading.Event()

    def disturb():
        while not stop.is_set():
            model.write_bytes(whole + b"x" * 1000)
            model.write_bytes(whole)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        for _ in range(100):
            try:
                assert read(model).info.size == len(whole)
            except errors.ModelError:
                continue
    finally:
        stop.set()
        writer.join()


DISGUISES = {
    "pickle": (b"\x80\x04\x95\x00\x00\x00\x00.", errors.UnsafeModelError, "pickle"),
    "text pickle": (b"cposix\nsystem\n(S'true'\ntR.", errors.UnsafeModelError, "pickle"),
    "Git LFS pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        errors.ModelError,
        "git lfs pull",
    ),
    "web page": (b"<!DOCTYPE html><html>", errors.ModelError, "HTML"),
    "gzip": (b"\x1f\x8b\x08\x00", errors.ModelError, "gzip"),
    "TensorFlow Lite": (b"\x1c\x00\x00\x00TFL3", errors.ModelError, "TensorFlow Lite"),
    "program": (b"\x7fELF\x02", errors.UnsafeModelError, "a program"),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_other_formats_are_named(name, tmp_path):
    data, kind, words = DISGUISES[name]
    path = tmp_path / "m.h5"
    path.write_bytes(data)

    with pytest.raises(kind, match=words):
        keramos.load(path)


@pytest.mark.parametrize("behind", [b"x", b"PK\x05\x06" + bytes(18)])
def test_bytes_behind_an_hdf5_file_are_refused(model, behind):
    model.write_bytes(model.read_bytes() + behind)

    with pytest.raises(errors.UnsafeModelError, match="disagree"):
        keramos.load(model)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_cut_file_is_called_incomplete(model, part):
    data = model.read_bytes()
    model.write_bytes(data[: int(len(data) * part)])

    with pytest.raises(errors.CorruptModelError, match="incomplete"):
        keramos.load(model)
