"""The command line, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread

from support.forks import Fork, can_fork

PROGRAM = str(Path(sys.executable).with_name("keramos"))


def keramos(*args, cwd=None, stdin=None, **environment):
    """Run the real command line in a process of its own."""
    env = {**os.environ, "COLUMNS": "100", **environment}
    command = [PROGRAM, *map(str, args)]
    if can_fork(env):
        return _forked(command, cwd, stdin, env)
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, input=stdin, env=env, check=False
    )


def python(text, cwd):
    """Run a program in a process of its own."""
    return _forked(["-c", text], cwd, None, dict(os.environ))


def _forked(command, cwd, stdin, env):
    with TemporaryFile() as out, TemporaryFile() as err:
        source = _feed(stdin)
        running = Fork(command, [source, out.fileno(), err.fileno()], env, cwd)
        os.close(source)
        code = running.wait()
        texts = [_text(stream) for stream in (out, err)]
    return subprocess.CompletedProcess(command, code, *texts)


def _feed(text):
    """A stream with a text, or an empty one."""
    if text is None:
        return os.open(os.devnull, os.O_RDONLY)
    reader, writer = os.pipe()

    def write():
        with os.fdopen(writer, "wb") as stream:
            stream.write(text.encode())

    Thread(target=write, daemon=True).start()
    return reader


def _text(stream):
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n")
