"""Commands as forks of one process that has imported the command line: see forking.py."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

_READ_AT_START = ("PYTHON", "LANG", "LC_", "TZ")
"""How variables begin that Python itself reads as it starts."""
_ENVIRONMENT = dict(os.environ)


def can_fork(env):
    """Whether a command with this environment may be a fork."""
    return hasattr(os, "pidfd_open") and _at_start(env) == _at_start(_ENVIRONMENT)


def _at_start(env):
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


class Fork:
    """A running command, with the names of ``subprocess.Popen``."""

    def __init__(self, command, streams, env, cwd=None):
        request = {"argv": command, "cwd": str(cwd or Path.cwd()), "env": env}
        self._ended, ended = os.pipe()
        socket.send_fds(_forking(), [json.dumps(request).encode()], [*streams, ended])
        os.close(ended)
        self.returncode = None
        self.pid = int(self._line())

    def _line(self):
        """The next line from the other process."""
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self._ended, 1)
        return line

    def poll(self):
        """The exit code, or None while it runs."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout=None):
        """The exit code, when it has ended."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("keramos", timeout)
            self.returncode = int(self._line())
            os.close(self._ended)
        return self.returncode

    def send_signal(self, number):
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@cache
def _forking():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = str(Path(__file__).with_name("forking.py"))
    process = subprocess.Popen(
        [sys.executable, program, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        env=_ENVIRONMENT,
        cwd=Path(program).parent,
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
