"""A save is complete or did not happen."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keramos.errors import SaveError
from keramos.platform.atomic_write import write_atomically

WRITER = """
import sys
from pathlib import Path
from keramos.platform.atomic_write import write_atomically
new = bytes([int(sys.argv[2])]) * 3_000_000
print("ready", flush=True)
while True:
    write_atomically(Path(sys.argv[1]), new)
"""


def test_killing_the_process_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"\0" * 3_000_000)
    chance = random.Random(0)  # noqa: S311 (moments of a test)
    seen = set()
    for value in range(1, 25):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(value)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = path.read_bytes()
        assert len(data) == 3_000_000
        assert len(set(data)) == 1
        assert data[0] in {value, *seen, 0}
        seen.add(value)
    assert len({path.read_bytes()[0]} & seen) == 1


def test_a_folder_that_cannot_be_written_is_a_clear_error_and_the_old_file_stays(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")

    with pytest.raises(SaveError, match="untouched"):
        write_atomically(tmp_path / "absent" / "model.h5", b"new")

    assert path.read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    """The limit on file size stops the write in the middle, as a full disk does."""
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; signal.signal(signal.SIGXFSZ, "
        "signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "from keramos.platform.atomic_write import write_atomically; "
        "write_atomically(Path(sys.argv[1]), b'n' * 5000)"
    )

    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(path)], capture_output=True, text=True, check=False
    )

    assert "SaveError" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_of_the_old_file_are_kept(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")
    path.chmod(0o640)

    write_atomically(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_keeps_pointing_to_the_new_content(tmp_path):
    path, link = tmp_path / "real.h5", tmp_path / "link.h5"
    path.write_bytes(b"old")
    link.symlink_to(path)

    write_atomically(link, b"new")

    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_device_and_a_pipe_stay_what_they_are(tmp_path):
    write_atomically(Path("/dev/null"), b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)

    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE)
    write_atomically(tmp_path / "pipe", b"through")
    assert reader.communicate(timeout=60)[0] == b"through"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
