"""From files to answers: new versions are proven before they answer, and bad ones change
nothing.
"""

import os
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from keramos.errors import NotReadyError, NotServedError, StoreError, UsageError
from keramos.report.pages import Pages
from keramos.serving.assemble import ROUTES
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.model_state import LATEST, Policy
from keramos.serving.registry.registry import ModelRegistry
from keramos.store.store import Store
from keramos.types.serving import ModelRef, State

BAD = b"\x89HDF\r\n\x1a\n" + b"\0" * 99


@pytest.fixture(scope="module")
def good(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "credit.keras"
    credit_run.save(path)
    return path.read_bytes()


@pytest.fixture
def file(good, tmp_path):
    path = tmp_path / "credit.keras"
    path.write_bytes(good)
    return path


@pytest.fixture
def store(file, tmp_path):
    store = Store(tmp_path / "models")
    store.publish(file, "credit")
    return store


def put(path, data):
    """Replace a file as careful programs do."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


def served(engine, name="credit"):
    return sorted(one.version for one in engine.all_served() if one.name == name)


def states(engine, name="credit"):
    return [(status.version, status.state.name) for status in engine.statuses(name)]


def serving(source, policy=LATEST):
    engine = ModelRegistry()
    lifecycle = Lifecycle(engine, source, policy)
    lifecycle.look()
    return engine, lifecycle


def test_a_file_that_changes_becomes_the_next_version_and_the_old_one_ends(file, good):
    engine, lifecycle = serving(FolderSource(file))
    put(file, good)
    lifecycle.look()

    assert served(engine) == [2]
    assert states(engine) == [(2, "AVAILABLE"), (1, "END")]


def test_a_file_that_has_not_changed_is_not_loaded_again(file):
    engine, lifecycle = serving(FolderSource(file))
    first = engine.get(ModelRef("credit"))
    lifecycle.look()

    assert engine.get(ModelRef("credit")) is first


def test_a_changed_file_that_cannot_be_used_is_reported_and_the_old_model_goes_on(
    file, good, caplog
):
    engine, lifecycle = serving(FolderSource(file))
    put(file, BAD)
    for _ in range(3):
        lifecycle.look()

    assert served(engine) == [1]
    assert states(engine) == [(2, "END"), (1, "AVAILABLE")]
    assert engine.statuses("credit")[0].code == "FAILED_PRECONDITION"
    assert len([record for record in caplog.records if "cannot be served" in record.message]) == 1

    put(file, good)
    lifecycle.look()
    assert served(engine) == [3]


def test_a_folder_serves_each_file_and_a_bad_one_takes_no_other_down(file, tmp_path):
    (tmp_path / "broken.h5").write_bytes(BAD)
    engine, lifecycle = serving(FolderSource(tmp_path))

    assert engine.names() == ("broken", "credit")
    assert served(engine) == [1]
    assert "broken.h5" in engine.statuses("broken")[0].message

    (tmp_path / "late.keras").write_bytes(file.read_bytes())
    lifecycle.look()
    assert engine.names() == ("broken", "credit", "late")


def test_a_model_ends_when_its_file_is_gone_for_two_looks(file, tmp_path):
    (tmp_path / "other.keras").write_bytes(file.read_bytes())
    engine, lifecycle = serving(FolderSource(tmp_path))
    file.unlink()
    lifecycle.look()
    assert engine.names() == ("credit", "other")
    lifecycle.look()

    assert engine.names() == ("other",)


def test_a_folder_that_cannot_be_read_changes_nothing_that_is_served(file, tmp_path, caplog):
    folder = tmp_path / "inside"
    folder.mkdir()
    file.rename(folder / "credit.keras")
    engine, lifecycle = serving(FolderSource(folder))
    folder.rename(tmp_path / "elsewhere")
    for _ in range(3):
        lifecycle.look()

    assert served(engine) == [1]
    assert (
        len([record for record in caplog.records if "what is served stays" in record.message]) == 1
    )


def test_two_files_of_one_name_are_shown_as_failed_and_the_others_answer(file, good, tmp_path):
    (tmp_path / "credit.h5").write_bytes(BAD)
    (tmp_path / "other.keras").write_bytes(good)
    engine, lifecycle = serving(FolderSource(tmp_path))

    assert [one.name for one in engine.all_served()] == ["other"]
    assert "they would be one model 'credit'" in engine.statuses("credit")[0].message

    (tmp_path / "credit.h5").unlink()
    lifecycle.look()
    assert served(engine) == [2]


def test_a_twin_that_comes_later_changes_nothing_that_answers(file, tmp_path):
    engine, lifecycle = serving(FolderSource(tmp_path))
    (tmp_path / "credit.h5").write_bytes(BAD)
    lifecycle.look()

    assert served(engine) == [1]


ODD_NAMES = [
    b"caf\xe9.h5",
    b"\xff\xfe.keras",
    b"a\nERROR b.h5",
    b"\xe2\x80\xaegnp.keras",
    b"a b.h5",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_an_odd_name_takes_no_other_down(file, good, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 (bytes)
    with open(path, "wb") as odd:  # noqa: PTH123 (bytes)
        odd.write(good)
    engine, _ = serving(FolderSource(tmp_path))
    context = Context(engine)
    app = App(context, ROUTES, Access(), Pages(engine))

    assert served(engine) == [1]
    for model in engine.names():
        model.encode()  # every name can be written
    for url in ("/", "/openapi.json", "/metrics", "/v2/repository/index", "/models/credit"):
        method = "POST" if "repository" in url else "GET"
        assert app.answer(Request(method, url)).status == 200, url
    assert app.answer(Request("GET", "/v1/models/absent")).status == 404
    for model in engine.names():
        page = app.answer(Request("GET", f"/models/{quote(model, safe='')}"))
        assert page.status in {200, 503}


DAMAGED = {
    "cut": b'{"stable": {"vers',
    "empty": b"",
    "a list": b"[]",
    "another type": b'{"stable": 3}',
    "a text": b'{"stable": {"version": "1"}}',
    "not UTF-8": b'{"\xff": {"version": 1}}',
    "deep": b"[" * 100_000,
    "a folder": None,
    "a pipe": None,
    "a loop of links": None,
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_labels_of_one_model_stop_no_new_version_of_any(store, file, kind, caplog):
    store.publish(file, "other", ["stable"])
    store.label("credit", "stable", 1)
    engine, lifecycle = serving(store)
    place = Path(store.root) / "credit" / "labels.json"
    place.unlink()
    if kind == "a folder":
        place.mkdir()
    elif kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a loop of links":
        place.symlink_to(place)
    else:
        place.write_bytes(DAMAGED[kind])
    for name in ("credit", "other"):
        store.publish(file, name)
    lifecycle.look()
    lifecycle.look()

    assert served(engine, "other") == [1, 2]
    assert served(engine) == [1, 2]  # the label stays, and so does its version
    assert engine.labels("credit") == engine.labels("other") == {"stable": 1}
    assert len([one for one in caplog.records if "stay as they are" in one.message]) == 1
    assert {one.model for one in store.versions()} == {"credit", "other"}
    with pytest.raises(StoreError, match="labels"):
        store.prune("credit", 1)
    with pytest.raises(StoreError, match="labels"):
        store.label("credit", "next", 2)


def test_only_the_newest_of_a_store_answers_and_a_new_one_takes_its_place(store, file):
    store.publish(file, "credit")
    engine, lifecycle = serving(store)
    assert states(engine) == [(2, "AVAILABLE")]

    store.publish(file, "credit")
    lifecycle.look()

    assert states(engine) == [(3, "AVAILABLE"), (2, "END")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (LATEST, [4]),
        (Policy(newest=2), [3, 4]),
        (Policy(), [1, 2, 3, 4]),
        (Policy(exactly=frozenset({1, 3, 9})), [1, 3]),
    ],
)
def test_a_policy_says_which_versions_answer(store, file, policy, expected):
    for _ in range(3):
        store.publish(file, "credit")

    engine, _ = serving(store, policy)

    assert served(engine) == expected


def test_labelled_versions_answer_too_and_labels_move(store, file):
    store.label("credit", "stable", 1)
    for _ in range(2):
        store.publish(file, "credit")
    engine, lifecycle = serving(store)
    assert served(engine) == [1, 3]
    assert engine.get(ModelRef("credit", label="stable")).version == 1

    store.label("credit", "stable", 2)
    lifecycle.look()

    assert served(engine) == [2, 3]
    assert engine.get(ModelRef("credit", label="stable")).version == 2


def damage(store, number):
    version = next(version for version in store.versions("credit") if version.number == number)
    with store.local(version) as path:
        put(path, BAD)


def test_a_label_stays_where_it_was_while_its_new_version_is_broken(store, file):
    store.label("credit", "stable", 1)
    for _ in range(2):
        store.publish(file, "credit")
    engine, lifecycle = serving(store)
    damage(store, 2)
    store.label("credit", "stable", 2)
    lifecycle.look()

    assert served(engine) == [1, 3]
    assert engine.labels("credit") == {"stable": 1}
    assert (2, "END") in states(engine)


def test_a_broken_newest_version_never_answers_and_the_one_before_does(store, file):
    store.publish(file, "credit")
    damage(store, 2)

    engine, _ = serving(store)

    assert served(engine) == [1]
    assert states(engine) == [(2, "END"), (1, "AVAILABLE")]


def test_a_version_whose_golden_rows_fail_never_answers(store, credit_run, file, tmp_path):
    from dataclasses import replace

    from keramos.artifact.write import write

    golden = credit_run.content.golden
    wrong = replace(
        golden, outputs=tuple(tuple(cell + 0.1 for cell in row) for row in golden.outputs)
    )
    (tmp_path / "models" / "credit" / "2").mkdir()
    path = tmp_path / "models" / "credit" / "2" / "model.keras"
    write(path, credit_run.network, replace(credit_run.content, golden=wrong))

    engine, _ = serving(store)

    assert served(engine) == [1]
    assert "golden row 1" in engine.statuses("credit")[0].message
    with pytest.raises(NotReadyError, match="golden row 1"):
        engine.get(ModelRef("credit", 2))


def test_a_version_whose_file_is_damaged_later_goes_on_with_what_was_loaded(store, file):
    engine, lifecycle = serving(store)
    damage(store, 1)
    lifecycle.look()
    lifecycle.look()

    assert served(engine) == [1]
    status = engine.statuses("credit")[0]
    assert status.state is State.AVAILABLE
    assert "its file has changed and is refused" in status.message


def test_an_unloaded_model_answers_again_when_it_is_loaded(store):
    engine, lifecycle = serving(store)
    lifecycle.unload("credit")
    lifecycle.look()
    assert states(engine) == [(1, "END")]

    lifecycle.load("credit")

    assert served(engine) == [1]
    for call in (lifecycle.load, lifecycle.unload):
        with pytest.raises(NotServedError, match="'other'"):
            call("other")


def test_a_watching_server_finds_new_versions_by_itself(store, file):
    engine, lifecycle = serving(store)
    swapped = threading.Event()
    engine.changed.append(lambda: swapped.set() if served(engine) == [2] else None)
    lifecycle.watch(0.01)
    try:
        store.publish(file, "credit")
        assert swapped.wait(30)
    finally:
        lifecycle.close()


def test_a_model_behind_a_url_that_cannot_be_fetched_is_tried_again(credit_run, good, tmp_path):
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    source = tmp_path / "credit.keras"
    source.write_bytes(good)
    store = Store("memory://again")
    store.publish(source, "credit")
    whole, broken = store.local, []

    class Flaky:
        """The network fails once."""

        versions = store.versions

        def local(self, version):
            if not broken:
                broken.append(version)
                raise StoreError("the network is away")
            return whole(version)

    engine, lifecycle = serving(Flaky())
    assert engine.statuses("credit")[0].code == "UNAVAILABLE"
    lifecycle.look()

    assert served(engine) == [1]


def test_wrong_places_are_named(tmp_path):
    (tmp_path / "notes.txt").write_text("")

    with pytest.raises(StoreError, match="no such file"):
        FolderSource(tmp_path / "absent.h5")
    with pytest.raises(UsageError, match="a model file ends in"):
        FolderSource(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match="holds no model file"):
        FolderSource(tmp_path)


SWAPS = """
import os, sys
from pathlib import Path
import psutil
from keramos.serving.registry.registry import ModelRegistry
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.types.serving import ModelRef

path, swaps = Path(sys.argv[1]), int(sys.argv[2])
data = path.read_bytes()
engine = ModelRegistry()
lifecycle = Lifecycle(engine, FolderSource(path))
lifecycle.look()
process = psutil.Process()

def swap():
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").replace(path)
    lifecycle.look()

for _ in range(20):
    swap()
before = process.memory_info().rss
for _ in range(swaps):
    swap()
assert engine.get(ModelRef("credit")).version == swaps + 21
print((process.memory_info().rss - before) / 2**20)
"""


def growth(file, swaps):
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", SWAPS, str(file), str(swaps)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_memory_stays_over_fifty_swaps(file):
    assert growth(file, 50) < 5


@pytest.mark.slow
def test_memory_stays_over_a_thousand_swaps(file):
    assert growth(file, 1000) < 5
