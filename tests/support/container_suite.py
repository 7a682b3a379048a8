"""What every form of saved model must keep: subclass ``ContainerSuite`` and say how one is written.

As zarr's tests of stores: a new form is one module, one row in ``containers.table.FORMS`` and one
subclass of this suite.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keramos.artifact.containers import table
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.errors import LimitExceededError, ModelError, SignatureError, UsageError
from keramos.pipeline.inspect import inspect
from keramos.pipeline.load import load
from keramos.serving.deploy.ray_serve import Snapshot
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.registry import ModelRegistry
from keramos.store.store import Store
from keramos.types.limits import LIMITS
from keramos.types.network import Call, Layer, Network, TensorRef

ROWS = np.array([[1.0, 2.0], [-3.0, 0.5]], "f4")
NAMES = ("model.bin", "model.h5", "model.keras", "model.json", "model", "7", "ü")
"""Names under which a model is still what its bytes are."""


def network() -> Network:
    """A chain of two layers with six weights."""
    layers = {
        "x": Layer("x", "InputLayer", {"batch_shape": [None, 2], "dtype": "float32"}),
        "dense": Layer(
            "dense",
            "Dense",
            {"units": 3, "use_bias": True},
            (np.arange(6, dtype="f4").reshape(2, 3), np.array([0.5, 1.0, 2.0], "f4")),
        ),
        "norm": Layer(
            "norm",
            "BatchNormalization",
            {"epsilon": 0.01, "center": True, "scale": True},
            tuple(np.array([value, 1.0, 2.0], "f4") for value in (1, 2, 3, 4)),
        ),
    }
    calls = (Call("dense", (TensorRef("x"),)), Call("norm", (TensorRef("dense"),)))
    return Network("net", layers, calls, (TensorRef("x"),), (TensorRef("norm"),))


def answers() -> np.ndarray:
    """What the network computes for ``ROWS``, by NumPy."""
    kernel, bias = network().layers["dense"].weights
    gamma, beta, mean, variance = network().layers["norm"].weights
    return gamma * (ROWS @ kernel + bias - mean) / np.sqrt(variance + 0.01) + beta


def cuts(size: int) -> list[int]:
    """Lengths at which a part is cut: at each byte near both ends, at steps of blocks between."""
    near = {*range(min(size, 64)), *range(max(0, size - 64), size)}
    return sorted(near | set(range(0, size, 512)) | set(range(511, size, 512)))


def holds_bytes(one: object) -> bool:
    """Whether it may hold the bytes of a file: a value of keramos', or an open file in memory."""
    if isinstance(one, io.BytesIO):
        return not one.closed
    return type(one).__module__.startswith("keramos") or isinstance(one, memoryview)


class ContainerSuite:
    """The promises of one form. ``kind`` is its word, ``by_groups`` its layout of weights."""

    kind: str
    by_groups: bool

    def write(self, folder: Path) -> tuple[Path, Path | None]:
        """Write ``network()`` below a folder; gives its path, and that of separate weights."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def written(cls, tmp_path_factory):
        """What is written once: the folder, and both paths."""
        folder = tmp_path_factory.mktemp("written")
        return folder, cls().write(folder)

    @pytest.fixture
    def saved(self, written, tmp_path):
        """A copy of what was written, for a test that may change it."""
        folder, paths = written
        own = shutil.copytree(folder, tmp_path / "written", symlinks=True)
        return tuple(one and own / one.relative_to(folder) for one in paths)

    @pytest.fixture
    def whole(self, saved):
        if table.form_of(source(saved[0])).stored_as is None:
            pytest.skip("an architecture alone is not stored")
        return saved[0]

    def test_what_reading_held_is_free_once_it_is_given_up(self, saved):
        path, weights = saved
        read(path, weights=weights)  # what is made once stays
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            read(path, weights=weights)
            gc.collect()
            held = [one for one in gc.garbage if holds_bytes(one)]
            assert not held, "cycles hold the bytes of the file"
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    def test_what_is_written_is_read_and_computed(self, saved):
        path, weights = saved

        model = load(path, weights=weights)

        np.testing.assert_allclose(model.predict(ROWS), answers(), rtol=1e-5, atol=1e-6)
        assert model.artifact.info.container == self.kind
        for name, layer in network().layers.items():
            for mine, other in zip(
                layer.weights, model.artifact.network.layers[name].weights, strict=True
            ):
                np.testing.assert_array_equal(mine, other)

    def test_weights_are_named_by_the_layout_of_the_form(self, saved):
        held = source(saved[1] or saved[0])

        store = table.form_of(held).open(held, LIMITS).weights

        assert (store.groups() is not None) == self.by_groups
        path = max(store.paths(), key=lambda one: store.array(one).size)
        assert store.shape(path) == store.array(path).shape == (2, 3)

    def test_inspection_describes_it(self, saved):
        found = inspect(saved[0], weights=saved[1])

        assert found.parameters == 2 * 3 + 3 + 4 * 3
        assert found.unsupported == ()
        assert found.artifact.info.title

    @pytest.mark.parametrize("name", NAMES)
    def test_bytes_and_never_the_name_decide_the_form(self, saved, name):
        path, weights = saved
        renamed = path.rename(path.with_name(f"renamed {name}"))

        assert read(renamed, weights=weights).info.container == self.kind

    def test_one_form_recognises_it(self, saved):
        held = source(saved[0])
        entries = held.entries() if held.folder else None
        head = table.Head(held.path, held.main, len(held.main), entries)

        assert [form.kind for form in table.FORMS if form.recognise(head)][:1] == [self.kind]

    def test_each_file_is_opened_once(self, saved, monkeypatch):
        opened, before = Counter(), os.open

        def counting(path, flags, *mode, **options):
            descriptor = before(path, flags, *mode, **options)
            if not flags & os.O_DIRECTORY:
                opened[Path(f"/proc/self/fd/{descriptor}").readlink()] += 1
            return descriptor

        monkeypatch.setattr(os, "open", counting)
        read(saved[0], weights=saved[1])

        assert opened
        assert set(opened.values()) == {1}

    def test_a_part_cut_anywhere_is_refused(self, saved):
        path, weights = saved
        held = {str(one): source(one) for one in (path, weights) if one is not None}
        for place, whole in held.items():
            for name, data in whole.parts.items():
                for size in cuts(len(data)):
                    cut = ModelSource(
                        place, {**whole.parts, name: data[:size]}, folder=whole.folder
                    )
                    with pytest.raises(ModelError):
                        read(
                            path,
                            weights=weights,
                            source_of=lambda one, _, cut=cut: cut if one == cut.path else held[one],
                        )

    def test_limits_hold(self, saved):
        path, weights = saved
        size = max(source(one).size for one in (path, weights) if one is not None)

        for limits in (
            replace(LIMITS, file_bytes=size - 1),
            replace(LIMITS, config_bytes=64),
            replace(LIMITS, json_depth=1),
            replace(LIMITS, json_nodes=3),
        ):
            with pytest.raises(LimitExceededError):
                read(path, weights=weights, limits=limits)

    def test_the_identity_is_that_of_the_bytes(self, saved, tmp_path):
        held = source(saved[0])
        moved = held.write(tmp_path, "elsewhere")
        name = max(held.parts, key=lambda one: len(held.parts[one]))
        data = bytearray(held.parts[name])
        data[-1] ^= 1
        changed = ModelSource(held.path, {**held.parts, name: bytes(data)}, folder=held.folder)

        assert read(saved[0], weights=saved[1]).info.sha256 == held.sha256
        assert read(saved[0], weights=saved[1]).info.size == held.size
        assert changed.sha256 != held.sha256
        if held.folder or not held.is_split:
            assert source(moved).sha256 == held.sha256
        if not held.is_split:
            assert held.sha256 == hashlib.sha256(saved[0].read_bytes()).hexdigest()

    def test_other_bytes_before_it_are_refused(self, saved):
        path, weights = saved
        held = source(path)
        if held.folder:
            pytest.skip("a folder has no first byte")
        altered = ModelSource.of_file(str(path), b"\0" * 7 + held.main)

        with pytest.raises(ModelError):
            read(
                path,
                weights=weights,
                source_of=lambda one, _: altered if one == str(path) else source(one),
            )

    def test_a_signature_covers_every_part(self, whole, tmp_path):
        pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
        from keramos.signing.signing import new_key, sign, signed_source

        private, public = new_key(tmp_path / "key")
        if table.form_of(source(whole)).companions is not None:
            with pytest.raises(UsageError, match="Sign the folder"):
                sign(whole, key=private)
            return
        sign(whole, key=private)
        held = signed_source(whole, key=public)
        assert held.parts == table.any_source(str(whole), LIMITS).parts
        below = whole if held.folder else whole.parent

        for name in held.parts:
            before = (below / name).read_bytes()
            (below / name).write_bytes(before + b" ")
            with pytest.raises(SignatureError, match="not the one that was signed"):
                load(whole, require_signature=public)
            (below / name).write_bytes(before)
        assert load(whole, require_signature=public)

    @pytest.mark.parametrize("root", ["folder", "memory://suite"])
    def test_a_store_holds_all_of_it_and_a_server_answers_from_there(self, whole, root, tmp_path):
        store = Store(tmp_path / root if root == "folder" else f"{root}-{self.kind}-{os.getpid()}")
        (tmp_path / root.partition(":")[0]).mkdir()

        version = store.publish(whole, "m")

        with store.local(version) as path:
            assert same_parts(source(path), source(whole))
        assert version.size >= len(source(whole).main)
        assert served(store, "m") == [version.number]
        store.prune("m", 1)
        store.publish(whole, "m")
        assert store.rollback("m").number > version.number

    def test_a_server_finds_it_by_itself_and_in_a_folder_and_sees_that_it_changes(self, whole):
        form = table.form_of(source(whole))
        if form.suffixes:
            whole = whole.rename(whole.with_name(f"m{form.suffixes[0]}"))
        name = whole.name if whole.is_dir() else whole.stem

        assert served(FolderSource(whole), name) == [1]
        folder = FolderSource(whole.parent)
        assert served(folder, name) == [1]
        for path in [whole, *whole.rglob("*")]:
            os.utime(path, (0, 2_000_000_000))
        assert [version.number for version in folder.versions()] == [2]

    def test_replicas_get_the_bytes_that_were_proven(self, whole):
        if table.form_of(source(whole)).suffixes:
            whole = whole.rename(whole.with_name(f"m{table.form_of(source(whole)).suffixes[0]}"))
        before = source(whole)
        snapshot = Snapshot.of(FolderSource(whole))
        if whole.is_dir():
            shutil.rmtree(whole)
        else:
            whole.unlink()

        (version,) = snapshot.versions()
        with snapshot.local(version) as path:
            assert same_parts(source(path), before)
            np.testing.assert_allclose(load(path).predict(ROWS), answers(), rtol=1e-5, atol=1e-6)


def source(path: str | Path) -> ModelSource:
    """The bytes at a path."""
    return table.model_source(str(path), LIMITS)


def same_parts(one: ModelSource, other: ModelSource) -> bool:
    """Whether two sources hold the same bytes; the main file of each may have its own name."""
    if one.folder:
        return other.folder and one.parts == other.parts
    return list(one.parts.values()) == list(other.parts.values())


def served(origin, name: str) -> list[int]:
    """Versions of a model that answer once a server has looked at an origin."""
    registry = ModelRegistry()
    Lifecycle(registry, origin).look()
    found = [one for one in registry.all_served() if one.name == name]
    for one in found:
        np.testing.assert_allclose(one.model.predict(ROWS), answers(), rtol=1e-5, atol=1e-6)
    return [one.version for one in found]
