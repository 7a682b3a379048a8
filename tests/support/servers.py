"""A server in a process of its own, for tests that are clients."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from threading import Thread

import requests

from support.command import PROGRAM
from support.forks import Fork, can_fork

NO_GRPC = ("--grpc-port", "none", "--oip-grpc-port", "none")


class Server:
    """``port`` is where it listens; ``lines`` is what it wrote to standard error so far."""

    def __init__(self, path, *options, **environment):
        command = [PROGRAM, "serve", str(path), "--port", "0", *map(str, options)]
        self.process, self._errors = _begin(command, os.environ | environment)
        self.lines = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = int(re.search(r"https?://[^\s/:]+:(\d+)", self.line(r"https?://"))[1])

    def _read(self):
        with self._errors as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))

    def line(self, pattern, seconds=30):
        """The first line that has a pattern, as soon as it is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [line for line in self.lines if re.search(pattern, line)]
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no line with {pattern} among {self.lines}")

    def url(self, path, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def wait(self, **options):
        """Until it is ready."""
        for _ in range(400):
            try:
                if requests.get(self.url("/readyz", **options), timeout=5).status_code == 200:
                    return self
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.lines}")

    def get(self, path, **options):
        return requests.get(self.url(path), timeout=30, **options)

    def post(self, path, body, **options):
        data = body if isinstance(body, bytes) else json.dumps(body)
        return requests.post(self.url(path), data=data, timeout=30, **options)

    def stop(self):
        """Ask it to stop; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not stop: {self.lines}") from None
        finally:
            self.process.wait(10)
            self._reader.join(10)


def _begin(command, env):
    """A running process, and what it writes to standard error."""
    if not can_fork(env):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        return process, process.stderr
    reader, writer = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    process = Fork(command, [nothing, 1, writer], env)
    for stream in (nothing, writer):
        os.close(stream)
    return process, os.fdopen(reader, encoding="utf-8", errors="replace")


@contextmanager
def serving(path, *options, grpc=NO_GRPC, **environment):
    server = Server(path, *grpc, *options, **environment)
    try:
        yield server.wait()
    finally:
        code = server.stop()
    assert code == 0, server.lines
