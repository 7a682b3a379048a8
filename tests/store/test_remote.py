"""A store behind a URL."""

import pytest

from keramos.errors import MissingExtraError, StoreError
from keramos.pipeline.load import load
from keramos.store.store import Store, _parcel
from support.command import keramos


@pytest.fixture(scope="module")
def file(credit_run, tmp_path_factory):
    """A trained model as a .keras file."""
    path = tmp_path_factory.mktemp("file") / "model.keras"
    credit_run.save(path)
    return path


@pytest.fixture
def store():
    import fsspec

    fsspec.filesystem("memory").store.clear()
    fsspec.filesystem("memory").pseudo_dirs[:] = [""]
    return Store("memory://bucket/models/")


def test_a_store_behind_a_url_does_all_that_a_folder_does(store, credit_file):
    for _ in range(4):
        store.publish(credit_file, "credit", ["stable"])

    back = store.rollback("credit", "stable")
    again = store.rollback("credit")
    done = store.prune("credit", 1)
    store.unlabel("credit", "stable")

    assert (back.number, again.number) == (3, 5)
    assert (done.removed, done.kept) == ((1, 2, 4), (3, 5))
    assert [(version.number, version.labels) for version in store.versions()] == [(3, ()), (5, ())]
    name = "model.h5" if credit_file.suffix == ".h5" else "model.keras"
    assert store.versions()[0].file == f"memory:///bucket/models/credit/3/{name}"
    assert store.versions()[0].size == credit_file.stat().st_size
    assert store.versions()[0].modified > 1.7e9


def test_a_version_behind_a_url_comes_to_this_disk_while_it_is_read(store, credit_file):
    version = store.publish(credit_file, "credit")

    with store.local(version) as path:
        assert path.read_bytes() == credit_file.read_bytes()
        assert load(path).content is not None

    assert not path.exists()


def test_two_who_publish_one_number_do_not_overwrite_each_other(store, file):
    import fsspec

    system = fsspec.filesystem("memory")
    store.publish(file, "credit")
    system.pipe_file("/bucket/models/credit/2/model.keras", b"somebody else's, still unproven")

    assert store.publish(file, "credit").number == 3
    assert (
        system.cat_file("/bucket/models/credit/2/model.keras") == b"somebody else's, still unproven"
    )


def test_a_store_that_is_not_there_yet_is_empty_and_a_missing_model_is_named(store):
    assert store.versions() == []
    with pytest.raises(StoreError, match=r"no version of a model 'credit'\. Publish a model first"):
        store.versions("credit")


def test_a_scheme_that_needs_another_package_names_it():
    with pytest.raises(MissingExtraError, match="s3fs"):
        Store("s3://bucket/models")


def test_an_unknown_scheme_is_refused():
    with pytest.raises(StoreError, match="fsspec does not know"):
        Store("nowhere://models")


def test_a_file_url_is_a_local_store(tmp_path, file):
    done = keramos("store", "publish", file, f"file://{tmp_path}/models", "--model", "credit")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models" / "credit" / "1").is_dir()


def test_the_number_that_is_checked_is_the_one_that_a_version_gets(store, file):
    numbers = []
    place, parcel = store._place, _parcel(str(file))  # noqa: SLF001 (between two steps)
    place.add("credit", parcel, lambda _: store.publish(file, "credit"), numbers.append)
    assert numbers == [2]


def test_folders_of_tensorflow_serving_behind_a_url_are_versions(store, tmp_path):
    import fsspec

    from keramos.artifact.write import write
    from keramos.pipeline.convert import convert
    from support.container_suite import ROWS, network

    write(tmp_path / "m.h5", network(), None)
    convert(tmp_path / "m.h5", tmp_path / "sm")
    system = fsspec.filesystem("memory")
    for version in (3, 7):
        system.put(str(tmp_path / "sm"), f"/bucket/models/churn/{version}", recursive=True)
    system.pipe_file("/bucket/models/churn/3/assets/words.txt", b"a")
    system.pipe_file("/bucket/models/notes/1/readme.txt", b"a")

    found = store.versions()
    assert [(one.model, one.number) for one in found] == [("churn", 3), ("churn", 7)]
    assert found[0].size == found[1].size + 1
    assert found[1].file == "memory:///bucket/models/churn/7"
    for version in found:
        with store.local(version) as path:
            assert load(path).predict(ROWS).shape == (2, 3)
            assert (path / "assets" / "words.txt").is_file() == (version.number == 3)
    assert store.publish(tmp_path / "m.h5", "churn").number == 8
    assert store.rollback("churn").number == 9
    assert store.label("churn", "stable", 7).labels == ("stable",)


def test_a_folder_behind_a_url_that_exceeds_the_limits_is_not_fetched(store, monkeypatch):
    import fsspec

    from keramos.store import remote
    from keramos.types.limits import Limits

    system = fsspec.filesystem("memory")
    for name in ("saved_model.pb", "variables/a", "variables/b"):
        system.pipe_file(f"/bucket/models/m/1/{name}", b"12345")
    (version,) = store.versions()
    for limits in (Limits(members=2), Limits(file_bytes=14)):
        monkeypatch.setattr(remote, "LIMITS", limits)
        with pytest.raises(StoreError, match="limits"), store.local(version):
            pass
