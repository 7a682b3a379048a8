"""A store on a disk: versions appear completely or not at all."""

import json
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keramos.errors import (
    CorruptModelError,
    MismatchError,
    ModelError,
    SaveError,
    SignatureError,
    StoreError,
    UnsupportedModelError,
    UsageError,
)
from keramos.pipeline.load import load
from keramos.store.store import Store, _parcel
from support.command import keramos

PUBLISHER = """
import sys
from keramos.pipeline.load import load
from keramos.store.store import Store
store = Store(sys.argv[2])
load(sys.argv[1])
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    print(store.publish(sys.argv[1], "credit").number, flush=True)
"""


@pytest.fixture(scope="module")
def file(credit_run, tmp_path_factory):
    """A trained model as a .keras file."""
    path = tmp_path_factory.mktemp("file") / "model.keras"
    credit_run.save(path)
    return path


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def numbers(store, model="credit"):
    return [version.number for version in store.versions(model)]


def test_a_published_file_is_the_next_integer_folder_and_is_byte_for_byte_the_same(
    store, credit_file, tmp_path
):
    first, second = (store.publish(credit_file, "credit") for _ in range(2))

    name = "model.h5" if credit_file.suffix == ".h5" else "model.keras"
    assert (first.number, second.number) == (1, 2)
    assert (tmp_path / "models" / "credit" / "2" / name).read_bytes() == credit_file.read_bytes()
    assert sorted(path.name for path in (tmp_path / "models" / "credit").iterdir()) == ["1", "2"]


def test_the_first_bytes_decide_how_the_file_is_called(store, credit_file, tmp_path):
    disguised = tmp_path / "model.bin"
    disguised.write_bytes(credit_file.read_bytes())

    published = store.publish(disguised, "credit")

    assert published.file.endswith("model.h5" if credit_file.suffix == ".h5" else "model.keras")


def test_a_file_whose_golden_rows_fail_is_refused_by_its_own_name_and_nothing_is_added(
    store, credit_run, tmp_path
):
    from dataclasses import replace

    from keramos.artifact.write import write

    path = tmp_path / "wrong.h5"
    golden = credit_run.content.golden
    wrong = tuple(tuple(cell + 0.1 for cell in row) for row in golden.outputs)
    write(
        path, credit_run.network, replace(credit_run.content, golden=replace(golden, outputs=wrong))
    )

    with pytest.raises(MismatchError, match="golden row 1"):
        store.publish(path, "credit")
    with pytest.raises(StoreError, match="no version"):
        store.versions("credit")


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"\x89HDF\r\n\x1a\n" + b"\0" * 99, CorruptModelError), (b"no model", CorruptModelError)],
)
def test_a_file_that_is_no_model_is_refused_by_its_own_name(store, tmp_path, data, error):
    path = tmp_path / "bad.h5"
    path.write_bytes(data)

    with pytest.raises(error, match=str(path)) as raised:
        store.publish(path, "credit")

    assert "unfinished" not in str(raised.value)


def test_an_architecture_alone_is_refused(store, shared, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(
        json.dumps(
            {
                "class_name": "Sequential",
                "keras_version": "3.15.1",
                "config": {"name": "s", "layers": []},
                "backend": "tensorflow",
            }
        )
    )

    with pytest.raises((UnsupportedModelError, CorruptModelError)):
        store.publish(path, "credit")


def test_killing_publishers_at_any_moment_leaves_only_whole_versions(tmp_path, file):
    chance = random.Random(1)  # noqa: S311 (moments of a test)
    store = Store(tmp_path / "models")
    promised = []
    for attempt in range(1, 13):
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(file), str(tmp_path / "models"), "1000"],
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        time.sleep(
            chance.uniform(0.002, 0.15) * (1 if promised else attempt)
        )  # longer where publishing is slow
        process.send_signal(signal.SIGKILL)
        promised += [int(line) for line in process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()

    found = numbers(store)

    assert set(promised) <= set(found)
    assert found == list(range(1, len(found) + 1))
    whole = file.read_bytes()
    for version in store.versions("credit"):
        with store.local(version) as path:
            assert path.read_bytes() == whole
    store.publish(file, "credit")
    assert not list((tmp_path / "models" / "credit").glob(".*")), (
        "what killed publishers left is swept away"
    )


def test_publishers_at_the_same_time_get_different_versions_and_lose_none(tmp_path, file):
    command = [sys.executable, "-c", PUBLISHER, str(file), str(tmp_path / "models"), "10"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    printed = [process.communicate()[0].split()[1:] for process in processes]

    got = sorted(int(number) for one in printed for number in one)
    assert got == list(range(1, 41))
    assert numbers(Store(tmp_path / "models")) == got


def test_only_integer_folders_with_a_model_file_are_versions(store, file, tmp_path):
    store.publish(file, "credit")
    for name in ("07", "-1", "1.5", "latest", "99999999999999999999", ".5", "8"):
        (tmp_path / "models" / "credit" / name).mkdir()
    (tmp_path / "models" / "credit" / "9").write_text("a file")
    (tmp_path / "models" / ".hidden").mkdir()

    assert numbers(store) == [1]
    assert [version.model for version in store.versions()] == ["credit"]
    assert store.publish(file, "credit").number == 10


def test_labels_point_to_versions_and_go_back_step_by_step(store, file):
    for _ in range(3):
        store.publish(file, "credit", ["stable"])

    steps = [store.rollback("credit", "stable").number for _ in range(2)]

    assert steps == [2, 1]
    with pytest.raises(StoreError, match="no other version"):
        store.rollback("credit", "stable")
    assert [version.labels for version in store.versions("credit")] == [("stable",), (), ()]


def test_a_rollback_skips_versions_that_are_gone(store, file):
    for _ in range(4):
        store.publish(file, "credit", ["stable"])
    store.label("credit", "oldest", 1)
    store.prune("credit", 1)

    assert store.rollback("credit", "stable").number == 1


def test_without_a_label_a_rollback_publishes_the_version_before_again(store, file):
    store.publish(file, "credit")
    store.publish(file, "credit")

    again = store.rollback("credit")

    assert again.number == 3
    with store.local(again) as path:
        assert load(path).content is not None
    assert numbers(store) == [1, 2, 3]


def test_nothing_to_go_back_to_is_a_clear_error(store, file):
    store.publish(file, "credit")

    with pytest.raises(StoreError, match="no version before version 1"):
        store.rollback("credit")
    with pytest.raises(StoreError, match=r"no label .stable.\. Set a label first"):
        store.rollback("credit", "stable")


def test_pruning_keeps_the_newest_and_the_labelled(store, file):
    for _ in range(6):
        store.publish(file, "credit")
    store.label("credit", "stable", 2)

    done = store.prune("credit", 2)

    assert (done.removed, done.kept) == ((1, 3, 4), (2, 5, 6))
    assert numbers(store) == [2, 5, 6]
    assert store.publish(file, "credit").number == 7


def test_a_label_can_only_point_to_a_version_that_is_there(store, file):
    store.publish(file, "credit")

    with pytest.raises(StoreError, match=r"received version 9\. Name one of its versions: 1"):
        store.label("credit", "stable", 9)


@pytest.mark.parametrize("name", ["", "a b", "stable-1", "a/b", "../x", "é"])
def test_labels_follow_the_rule_of_tensorflow_serving(store, name):
    with pytest.raises(UsageError, match="a label is letters"):
        store.label("credit", name, 1)


@pytest.mark.parametrize("name", ["", ".hidden", "-o", "a/b", "..", "a:b", "a\0b"])
def test_a_model_name_is_one_step_of_a_path(store, file, name):
    with pytest.raises(UsageError, match="the name of a model is"):
        store.publish(file, name)


def test_a_damaged_file_of_labels_is_named_with_what_it_should_read(store, file, tmp_path):
    store.publish(file, "credit")
    (tmp_path / "models" / "credit" / "labels.json").write_text('{"stable": "three"}')

    with pytest.raises(
        StoreError, match=r"credit/labels\.json: the file of labels cannot be read.*Write it as"
    ):
        store.versions("credit")


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path, file):
    (tmp_path / "models").write_text("a file in the way")

    with pytest.raises(SaveError, match="nothing was added"):
        Store(tmp_path / "models").publish(file, "credit")
    with pytest.raises(StoreError, match="cannot be read as a store"):
        Store(tmp_path / "absent").versions()


def test_the_command_line_publishes_labels_lists_rolls_back_and_prunes(tmp_path, file):
    root = tmp_path / "models"
    for _ in range(2):
        done = keramos(
            "store", "publish", file, root, "--model", "credit", "--label", "stable", "--json"
        )
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["labels"] == ["stable"]

    rolled = keramos("store", "rollback", root, "--model", "credit", "--label", "stable")
    labelled = keramos("store", "label", root, "next", "--model", "credit", "--version", "2")
    listed = keramos("store", "list", root, "--json")
    pruned = keramos("store", "prune", root, "--model", "credit", "--keep", "1")

    assert "credit  1  " in rolled.stdout
    assert "next" in labelled.stdout
    assert [(v["number"], v["labels"]) for v in json.loads(listed.stdout)] == [
        (1, ["stable"]),
        (2, ["next"]),
    ]
    assert "removed none; kept 1, 2" in pruned.stdout


def test_the_command_line_says_what_is_wrong_and_exits_with_one_or_two(tmp_path, file):
    absent = keramos(
        "store", "publish", tmp_path / "absent.h5", tmp_path / "models", "--model", "credit"
    )
    unlabelled = keramos("store", "label", tmp_path, "stable", "--model", "credit")
    misnamed = keramos("store", "publish", file, tmp_path / "models", "--model", "a b")

    assert (absent.returncode, unlabelled.returncode, misnamed.returncode) == (1, 2, 2)
    assert "absent.h5: the path is neither a file nor a folder" in absent.stderr
    assert "--version N or --remove" in unlabelled.stderr
    assert "Traceback" not in absent.stderr + unlabelled.stderr + misnamed.stderr


def test_of_publishers_at_once_the_newest_version_gets_the_label(store, file):
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: store.publish(file, "credit", ["stable"]), range(16)))
    newest = max(version.number for version in done)

    assert newest == 16
    assert [v.number for v in store.versions("credit") if v.labels] == [newest]


def test_a_label_that_moved_on_is_not_moved_back_by_a_slower_publisher(store, file):
    for _ in range(3):
        store.publish(file, "credit")
    store.label("credit", "stable", 3)
    store._point("credit", "stable", 2, back=False)  # noqa: SLF001 (what publish does last)
    assert store.versions("credit")[-1].labels == ("stable",)

    store.label("credit", "stable", 2)
    assert store.versions("credit")[1].labels == ("stable",)


@pytest.mark.parametrize("size", [1 << 20, 1 << 32])
def test_what_is_not_a_model_or_not_a_signature_is_refused_unread(store, file, tmp_path, size):
    junk = tmp_path / "junk.h5"
    with junk.open("wb") as writing:
        writing.truncate(size)
    begun = time.process_time()
    with pytest.raises(ModelError):
        store.publish(junk, "credit")
    model = tmp_path / "model.keras"
    model.write_bytes(file.read_bytes())
    with Path(f"{model}.sig").open("wb") as writing:
        writing.truncate(size + 1)
    with pytest.raises(ModelError):
        store.publish(model, "credit")

    assert time.process_time() - begun < 2
    assert list((tmp_path / "models").glob("*")) == []


def test_the_number_that_is_checked_is_the_one_that_a_version_gets(store, credit_file):
    numbers_seen = []

    def publish_another(_):
        store.publish(credit_file, "credit")

    parcel, place = _parcel(str(credit_file)), store._place  # noqa: SLF001 (between two steps)
    stored = place.add("credit", parcel, publish_another, numbers_seen.append)
    assert (stored.number, numbers_seen) == (2, [2])

    def refuse(number):
        raise SignatureError(f"not version {number}")

    with pytest.raises(SignatureError, match="not version 3"):
        place.add("credit", parcel, lambda _: None, refuse)
    assert numbers(store) == [1, 2]
