"""Models from bytes, open files and URLs open as those from paths do, within the same limits."""

import io
import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest

import keramos
from keramos.artifact.write import write
from keramos.errors import (
    LimitExceededError,
    MissingExtraError,
    ModelError,
    SignatureError,
    UnsafeModelError,
    UsageError,
)
from support.sklearn_pickles import dense_network

X = np.arange(6, dtype="float32").reshape(3, 2)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.keras"
    write(path, dense_network(2), None)
    return path


@pytest.fixture(scope="module")
def memory(path):
    """A file system in memory that holds the file, a SavedModel folder and a TF.js model."""
    system = fsspec.filesystem("memory")
    system.pipe_file("/models/m.keras", path.read_bytes())
    folder = path.parent / "saved"
    keramos.convert(path, folder, to="saved_model")
    keramos.convert(path, path.parent / "js", to="tfjs")
    for name in ("saved", "js"):
        for file in (path.parent / name).rglob("*"):
            if file.is_file():
                inner = file.relative_to(path.parent).as_posix()
                system.pipe_file(f"/models/{inner}", file.read_bytes())
    return system


WAYS = {
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "file URL": lambda path: f"file://{path}",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_answers_of_the_path(way, path):
    found = keramos.load(WAYS[way](path)).predict(X)

    assert np.array_equal(found, keramos.load(path).predict(X))


def test_an_open_file_is_read_from_where_it_is(path, tmp_path):
    (tmp_path / "prefixed").write_bytes(b"12345" + path.read_bytes())
    with (tmp_path / "prefixed").open("rb") as file:
        file.seek(5)
        found = keramos.load(file).predict(X)

    assert np.array_equal(found, keramos.load(path).predict(X))


@pytest.mark.parametrize("inner", ["m.keras", "saved", "saved/saved_model.pb", "js/model.json"])
def test_a_url_of_any_form_opens(inner, path, memory):
    found = keramos.load(f"memory://models/{inner}").predict(X)

    assert np.allclose(found, keramos.load(path).predict(X))


def test_an_architecture_and_its_weights_may_both_be_bytes(path, tmp_path):
    import zipfile

    with zipfile.ZipFile(path) as archive:
        config, weights = archive.read("config.json"), archive.read("model.weights.h5")

    assert np.array_equal(
        keramos.load(config, weights=io.BytesIO(weights)).predict(X),
        keramos.load(path).predict(X),
    )


@pytest.mark.parametrize("way", WAYS)
def test_every_function_takes_what_load_takes(way, path, tmp_path):
    given = lambda: WAYS[way](path)  # noqa: E731 (an open file is read once)

    assert keramos.inspect(given()).layers == keramos.inspect(path).layers
    assert all(one.passed for one in keramos.verify(given()))
    keramos.convert(given(), tmp_path / "again.h5")
    assert np.array_equal(
        keramos.load(tmp_path / "again.h5").predict(X), keramos.load(path).predict(X)
    )


def test_an_open_file_of_weights_alone_is_listed(path):
    import zipfile

    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")

    assert keramos.inspect(io.BytesIO(weights)).tensors == keramos.inspect(weights).tensors != ()


def test_what_is_no_model_is_refused_by_every_function(tmp_path):
    for call in (
        keramos.inspect,
        keramos.verify,
        lambda given: keramos.convert(given, tmp_path / "m.h5"),
    ):
        with pytest.raises(UsageError, match="path, a URL, bytes"):
            call(3)
    with pytest.raises(UsageError, match="Keras opens files"):
        keramos.verify(b"...", against_keras=True)
    (failed,) = keramos.verify(b"not a model")
    assert not failed.passed


def test_a_signature_behind_a_url_lies_beside_it(path, memory, tmp_path):
    from keramos.signing.signing import new_key, sign

    private, public = new_key(tmp_path / "release")
    for inner in ("m.keras", "saved"):
        with pytest.raises(SignatureError, match="not signed"):
            keramos.load(f"memory://models/{inner}", require_signature=public)
        signature = sign(path.parent / inner, key=private, output=tmp_path / "s").read_bytes()
        memory.pipe_file(f"/models/{inner}.sig", signature)
        for call in (keramos.load, keramos.inspect):
            assert call(f"memory://models/{inner}", require_signature=public)
        assert keramos.verify(f"memory://models/{inner}", key=public)[0].passed
    memory.pipe_file("/models/m.keras", path.read_bytes() + b"\0")
    with pytest.raises(SignatureError, match="not the one that was signed"):
        keramos.load("memory://models/m.keras", require_signature=public)
    memory.pipe_file("/models/m.keras", path.read_bytes())


def test_commands_open_urls_too(path, memory):
    assert keramos.inspect("memory://models/m.keras").layers
    assert all(one.passed for one in keramos.verify("memory://models/m.keras"))


@pytest.mark.parametrize("way", ["bytes", "BytesIO", "memory"])
def test_more_bytes_than_the_limit_are_refused(way, path, memory):
    given = "memory://models/m.keras" if way == "memory" else WAYS[way](path)

    with pytest.raises(LimitExceededError, match="file_bytes"):
        keramos.load(given, limits=keramos.Limits(file_bytes=100))


def test_an_endless_file_is_read_to_the_limit_only():
    with Path("/dev/zero").open("rb") as file, pytest.raises(LimitExceededError):
        keramos.load(file, limits=keramos.Limits(file_bytes=1000))


@pytest.mark.parametrize("url", ["file:///dev/zero", "local:///dev/zero"])
def test_a_device_behind_a_url_is_not_read(url):
    with pytest.raises(UnsafeModelError, match="device"):
        keramos.load(url)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (b"", ModelError, "bytes"),
        (b"not a model", ModelError, "neither HDF5"),
        (io.StringIO("text"), UsageError, "rb"),
        (3, UsageError, "path, a URL, bytes"),
        (None, UsageError, "path, a URL, bytes"),
        ("memory://models/absent.keras", ModelError, "does not exist"),
        ("nowhere://models/m.keras", UsageError, "does not know"),
        ("memory://", ModelError, "names no file"),
    ],
)
def test_what_is_no_model_is_refused_by_its_reason(given, kind, words, memory):
    with pytest.raises(kind, match=words):
        keramos.load(given)


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)

    with pytest.raises(MissingExtraError, match=r"keramos\[remote\]"):
        keramos.load("s3://bucket/m.keras")


def test_bytes_have_no_signature(path):
    with pytest.raises(UsageError, match="lies beside a file"):
        keramos.load(path.read_bytes(), require_signature="release.pub.pem")
