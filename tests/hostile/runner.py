"""Opens files in forked children under limits and watches what they do: one child a file, keramos
imported once.

As a script it reads paths from standard input, one a line, and writes one JSON object a line.
``opened`` is for tests.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 1.0
"""CPU time that a refusal may take."""

BYTES = 200 << 20
"""Memory of the whole process, libraries included, while it refuses."""

_WARMED = frozenset({"artifact", "compile", "runtime", "pipeline", "adoption", "companions"})
_NOT_OPENING = "keramos.pipeline.mlflow_models"
"""It imports a large library, which opening a file never does."""

_MORE_ADDRESSES = 1 << 30
_HANGING = 20
_HARMLESS = (
    ".py",
    ".pyc",
    ".so",
    ".pth",
    ".toml",
    "__pycache__",
    "/tensorflow_names.txt",
    "/nouns.xz",
)
_WATCHED = (
    *("socket.", "subprocess.", "ctypes.", "shutil.", "urllib.", "pickle.", "tempfile."),
    *(
        "os.system",
        "os.exec",
        "os.fork",
        "os.posix_spawn",
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.chmod",
        "os.link",
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    ``kind`` is "open", the name of an error of keramos, or the name of whatever else came out;
    ``acts`` are things that the process did besides reading the file.
    """

    path: str
    kind: str
    message: str
    acts: tuple[str, ...]
    seconds: float
    bytes: int


def opened(paths: Sequence[Path], way: str = "open", **environment: str) -> list[Outcome]:
    """Open each file in a process of its own and answer one row with it; or, with the way "adopt",
    adopt the model of each folder with what lies in it.
    """
    done = subprocess.run(
        [sys.executable, __file__, way],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Outcome(**{**one, "acts": tuple(one["acts"])}) for one in found]


def main() -> None:
    """One child a line."""
    _warm()
    for line in sys.stdin.read().splitlines():
        print(json.dumps(_one(line)), flush=True)  # noqa: T201 (it speaks to the process that started it)


def _warm() -> None:
    """What is imported late is imported before children are forked."""
    import importlib
    import pkgutil

    import keramos

    for module in pkgutil.walk_packages(keramos.__path__, "keramos."):
        if module.name.split(".")[1] in _WARMED and module.name != _NOT_OPENING:
            importlib.import_module(module.name)


def _one(path: str) -> dict[str, object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(path, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status, usage = os.wait4(child, 0)
    found = (
        json.loads(said)
        if said
        else {"kind": f"ended by {_ending(status)}", "message": "", "acts": []}
    )
    return {
        "path": path,
        **found,
        "seconds": usage.ru_utime + usage.ru_stime,
        "bytes": usage.ru_maxrss << 10,
    }


def _ending(status: int) -> str:
    return (
        signal.Signals(os.WTERMSIG(status)).name
        if os.WIFSIGNALED(status)
        else f"code {os.WEXITSTATUS(status)}"
    )


def _in_child(path: str, writing: int) -> None:
    """Never returns."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MORE_ADDRESSES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(_HANGING)
    acts: list[str] = []
    before = [path, ""]
    sys.addaudithook(lambda event, args: _note(acts, before, event, args))
    kind, message = _came_out(path)
    seen = tuple(dict.fromkeys(acts))
    os.write(writing, json.dumps({"kind": kind, "message": message, "acts": seen}).encode())
    os._exit(0)


def _came_out(path: str) -> tuple[str, str]:
    from keramos.errors import KeramosError

    try:
        return _DO[sys.argv[1]](path), ""
    except KeramosError as error:
        return type(error).__name__, str(error)
    except BaseException as error:  # noqa: BLE001 (whatever else comes out is the finding)
        return f"{type(error).__module__}.{type(error).__name__}", str(error)[:300]


def _open(path: str) -> str:
    from keramos.pipeline.load import load
    from keramos.runtime.random_feeds import random_feeds

    model = load(path)
    answers = model.session.run(random_feeds(model.inputs))
    finite = all(np.isfinite(part).all() for part in answers if part.dtype.kind == "f")
    return "open" if finite else "open with answers that are no numbers"


def _adopt(folder: str) -> str:
    """The model first, then what is named ``beside`` it, and a recipe."""
    from keramos.pipeline.adopt import propose

    files = sorted(Path(folder).iterdir())
    model = next(file for file in files if file.stem == "model")
    recipe = next((file for file in files if file.suffix == ".toml"), None)
    others = [file for file in files if file not in (model, recipe)]
    proposal = propose(model, others, recipe=recipe)
    proposal.previews()
    proposal.adopted(0)
    return "adopted"


_DO = {"open": _open, "adopt": _adopt}


def _note(acts: list[str], before: list[str], event: str, args: tuple[object, ...]) -> None:
    """Remember an event that opening a file as data has no use for; ``before`` starts with the
    file's own path.
    """
    act = f"{event} {str(args[:2])[:120]}" if args else event
    if event == "open":
        name = str(args[0])
        own = name == before[0] or _inside(name, before[0])
        if not isinstance(args[0], int) and not own and not name.endswith(_HARMLESS):
            acts.append(act)
    elif event.startswith(_WATCHED) or (
        event == "marshal.loads" and not before[1].endswith(".pyc")
    ):
        acts.append(act)  # the interpreter itself unmarshals the modules that it imports
    before[1] = str(args[0]) if event == "open" else event


def _inside(name: str, folder: str) -> bool:
    """Whether a name is one step down in a model that is a folder."""
    near = "/" not in name and name != ".."
    return (near or name.startswith(f"{folder}/")) and Path(folder).is_dir()


if __name__ == "__main__":
    main()
