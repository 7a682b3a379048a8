"""Where output cannot go: said before the work, in one line, with nothing half written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import keramos
from support.served_models import folder, mixed_model

PROGRAM = str(Path(sys.executable).with_name("keramos"))


@pytest.fixture(scope="module")
def model():
    mixed_model()
    return folder() / "mixed.h5"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("size,rooms,place,floor,lift,built\n1.5,2,north,1,true,1971-03-11\n")
    return path


COMMANDS = {
    "convert": ["convert", "MODEL", "TARGET.keras"],
    "convert to onnx": ["convert", "MODEL", "TARGET.onnx"],
    "report": ["report", "MODEL", "-o", "TARGET.html"],
    "card": ["report", "MODEL", "-o", "TARGET.md"],
    "predict": ["predict", "MODEL", "TABLE", "-o", "TARGET.csv"],
    "rejects": ["predict", "MODEL", "TABLE", "--rejects", "TARGET.csv"],
    "train": ["train", "TABLE", "--target", "size", "-o", "TARGET.h5"],
    "demo": ["demo", "--keep", "TARGET"],
}
PLACES = {"absent": "/nowhere/at/all/x", "no folder": "/dev/null/x", "read-only": "/proc/x"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_target_that_cannot_be_written_is_said_before_the_work(name, place, model, table):
    if name == "demo" and place == "absent":
        pytest.skip("demo makes its folder")
    words = {"MODEL": str(model), "TABLE": str(table)}
    given = [words.get(word, word.replace("TARGET", PLACES[place])) for word in COMMANDS[name]]
    done = keramos(*given)

    assert done.returncode == 1, done.stderr
    assert "cannot be" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "epoch" not in done.stdout.lower()


READERS = [
    ["inspect", "MODEL"],
    ["inspect", "MODEL", "--json"],
    ["verify", "MODEL"],
    ["verify", "MODEL", "--json"],
    ["predict", "MODEL", "TABLE"],
    ["report", "MODEL", "--json"],
    ["score", "MODEL", "TABLE", "-o", "-"],
    ["--help"],
    ["--version"],
]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110 (at import)
@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_full_device_is_one_message_and_exit_code_1(words, model, table):
    names = {"MODEL": str(model), "TABLE": str(table)}
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(
            [PROGRAM, *(names.get(word, word) for word in words)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "put: " in done.stderr  # of output or of standard output


@pytest.mark.parametrize("words", [READERS[0], READERS[5], READERS[6]], ids=" ".join)
def test_a_closed_standard_stream_is_as_the_null_device(words, model, table):
    names = {"MODEL": str(model), "TABLE": str(table)}
    command = [PROGRAM, *(names.get(word, word) for word in words)]
    for closed in ("<&- >&-", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert bool(done.stdout) == (closed == "2>&-")


@pytest.mark.parametrize("command", ["inspect", "verify", "convert"])
def test_a_file_name_that_is_not_utf_8_or_has_line_ends_is_written_escaped(
    command, model, tmp_path
):
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9\nkeramos: forged.h5")  # noqa: PTH118 (bytes)
    with open(odd, "wb") as copy:  # noqa: PTH123 (bytes)
        copy.write(model.read_bytes())
    more = [odd.replace(b"caf", b"out")] if command == "convert" else []
    done = subprocess.run([PROGRAM, command, odd, *more], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(b"keramos: forged")]
    done.stdout.decode()


@pytest.mark.parametrize("option", ["-o", "--rejects"])
def test_predict_never_writes_over_its_table(model, table, option):
    before = table.read_bytes()
    done = keramos("predict", model, table, option, table.parent / "." / table.name)
    assert done.returncode == 2
    assert "the target is the source" in done.stderr
    assert table.read_bytes() == before


def test_folders_above_a_saved_model_are_made(model, tmp_path):
    done = keramos("convert", model, tmp_path / "models/churn/1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models/churn/1/saved_model.pb").is_file()

    (tmp_path / "file").touch()
    done = keramos("convert", model, tmp_path / "file/churn/1")
    assert done.returncode == 1
    assert "is not a folder" in done.stderr
