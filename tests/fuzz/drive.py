"""Coverage-guided fuzzing with atheris: ``make fuzz SECONDS=60``.

Every target runs in a process of its own for its share of the time, one after the other. Inputs
with findings are kept in build/fuzz/findings, the corpus that grows in build/fuzz/corpus. Exit code
1: something was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # run as a script, it finds what it shares with the tests

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.targets import Target
    from fuzz.watch import Finding

FOLDER = Path("build", "fuzz")
_AT_LEAST = 5
_HANG = 20
_MEGABYTES = 2_000
_KINDS = 20
"""After so many different faults of one target its time is better spent mending them."""


def main() -> None:
    """Fuzz every target, or replay inputs."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=int, default=60, help="for all targets together")
    options.add_argument("--only", help="one target")
    options.add_argument(
        "--replay", nargs="+", type=Path, help="run these inputs on --only, print what comes out"
    )
    options.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        _fuzz(chosen.only, chosen.seconds)
    elif chosen.replay:
        sys.exit(_replay(chosen.only, chosen.replay))
    else:
        sys.exit(_all(chosen.only, chosen.seconds))


def _all(only: str | None, seconds: int) -> int:
    from fuzz.targets import TARGETS

    names = [only] if only else list(TARGETS)
    executions, findings, begun = 0, 0, time.monotonic()
    for number, name in enumerate(names):
        left = seconds - (time.monotonic() - begun)
        done, found = _share(name, max(_AT_LEAST, int(left / (len(names) - number))))
        executions += done
        findings += len(found)
        for line in found:
            click.echo(f"  {line}")
    spent = time.monotonic() - begun
    click.echo(
        f"fuzz: {executions:,} executions of {len(names)} targets in {spent:.0f} s, {findings} "
        "findings"
    )
    return 1 if findings else 0


def _share(name: str, seconds: int) -> tuple[int, list[str]]:
    """One target for its share of the time; started again where an input ends the process."""
    findings, log = FOLDER / "findings" / name, FOLDER / f"{name}.log"
    findings.mkdir(parents=True, exist_ok=True)
    known, end, executions = set(findings.iterdir()), time.monotonic() + seconds, 0
    begun = time.monotonic()
    while (left := int(end - time.monotonic())) > 1:
        command = [sys.executable, __file__, "--child", "--only", name, "--seconds", str(left)]
        with log.open("wb") as out:
            code = subprocess.run(
                command, stdout=out, stderr=out, check=False, timeout=left + 900
            ).returncode
        text = log.read_text(errors="replace")
        counts = re.findall(r"number_of_executed_units: (\d+)", text) or re.findall(
            r"^#(\d+)\t", text, re.MULTILINE
        )
        executions += int(counts[-1]) if counts else 0
        if code == 0:
            break
        if not counts:
            return 0, [f"{name}: did not start, see {log}: {text[-300:]}"]
    new = sorted(path for path in findings.iterdir() if path not in known and path.suffix != ".txt")
    spent = time.monotonic() - begun
    click.echo(f"{name:<10} {executions:>12,} executions in {spent:4.0f} s, {len(new)} findings")
    return executions, [_told(path) for path in new]


def _told(path: Path) -> str:
    note = path.with_suffix(".txt")
    lines = note.read_text().strip().splitlines() if note.exists() else ["the process ended"]
    return f"{path}: {lines[0]}: {lines[-1][:150]}"


def _fuzz(name: str, seconds: int) -> None:
    """In the process of one target."""
    import atheris

    with atheris.instrument_imports(include=["keramos"]):
        from fuzz.targets import TARGETS, seeds_of
        from fuzz.watch import examine

        target = TARGETS[name]
        for seed in seeds_of(name):  # what is imported late is imported now, and instrumented
            examine(target, seed.read_bytes())
    _bound_memory()
    corpus, findings = FOLDER / "corpus" / name, FOLDER / "findings" / name
    corpus.mkdir(parents=True, exist_ok=True)
    met: set[str] = set()

    def one(data: bytes) -> None:
        found = examine(target, data)
        if found and found.kind + found.where not in met and len(met) < _KINDS:
            met.add(found.kind + found.where)
            _keep(findings, data, found)

    flags = [
        f"-max_total_time={seconds}",
        f"-max_len={target.size}",
        f"-timeout={_HANG}",
        f"-rss_limit_mb={_MEGABYTES}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
        str(corpus),
        str(seeds_of(name)[0].parent),
    ]
    seeds = [path.read_bytes() for path in seeds_of(name)]
    structured = target.trees or target.messages
    extras = {"custom_mutator": _mutator(target, seeds)} if structured else {}
    atheris.Setup([sys.argv[0], *flags], one, **extras)
    atheris.Fuzz()


def _mutator(target: Target, seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Trees stay trees, and messages stay messages, nine times in ten."""
    import atheris

    from fuzz.messages import changed_message
    from fuzz.targets import change_tree

    trees = [json.loads(seed) for seed in seeds] if target.trees else []

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.1:
            changed = atheris.Mutate(data, size)
        elif target.trees:
            changed = change_tree(trees, data, draw)
        else:
            changed = changed_message(seeds, data, draw)
        return changed if len(changed) <= min(size, target.size) else data

    return mutate


def _keep(folder: Path, data: bytes, found: Finding) -> None:
    path = folder / f"{found.kind}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(f"{found.kind} {found.where}\n{found.text}")


def _bound_memory() -> None:
    """What asks for more than this gets a MemoryError, which is a finding."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    bound = used + (_MEGABYTES << 20)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def _replay(name: str, paths: list[Path]) -> int:
    from fuzz.targets import TARGETS
    from fuzz.watch import examine

    found = 0
    for path in paths:
        finding = examine(TARGETS[name], path.read_bytes())
        click.echo(
            f"{path}: {finding.kind} {finding.where}\n{finding.text}"
            if finding
            else f"{path}: nothing"
        )
        found += finding is not None
    return 1 if found else 0


if __name__ == "__main__":
    main()
