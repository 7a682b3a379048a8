"""A newcomer clones the repository on each Python and plays what README, pages and help print."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
SHARED_OUT = ("-n", "logical", "--maxprocesses=4", "--dist", "worksteal")
EXAMPLES = ("tests/docs/test_run.py", "tests/docs/test_printed_examples.py")
pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(3600)]


def interpreter(version):
    """An interpreter of that version that starts: on PATH, or among those of pyenv."""
    places = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    others = sorted(places.glob(f"{version}.*/bin/python{version}"))
    for path in (shutil.which(f"python{version}"), *others):
        if path and subprocess.run([path, "-V"], capture_output=True, check=False).returncode == 0:
            return str(path)
    return None


def played(folder, *command):
    """A command as it is typed in the clone, without what this test's own environment says."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    env = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, (
        f"$ {' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    )
    return done.stdout


@pytest.fixture(scope="module", params=PYTHONS)
def clone(request):
    """A clone of the last commit, and the interpreter that its environment is to have.

    The environment (gigabytes, minutes) stays for the next time in ``.venv/newcomers``, which
    ``make clean`` removes; ``make`` there adds what the requirements have that it lacks.
    """
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"there is no Python {request.param} here")
    if not (ROOT / ".git").exists():
        pytest.skip("these sources are not a clone")
    folder = ROOT / ".venv" / "newcomers" / request.param
    if not (folder / ".git").exists():
        played(ROOT, "git", "clone", "--quiet", str(ROOT), str(folder))
    played(folder, "git", "fetch", "--quiet", str(ROOT), "HEAD")
    played(folder, "git", "reset", "--quiet", "--hard", "FETCH_HEAD")
    played(folder, "git", "clean", "-qdxf", "-e", ".venv")
    return folder, python


def test_a_clone_shows_the_demo_then_plays_every_example(clone):
    folder, python = clone
    shown = played(folder, "make", "demo", f"PYTHON={python}")
    for line in shown.partition("Go on:\n")[2].splitlines():
        if " serve " not in line:
            played(folder, "bash", "-c", line.strip())
    played(folder, "make", "setup", f"PYTHON={python}")
    played(folder, "make", "docs", f"PYTHON={python}")
    played(folder, ".venv/bin/python", "-m", "pytest", "-m", "", *SHARED_OUT, *EXAMPLES)
