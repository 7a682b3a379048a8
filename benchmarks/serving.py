"""One small model (10 columns, Dense 32-16-1) behind keramos and behind other servers: CPU and
requests a second.

CPU is of all the server's processes, from the system's own counters. The load is wrk's: 32
connections, each of which waits for its reply; for gRPC 32 calls in flight. The number in the reply
is checked before the load begins.

``--install`` puts each peer into an environment of its own below ``--peers``; a peer without one is
skipped. What is measured is kept there, and a run that was stopped goes on with ``--resume``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from serving_peers.load import FailureError, family, idle_port, measure, wait
from serving_peers.peers import PEERS, PROGRAMS, Place
from serving_peers.ways import keramos_ways, save_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serving_peers.peers import Peer

HOME = Path(__file__).parents[1] / "build" / "serving-peers"
COLUMNS = {
    "us": "CPU µs a request",
    "rate": "requests/s",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "mb": "MB",
    "start": "start s",
}
Row = dict[str, "str | float"]


def install(peer: Peer, home: Path) -> None:
    """An environment with the peer, ONNX Runtime and NumPy; one that is complete stays."""
    if (home / "complete").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    command = [
        str(home / "bin" / "pip"),
        "install",
        "--quiet",
        *peer.packages,
        "numpy",
        "onnxruntime",
    ]
    if subprocess.run(command, check=False).returncode == 0:
        (home / "complete").touch()


@contextmanager
def started(command: Sequence[str], env: dict[str, str], folder: Path) -> Iterator[psutil.Popen]:
    """A server; it and all below it end with the context."""
    with (folder / "log.txt").open("w") as log:
        process = psutil.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            members = family(process) if process.is_running() else []
            for member in members:
                _send(member, signal.SIGTERM)
            for member in psutil.wait_procs(members, 8)[1]:
                _send(member, signal.SIGKILL)
            process.wait()


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def run_keramos(
    file: Path, answer: float, seconds: float, done: set[tuple[object, object]]
) -> Iterator[Row]:
    """The ways to ask keramos that are not done."""
    ways = [way for way in keramos_ways() if ("keramos", way.name) not in done]
    if not ways:
        return
    rest, grpc = idle_port(), idle_port()
    program = [str(Path(sys.executable).with_name("keramos")), "serve", str(file), "--name", "mlp"]
    ports = ["--port", str(rest), "--grpc-port", str(grpc), "--oip-grpc-port", "none"]
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(file.parent / "compiled")}
    with started([*program, *ports], env, file.parent) as process:
        wait(
            process, rest, keramos_ways()[0], answer
        )  # leaves modules byte-compiled, as an installer does
    with started([*program, *ports], env, file.parent) as process:
        start = wait(process, rest, keramos_ways()[0], answer)
        for way in ways:
            found = measure(process, grpc if way.grpc else rest, way, answer, seconds)
            yield {"server": "keramos", "way": way.name, **found, "start": start}


def run_peer(peer: Peer, home: Path, onnx: Path, answer: float, seconds: float) -> Row:
    """One peer, or why it has no numbers."""
    row: Row = {"server": peer.title, "way": peer.way.name}
    if not (home / "complete").exists():
        return row | {"note": "not installed here; --install does that"}
    folder, port = home / "run", idle_port()
    folder.mkdir(exist_ok=True)
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    more = {"MODEL": str(onnx), "PORT": str(port), "PATH": path, "PYTHONPATH": str(PROGRAMS)}
    place = Place(home, folder, onnx, port, {**os.environ, **more})
    try:
        peer.prepare(place)
        with started(peer.command(place), place.env, folder) as process:
            start = wait(process, port, peer.way, answer)
            return row | measure(process, port, peer.way, answer, seconds) | {"start": start}
    except (FailureError, subprocess.CalledProcessError, psutil.Error) as error:
        return row | {"note": f"failed: {error}; see {folder / 'log.txt'}"}


def rows(options: argparse.Namespace, known: list[Row]) -> Iterator[Row]:
    """One row a server and way; those that are known already are not measured again."""
    done: set[tuple[object, object]] = {(row["server"], row["way"]) for row in known}
    with tempfile.TemporaryDirectory() as folder:
        file, onnx, answer = save_model(Path(folder))
        yield from run_keramos(file, answer, options.seconds, done)
        for peer in PEERS:
            if (peer.title, peer.way.name) not in done:
                yield run_peer(peer, options.peers / peer.name, onnx, answer, options.seconds)


def table(found: Sequence[Row]) -> str:
    """The rows in Markdown, with the ratio of CPU to that of the first row."""
    base = next(float(row["us"]) for row in found if "us" in row)
    lines = [
        f"| server | way | {' | '.join(COLUMNS.values())} | CPU ratio |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    for row in found:
        cells = (
            [str(row["note"])]
            if "note" in row
            else [f"{row[key]:.3g}" if key != "rate" else f"{row[key]:,.0f}" for key in COLUMNS]
        )
        ratio = [] if "note" in row else [f"{float(row['us']) / base:.1f}"]
        lines.append(f"| {row['server']} | {row['way']} | {' | '.join([*cells, *ratio])} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", type=Path, default=HOME, help="folder of the peers' environments"
    )
    parser.add_argument("--install", action="store_true", help="install the peers first")
    parser.add_argument(
        "--resume", action="store_true", help="keep what an earlier run has measured"
    )
    parser.add_argument("--seconds", type=float, default=6, help="of load, for each row")
    options = parser.parse_args()
    options.peers.mkdir(parents=True, exist_ok=True)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for peer in PEERS if options.install else ():
        install(peer, options.peers / peer.name)
    if shutil.which("wrk") is None:
        print("wrk is not installed (a package of that name); nothing is measured")
        return
    kept = options.peers / "measured.json"
    found: list[Row] = json.loads(kept.read_text()) if options.resume and kept.exists() else []
    found = [row for row in found if "note" not in row]
    for row in rows(options, found):
        print(*row.values(), file=sys.stderr)
        found.append(row)
        kept.write_text(json.dumps(found))
    print(table(found))


if __name__ == "__main__":
    main()
