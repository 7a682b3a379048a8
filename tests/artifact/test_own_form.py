"""Two forms that keramos does not have, each written here as one row: a folder of arrays, and a
file that lists the files beside it. Reading, inspecting, signing, storing and serving them needs
nothing else.
"""

import io
import json
import zipfile

import numpy as np
import pytest

from keramos.artifact.containers import table
from keramos.artifact.containers.container import Container, Form
from keramos.artifact.containers.hdf5_weights import Hdf5Weights
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.strict_json import parse_json
from keramos.artifact.write import write
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    ModelError,
    UnsafeModelError,
    UsageError,
)
from keramos.pipeline.load import load
from keramos.types.limits import LIMITS
from support.container_suite import ContainerSuite, network


class Arrays:
    """A ``WeightStore`` of ``.npy`` parts by the paths of Keras 3."""

    def __init__(self, source, names):
        self._source, self._names = source, names

    def groups(self):
        return None

    def unlisted(self):
        return None

    def paths(self):
        return list(self._names)

    def shape(self, path):
        return self.array(path).shape

    def array(self, path):
        try:
            return np.load(io.BytesIO(self._source.part(self._names[path])), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise CorruptModelError(f"{self._names[path]} is damaged: {error}") from None

    def owner(self, path):  # noqa: ARG002 (the protocol)
        return None

    def recorded(self, name):  # noqa: ARG002 (the protocol)
        return ""


def is_folder(head):
    return head.names is not None and {"config.json", "weights/"} <= set(head.names)


def open_folder(source, limits):
    names = {
        name.removeprefix("weights/").removesuffix(".npy"): name
        for name in source.parts
        if name.startswith("weights/")
    }
    return Container(source.part("config.json"), Arrays(source, names), "3.15.1")


FOLDER = Form("arrays", "folder of arrays", is_folder, open_folder, stored_as="model")


def is_listed(head):
    return head.data.startswith(b'{"format": "arrays-list"')


def open_listed(source, limits):
    listed = parse_json(source.main, source.path, limits)
    config = json.dumps(listed["config"]).encode()
    return Container(config, Arrays(source, listed["weights"]), "3.15.1")


def companions(source, limits):
    return list(parse_json(source.main, "the list", limits)["weights"].values())


LISTED = Form(
    "arrays-list",
    "list of arrays",
    is_listed,
    open_listed,
    suffixes=(".arrays",),
    stored_as="model.arrays",
    companions=companions,
)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """What a package does by one row each."""
    monkeypatch.setattr(table, "FORMS", (LISTED, FOLDER, *table.FORMS))


def parts(folder):
    """The config of the suite's network as JSON, and its arrays by path."""
    path = folder / "whole.keras"
    write(path, network(), None)
    with zipfile.ZipFile(path) as archive:
        file = Hdf5(archive.read("model.weights.h5"), "weights", LIMITS)
        config = json.loads(archive.read("config.json"))
    path.unlink()
    store = Hdf5Weights(file)
    return config, {one: store.array(one) for one in store.paths()}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def write_folder(folder):
    config, arrays = parts(folder)
    (folder / "m").mkdir()
    (folder / "m" / "config.json").write_text(json.dumps(config))
    for path, array in arrays.items():
        save(folder / "m" / "weights" / f"{path}.npy", array)
    return folder / "m"


def write_listed(folder):
    config, arrays = parts(folder)
    listed = {path: f"shards/{number}.npy" for number, path in enumerate(arrays)}
    document = {"format": "arrays-list", "config": config, "weights": listed}
    (folder / "m.arrays").write_text(json.dumps(document))
    for path, name in listed.items():
        save(folder / name, arrays[path])
    return folder / "m.arrays"


class TestFolderOfArrays(ContainerSuite):
    kind, by_groups = "arrays", False

    def write(self, folder):
        return write_folder(folder), None


class TestListOfArrays(ContainerSuite):
    kind, by_groups = "arrays-list", False

    def write(self, folder):
        return write_listed(folder), None


def test_inspection_says_that_keras_does_not_open_it(tmp_path):
    from keramos.pipeline.inspect import inspect

    assert "neither a .keras nor a .h5 file" in inspect(write_folder(tmp_path)).plain_keras


def test_a_folder_in_no_known_form_is_refused_before_its_files_are_read(tmp_path, monkeypatch):
    (tmp_path / "any").mkdir()
    (tmp_path / "any" / "config.json").write_text("{}")
    monkeypatch.setattr(table, "read_folder", None)

    with pytest.raises(UnsafeModelError, match="it is a folder"):
        load(tmp_path / "any")


@pytest.mark.parametrize("target", ["file", "folder"])
def test_links_in_a_folder_are_refused(tmp_path, target):
    path = write_folder(tmp_path)
    inside = path / "weights" if target == "folder" else path / "config.json"
    inside.rename(tmp_path / "outside")
    inside.symlink_to(tmp_path / "outside")

    with pytest.raises(UnsafeModelError, match=r"a link|it is a folder"):
        load(path)


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "a/./b", "a\\b", "", "a\nb"])
def test_a_listed_path_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    path = write_listed(tmp_path)
    listed = json.loads(path.read_text())
    listed["weights"]["layers/dense/vars/0"] = name
    path.write_text(json.dumps(listed))

    with pytest.raises(UnsafeModelError, match="lead out of"):
        load(path)


def test_files_of_a_folder_keep_the_limits_together(tmp_path):
    from dataclasses import replace

    path = write_folder(tmp_path)
    held = table.any_source(str(path), LIMITS)

    for limits in (
        replace(LIMITS, file_bytes=held.size - 1),
        replace(LIMITS, members=len(held.parts) - 1),
    ):
        with pytest.raises(LimitExceededError):
            load(path, limits=limits)


def test_hidden_files_are_no_part_of_a_model(tmp_path):
    path = write_folder(tmp_path)
    before = table.any_source(str(path), LIMITS).sha256
    (path / ".DS_Store").write_bytes(b"noise")
    (path / ".git").mkdir()
    (path / ".git" / "index").write_bytes(b"noise")

    assert table.any_source(str(path), LIMITS).sha256 == before


def test_a_file_added_to_a_signed_folder_is_refused(tmp_path):
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    from keramos.errors import SignatureError
    from keramos.signing.signing import new_key, sign

    path = write_folder(tmp_path)
    private, public = new_key(tmp_path / "key")
    sign(path, key=private)
    save(path / "weights" / "more.npy", np.zeros(1))

    with pytest.raises(SignatureError, match="not the one that was signed"):
        load(path, require_signature=public)


def test_a_part_that_the_signer_told_the_library_to_ignore_is_refused(tmp_path):
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    from model_signing import hashing, signing

    from keramos.errors import SignatureError
    from keramos.signing.signing import new_key

    path = write_folder(tmp_path)
    private, public = new_key(tmp_path / "key")
    ignoring = hashing.Config().set_ignored_paths(paths=[path / "config.json"])
    signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(ignoring).sign(
        path, tmp_path / "m.sig"
    )

    with pytest.raises(SignatureError, match=r"does not cover all files.*config\.json"):
        load(path, require_signature=public)


def test_a_signature_of_a_listing_file_opens_nothing_beside_it(tmp_path, monkeypatch):
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    from keramos.signing import signing

    path = write_listed(tmp_path)
    private, public = signing.new_key(tmp_path / "key")
    with pytest.raises(UsageError, match="Sign the folder"):
        signing.sign(path, key=private)
    monkeypatch.setattr(signing, "is_part", lambda _: False)  # as earlier versions signed it
    signing.sign(path, key=private)

    with pytest.raises(ModelError, match=r"shards/1\.npy: the model has no such part"):
        load(path, require_signature=public)


def test_a_stored_folder_whose_file_was_exchanged_behind_the_url_is_refused(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="needs the extra: pip install 'keramos[remote]'")
    from keramos.errors import StoreError
    from keramos.store.store import Store

    store = Store("memory://exchanged")
    version = store.publish(write_folder(tmp_path), "m")
    fsspec.filesystem("memory").pipe_file("/exchanged/m/1/model/config.json", b"{}")

    with pytest.raises(StoreError, match="not the one that was published"), store.local(version):
        pass


def test_a_folder_behind_a_url_is_no_version_until_its_listing_is_there(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="needs the extra: pip install 'keramos[remote]'")
    from keramos.store.store import Store

    store = Store("memory://partial")
    store.publish(write_folder(tmp_path), "m")
    fsspec.filesystem("memory").rm("/partial/m/1/model.sha256")

    assert store.versions() == []
