"""A real PostgreSQL server for tests, from the system's package, in a folder and on a port of its
own.
"""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from support.free_port import free_port

PASSWORD = "pa:ss/w@rd%1"  # noqa: S105 (of a server that lives as long as the tests)
WRITTEN = "pa%3Ass%2Fw%40rd%251"


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    @property
    def url(self):
        return f"postgresql://owner:{WRITTEN}@127.0.0.1:{self.port}/postgres"


def binaries():
    """The newest installed server's folder of programs, or None."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    on_path = shutil.which("initdb")
    return (
        found[-1].parent if found else Path(os.path.realpath(on_path)).parent if on_path else None
    )


@contextlib.contextmanager
def server(programs):
    """Start it (never as root, which PostgreSQL refuses), wait until it answers, stop it at the
    end.
    """
    folder = Path(tempfile.mkdtemp(prefix="keramos-pg-"))
    options = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        options |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    make = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "owner",
        "-A",
        "scram-sha-256",
        "--pwfile",
        secret,
        "-N",
    ]
    subprocess.run(make, check=True, capture_output=True, **options)
    port = free_port()
    start = [
        programs / "postgres",
        "-D",
        folder / "data",
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "-k",
        folder,
        "-F",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(start, stderr=log, **options)
    try:
        _wait(port, process, folder / "log")
        yield Server(port, folder)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def _wait(port, process, log):
    ready = [binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(300):
        if process.poll() is not None:
            break
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def execute(url, *statements):
    """Run statements in the database of a URL: SQLite or PostgreSQL."""
    if url.startswith("sqlite"):
        # Never while keramos has the file open: two SQLites in one process undo each other's locks.
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        for words in statements:
            connection.execute(words)
        connection.commit()
        connection.close()
        return
    import adbc_driver_postgresql.dbapi as postgresql

    with postgresql.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for words in statements:
            cursor.execute(words)
