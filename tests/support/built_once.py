"""Files that take long to make are made once for all workers and runs of the same sources."""

import hashlib
import pickle
import shutil
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import cache

from support.shared import ROOT

_FOLDER = ROOT / ".pytest_cache" / "built"


@cache
def _sources():
    """A digest of everything that can change what is built."""
    digest = hashlib.sha256()
    for folder in ("src/keramos", "tests/support"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{path}\0".encode() + path.read_bytes())
    digest.update((ROOT / "requirements" / "dev.txt").read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path):
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield


def built(name, make):
    """The folder of this name; ``make(folder)`` fills it unless somebody did before.

    Tests read what is in it and change nothing.
    """
    own = _FOLDER / _sources()
    own.mkdir(parents=True, exist_ok=True)
    with _locked(own / f"{name}.lock"):
        if not (own / name).is_dir():
            _forget_others(own)
            begun = own / f"{name}.begun"
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun)
            begun.rename(own / name)
    return own / name


def _forget_others(own):
    """Files of other sources go."""
    for other in _FOLDER.iterdir():
        if other != own:
            shutil.rmtree(other, ignore_errors=True)


def built_value(name, make):
    """What ``make()`` gave once, read from a pickle."""
    folder = built(name, lambda path: (path / "value").write_bytes(pickle.dumps(make())))
    return pickle.loads((folder / "value").read_bytes())  # noqa: S301 (written above)
