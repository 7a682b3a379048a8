"""Folders in which a file is something else: each is refused at once by the name of the file."""

import os
import shutil
import stat
from time import perf_counter

import pytest

from hostile.graph_def import doubling, model, node
from keramos.artifact.write import write
from keramos.errors import ModelError, UnsafeModelError, UsageError
from keramos.pipeline.convert import convert
from keramos.pipeline.load import load
from keramos.pipeline.load_signatures import load_signatures
from support.container_suite import ROWS, network
from support.protobuf import field, parsed
from support.protobuf import written as written_fields

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A SavedModel, and a layers model of TensorFlow.js."""
    folder = tmp_path_factory.mktemp("written")
    write(folder / "m.h5", network(), None)
    convert(folder / "m.h5", folder / "sm")
    convert(folder / "m.h5", folder / "js", to="tfjs")
    (folder / "sm" / "assets").mkdir()
    (folder / "sm" / "assets" / "words.txt").write_text("a")
    return folder


def pipe(path):
    os.mkfifo(path)


def device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices are made by the administrator alone")


def link(path):
    path.symlink_to("/etc/passwd")


def circle(path):
    path.symlink_to(path.parent)


PLACES = (
    *(("sm", name) for name in ("saved_model.pb", "assets/words.txt", "notes.txt")),
    *(("js", name) for name in ("model.json", "group1-shard1of1.bin")),
)


@pytest.mark.parametrize("put", [pipe, device, link, circle])
@pytest.mark.parametrize(("form", "name"), PLACES)
def test_what_is_no_plain_file_is_refused_by_its_name(put, form, name, written, tmp_path):
    path = tmp_path / form
    shutil.copytree(written / form, path)
    (path / name).unlink(missing_ok=True)
    put(path / name)

    named = {"sm": "saved_model.pb", "js": "model.json"}[form]
    # A link that a person names is followed, as everywhere.
    ways = (path,) if (name, put) == ("model.json", link) else (path, path / named)
    for given in ways:
        begun = perf_counter()
        with pytest.raises((UnsafeModelError, UsageError)) as caught:
            load(given)
        assert name.rpartition("/")[2] in str(caught.value)
        assert perf_counter() - begun < 1


@pytest.mark.parametrize(("form", "name"), [PLACES[0], PLACES[4]])
def test_a_pointer_of_git_in_place_of_a_file_is_named(form, name, written, tmp_path):
    path = tmp_path / form
    shutil.copytree(written / form, path)
    (path / name).write_text(POINTER)
    with pytest.raises(ModelError, match="Git LFS pointer"):
        load(path)


def test_functions_that_nothing_calls_and_signatures_that_nobody_asks_for_cost_little(tmp_path):
    data = model([node("y", "Relu", "x")], "y:0", doubling(10_000))
    begun = perf_counter()
    (tmp_path / "saved_model.pb").write_bytes(data)
    assert load(tmp_path).predict(ROWS).shape == (2, 2)
    assert perf_counter() - begun < 5  # a machine may be busy; walking them takes minutes


def test_a_thousand_signatures_are_not_loaded_beside_the_usual_one(tmp_path):
    _, (_, meta) = parsed(model([node("y", "Relu", "x")], "y:0"))
    signature = dict(parsed(dict(parsed(meta))[5]))[2]
    more = [(5, field(1, f"s{number}".encode()) + field(2, signature)) for number in range(1000)]
    meta = written_fields([*parsed(meta), *more])
    (tmp_path / "saved_model.pb").write_bytes(field(1, 1) + field(2, meta))

    found = load_signatures(tmp_path)

    assert (len(found.others), len(found.refused)) == (16, 984)
    assert "more than 17 signatures" in found.refused["s999"]
