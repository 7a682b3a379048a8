"""One input under watch: what comes out of it besides a refusal, how long it takes, how much memory
it asks for.
"""

from __future__ import annotations

import resource
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.errors import KeramosError

if TYPE_CHECKING:
    from fuzz.targets import Target

SECONDS = 1.0
"""CPU time that one input may take."""

BYTES, FACTOR = 200 << 20, 20
"""Memory that one input may take: this much, and so many times its size."""

_PAGE = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen; equal ``where`` means the same fault."""

    kind: str
    where: str
    text: str


def examine(target: Target, data: bytes) -> Finding | None:
    """Run one input."""
    held, before, begun = _held_now(), _most(), time.process_time()
    try:
        target.run(data)
    except KeramosError:
        pass
    except Exception as error:  # noqa: BLE001 (any other exception is what is looked for)
        return Finding("crash", _place(error), "".join(traceback.format_exception(error)))
    spent, most = time.process_time() - begun, _most()
    if spent > SECONDS:
        return Finding("slow", "", f"{spent:.2f} s of CPU time for {len(data):,} bytes")
    if most > before and most - held > BYTES + FACTOR * len(
        data
    ):  # the peak never sinks: only who raises it is to blame
        return Finding("memory", "", f"{(most - held) >> 20} MB for {len(data):,} bytes")
    return None


def _place(error: BaseException) -> str:
    """Exception and the innermost line of keramos."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "keramos" in Path(frame.filename).parts
    ]
    last = (
        f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}"
        if frames
        else "outside keramos"
    )
    return f"{type(error).__name__} at {last}"


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _held_now() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
