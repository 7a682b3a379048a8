"""The unfinished work of a run, on the disk: parts that are complete, and a journal that says what
they hold.

A part exists once its line in the journal is on the disk. Files that no line names are leftovers of
a part that was being written, and are removed; a last line that is cut is no line. So a run can be
killed at any point.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Self

import msgspec

from keramos.errors import DataError, SaveError, UsageError
from keramos.frozen import Frozen
from keramos.types.drift import InputCounts  # noqa: TC001 (msgspec reads the annotations)
from keramos.types.scoring import FileCount, Position, RuleCount  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class PartFile(Frozen, frozen=True):
    """A file of a part: its path below the folder of results, and its size in bytes."""

    path: str
    size: int


class Part(Frozen, frozen=True):
    """A line of the journal: what the part holds, and where in the source the next one begins."""

    end: Position
    outputs: tuple[PartFile, ...]
    rejects: PartFile | None
    rules: tuple[RuleCount, ...]
    files: tuple[FileCount, ...]
    drift: tuple[InputCounts, ...]


class PartPlace(Frozen, frozen=True):
    """Where the files of part ``number`` go. ``header``, ``rejects_header``: whether a line of
    names comes first.
    """

    results: Path
    rejects: Path
    number: int
    header: bool
    rejects_header: bool


class Work:
    """The folder of one run's unfinished work, locked against a second run; a context manager."""

    def __init__(self, folder: Path, job: str, *, resume: bool) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.rejects = folder / "rejects"
        self._journal = folder / "parts.jsonl"
        with disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("w")
            self._take_lock()
            old = self._old_job()
            if resume and old and old != job:
                self._lock.close()
                raise UsageError(
                    "the unfinished work belongs to another job: model, source files or options "
                    "have changed",
                    file=str(folder),
                    remedy="Start again without --resume",
                )
            if not (resume and old):
                self._begin(job)
            self.parts = self._read()

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UsageError(
                "another process is writing to the same target", file=f"{self.folder}/lock"
            ) from None

    def _old_job(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "job").read_text(encoding="ascii")
        return ""

    def _begin(self, job: str) -> None:
        for old in (self.folder / "job", self._journal):
            old.unlink(missing_ok=True)
        for folder in (self.results, self.rejects):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self._journal.touch()
        _sync(self._journal)
        temporary = self.folder / "job.new"
        temporary.write_text(job, encoding="ascii")
        _sync(temporary)
        temporary.replace(self.folder / "job")
        _sync(self.folder)

    def _read(self) -> list[Part]:
        data = self._journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            os.truncate(self._journal, len(whole))
        parts = [msgspec.json.decode(line, type=Part) for line in whole.splitlines()]
        known = set()
        for part in parts:
            for base, file in [(self.results, f) for f in part.outputs] + [
                (self.rejects, part.rejects)
            ]:
                if file is not None:
                    self._check(base / file.path, file)
                    known.add(base / file.path)
        for base in (self.results, self.rejects):
            for path in [item for item in base.rglob("*") if item.is_file() and item not in known]:
                path.unlink()
        return parts

    def _check(self, path: Path, file: PartFile) -> None:
        if not path.is_file() or path.stat().st_size != file.size:
            raise DataError(
                "the unfinished work is damaged: the file has changed since it was written",
                file=str(path),
                remedy="Start without --resume",
            )

    @property
    def next(self) -> PartPlace:
        """The place of the part after those that are complete; of all files together one has a
        header.
        """
        return PartPlace(
            self.results,
            self.rejects,
            len(self.parts),
            header=not any(part.outputs for part in self.parts),
            rejects_header=not any(part.rejects for part in self.parts),
        )

    def add(self, part: Part) -> None:
        """Make a part whose files are written and closed count."""
        with disk(self.folder):
            folders = set()
            for base, file in [(self.results, f) for f in part.outputs] + [
                (self.rejects, part.rejects)
            ]:
                if file is not None:
                    _sync(base / file.path)
                    folders.add((base / file.path).parent)
            for folder in folders:
                _sync(folder)
            with self._journal.open("ab") as journal:
                journal.write(msgspec.json.encode(part) + b"\n")
                journal.flush()
                os.fsync(journal.fileno())
        self.parts.append(part)

    @property
    def begun(self) -> bool:
        """Whether a part is complete; the journal knows it even where an interrupt came between two
        lines here.
        """
        return self._journal.exists() and self._journal.stat().st_size > 0

    def remove(self) -> None:
        """Remove the folder: its results are elsewhere now."""
        # The job goes first: what is left after a kill here is no unfinished work.
        (self.folder / "job").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """The locked folder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the lock; the work stays."""
        self._lock.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def disk(place: Path | str) -> Iterator[None]:
    """Turn a failed write into a SaveError that says how to go on."""
    try:
        yield
    except BrokenPipeError:  # whoever reads standard output has enough; nothing failed
        raise
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise SaveError(
            f"the file could not be written: {reason}. Nothing is half written at the target",
            file=str(place),
            remedy="Make room or repair the storage, then run the same command with --resume",
        ) from error


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Turn a failed write to standard output into a SaveError: such a job cannot be resumed."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SaveError(
            f"the decided rows could not all be written: {error.strerror or error}",
            file="standard output",
            remedy="Name a file to write to: -o FILE",
        ) from error
