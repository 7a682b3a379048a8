"""Archives of a model's files, and weights by name beside an architecture."""

import io
import json
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

from keramos.artifact.keras.write_config import model_config
from keramos.artifact.read import read
from keramos.artifact.write_tfjs import tfjs_files
from keramos.errors import (
    CorruptModelError,
    ForeignCodeError,
    LimitExceededError,
    MismatchError,
    UnsafeModelError,
)
from keramos.pipeline.inspect import inspect
from keramos.types.limits import Limits
from support.container_suite import ContainerSuite, network
from support.safetensors import safetensors

NAMES = ("kernel", "bias"), ("gamma", "beta", "moving_mean", "moving_variance")


def folder_of(path):
    path.mkdir()
    for name, data in tfjs_files(network(), None).items():
        (path / name).write_bytes(data)
    return path


class TestZippedFolder(ContainerSuite):
    kind, by_groups = "packed", True

    def write(self, folder):
        inner = folder_of(folder / "inner")
        shutil.make_archive(str(folder / "m"), "zip", folder, "inner")
        shutil.rmtree(inner)
        return folder / "m.zip", None


class TestPackedTar(ContainerSuite):
    kind, by_groups = "packed", True

    def write(self, folder):
        inner = folder_of(folder / "inner")
        shutil.make_archive(str(folder / "m"), "gztar", inner)
        shutil.rmtree(inner)
        return (folder / "m.tar.gz").rename(folder / "m"), None


def weights():
    layers = network().layers
    return {
        f"{layer}/{name}": array
        for layer, names in zip(("dense", "norm"), NAMES, strict=True)
        for name, array in zip(names, layers[layer].weights, strict=True)
    }


def architecture(folder):
    (folder / "m.json").write_text(json.dumps(model_config(network())))
    return folder / "m.json"


class TestNpz(ContainerSuite):
    """``np.savez("w.npz", **{weight.path: weight ...})``"""

    kind, by_groups = "json", True
    weights_kind = "npz"

    def write(self, folder):
        np.savez(folder / "w.npz", **dict(reversed(weights().items())))
        return architecture(folder), folder / "w.npz"


class TestSafetensors(ContainerSuite):
    kind, by_groups = "json", True
    weights_kind = "safetensors"

    def write(self, folder):
        named = {name.replace("/", "."): array for name, array in sorted(weights().items())}
        (folder / "w.safetensors").write_bytes(safetensors(named))
        return architecture(folder), folder / "w.safetensors"


def same_weights(found):
    for name, layer in network().layers.items():
        for mine, other in zip(found.network.layers[name].weights, layer.weights, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_arrays_without_names_are_in_the_order_of_get_weights(tmp_path):
    np.savez(tmp_path / "w.npz", *weights().values())
    same_weights(read(architecture(tmp_path), weights=tmp_path / "w.npz"))


def test_names_that_do_not_tell_the_role_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", **{name.replace("gamma", "a"): w for name, w in weights().items()})
    with pytest.raises(MismatchError, match="do not tell"):
        read(architecture(tmp_path), weights=tmp_path / "w.npz")


def test_arrays_of_python_objects_are_refused_unread(tmp_path):
    np.savez(tmp_path / "w.npz", **weights(), more=np.array([print], object))
    with pytest.raises(ForeignCodeError):
        read(architecture(tmp_path), weights=tmp_path / "w.npz")


def test_inspect_lists_the_arrays_of_weights_alone(tmp_path):
    np.savez(tmp_path / "w.npz", **weights())
    assert [tensor.name for tensor in inspect(tmp_path / "w.npz").tensors] == list(weights())


def test_a_file_packed_by_itself_opens(tmp_path):
    (tmp_path / "m").mkdir()
    folder_of(tmp_path / "m" / "inner")
    shutil.make_archive(str(tmp_path / "whole"), "tar", tmp_path / "m")
    same_weights(read(tmp_path / "whole.tar"))


def entry(name, **fields):
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    "member",
    [
        entry("x", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("x", type=tarfile.LNKTYPE, linkname="model.json"),
        entry("x", type=tarfile.CHRTYPE),
        entry("../x"),
        entry("/x"),
        entry("model.json"),
    ],
    ids=lambda one: f"{one.name} {one.type}",
)
def test_entries_that_are_not_plain_files_below_the_folder_are_refused(tmp_path, member):
    with tarfile.open(tmp_path / "m.tar", "w") as archive:
        for name, data in tfjs_files(network(), None).items():
            archive.addfile(entry(name, size=len(data)), io.BytesIO(data))
        archive.addfile(member)
    with pytest.raises(UnsafeModelError):
        read(tmp_path / "m.tar")


def test_an_archive_in_an_archive_and_one_that_inflates_too_far_are_refused(tmp_path):
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as archive:
        archive.addfile(entry("model.json", size=1 << 25), io.BytesIO(bytes(1 << 25)))
    with pytest.raises(LimitExceededError):
        read(tmp_path / "m.tar.gz", limits=Limits(weight_ratio=10))
    folder_of(tmp_path / "inner")
    shutil.make_archive(str(tmp_path / "once"), "tar", tmp_path / "inner")
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.write(tmp_path / "once.tar", "checkpoint")
    with pytest.raises(UnsafeModelError, match="archive"):
        read(tmp_path / "twice.zip")


def test_a_zip_archive_without_a_model_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("a/weights.bin", b"x")
        archive.writestr("a/readme.txt", b"x")
    with pytest.raises((CorruptModelError, UnsafeModelError)):
        read(tmp_path / "m.zip")
