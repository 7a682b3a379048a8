"""Completion in real shells: commands, options, files, columns."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
START = {
    "bash": 'eval "$(_KERAMOS_COMPLETE=bash_source keramos)"',
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(_KERAMOS_COMPLETE=zsh_source keramos)"',
}
CASES = {
    "keramos insp": "keramos inspect ",
    "keramos predict --rej": "keramos predict --rejects ",
    "keramos predict model.h5 ro": "keramos predict model.h5 rows.csv",
    "keramos score model.h5 rows.csv --keep income_of": "--keep income_of_year",
}
ESCAPES = re.compile(r"\x1b\][^\x07]*\x07|\x1b[\[\(][0-9;?<>=]*[ -/]*[@-~]|\x1b[=>]|[\r\x07]")


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, folder):
        self.master, slave = pty.openpty()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "TERM": "dumb", "HOME": str(folder), "PS1": "> "}
        self.process = subprocess.Popen(
            SOURCE[name],
            cwd=folder,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def type(self, keys, words, seconds=60):
        """What the terminal shows after ``keys``, once ``words`` are in it."""
        os.write(self.master, keys.encode())
        seen, end = "", time.monotonic() + seconds
        while time.monotonic() < end and words not in ESCAPES.sub("", seen):
            if select.select([self.master], [], [], 0.2)[0]:
                seen += os.read(self.master, 4096).decode(errors="replace")
        return ESCAPES.sub("", seen)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.mark.system
@pytest.mark.parametrize("name", SOURCE)
def test_a_shell_completes_commands_options_files_and_columns(name, tmp_path):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    (tmp_path / "model.h5").touch()
    (tmp_path / "rows.csv").write_text("id,income_of_year\n1,2\n")
    shell = Shell(name, tmp_path)
    try:
        shell.type(f"{START[name]}; echo rea''dy\n", "ready")
        for typed, completed in CASES.items():
            seen = shell.type(f"{typed}\t", completed)
            assert completed in seen, seen
            shell.type("\x15", "nothing", seconds=0.5)
    finally:
        shell.close()


@pytest.mark.parametrize(("typed", "completed"), CASES.items())
def test_fish_completes_the_same(typed, completed, tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    (tmp_path / "rows.csv").write_text("id,income_of_year\n1,2\n")
    (tmp_path / "model.h5").touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    start = "env _KERAMOS_COMPLETE=fish_source keramos | source"
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{start}; complete -C '{typed}'"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.split()[-1] in done.stdout.split(), done.stderr
