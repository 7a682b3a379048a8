"""Parts -> what people see: complete under its name or not there at all, the summary last."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from keramos.errors import UsageError
from keramos.platform.atomic_write import write_atomically
from keramos.platform.urls import file_system, is_url
from keramos.scoring.formats import Format, format_of
from keramos.scoring.installed import backend
from keramos.scoring.job import MANIFEST, REJECTED_FILE
from keramos.scoring.joined import join
from keramos.scoring.journal import disk
from keramos.types.scoring import ScoringSummary

if TYPE_CHECKING:
    from keramos.inference.scored import Schema
    from keramos.scoring.job import Job
    from keramos.scoring.journal import Work


def finished(job: Job) -> ScoringSummary | None:
    """The summary of this very job, if it was completed before; what was left to tidy up is tidied
    up.
    """
    place = job.beside(MANIFEST) if job.mirrored else job.summary
    if not place or is_url(place) or not job.resumable:
        return None
    try:
        text = Path(place).read_bytes()
        summary = msgspec.json.decode(text, type=ScoringSummary)
    except (OSError, msgspec.DecodeError):
        return None
    there = is_url(job.target) or all(Path(output).exists() for output in summary.outputs)
    if summary.job != job.identity or not there:
        return None
    if place != job.summary:
        _write(job.summary, text)
    shutil.rmtree(job.work, ignore_errors=True)
    return summary


def check_target(job: Job, schema: Schema) -> None:
    """Refuse a folder that already holds something, and a table that cannot be written.

    Raises:
        UsageError: names the folder or table.
        SaveError: the database refuses.
    """
    if job.table:
        from keramos.scoring.tables import check_table  # noqa: PLC0415 (an extra)

        check_table(job.table, schema)
    if job.mirrored and not is_url(job.target):
        folder = Path(job.target)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                "the target exists and is not empty",
                file=str(job.target),
                remedy="Remove it or name another folder",
            )


def publish(job: Job, work: Work, schema: Schema, summary: ScoringSummary) -> None:
    """Give the results their names."""
    text = msgspec.json.format(msgspec.json.encode(summary)) + b"\n"
    with disk(job.target):
        rejected = _rejected(job, work) if job.plan.on_error == "skip" else None
        how = (
            _publish_folder
            if job.mirrored
            else _publish_table
            if job.table or job.streamed
            else _publish_file
        )
        how(job, work, schema, rejected, text)


def _rejected(job: Job, work: Work) -> Path:
    path = work.folder / "rejected"
    parts = [work.rejects / part.rejects.path for part in work.parts if part.rejects]
    join(parts, path, format_of(job.rejects) or Format("csv"), backend().rejects)
    return path


def _publish_file(
    job: Job, work: Work, schema: Schema, rejected: Path | None, summary: bytes
) -> None:
    path = work.folder / "joined"
    join(
        [work.results / file.path for part in work.parts for file in part.outputs],
        path,
        job.form,
        schema,
    )
    if rejected is not None:
        _move(rejected, job.rejects)
    _move(path, job.target)
    if job.summary:
        _write(job.summary, summary)


def _publish_table(
    job: Job, work: Work, schema: Schema, rejected: Path | None, summary: bytes
) -> None:
    """Answers to a table at once; to standard output they went already."""
    if rejected is not None and job.rejects:
        _move(rejected, job.rejects)
    if job.table:
        from keramos.scoring.tables import fill  # noqa: PLC0415 (an extra)

        fill(
            job.table,
            [work.results / file.path for part in work.parts for file in part.outputs],
            schema,
        )
    if job.summary:
        _write(job.summary, summary)


def _publish_folder(job: Job, work: Work, _: Schema, rejected: Path | None, summary: bytes) -> None:
    if is_url(job.target):
        for path in sorted(item for item in work.results.rglob("*") if item.is_file()):
            _move(path, job.beside(path.relative_to(work.results).as_posix()))
        if rejected is not None:
            _move(rejected, job.rejects)
        _write(job.summary, summary)
        return
    if rejected is not None:
        _move(rejected, job.plan.rejects or str(work.results / REJECTED_FILE))
    write_atomically(work.results / MANIFEST, summary)
    work.results.replace(Path(job.target))
    _sync_parent(job.target)
    if job.plan.summary:
        _write(job.plan.summary, summary)


def _move(path: Path, target: str) -> None:
    """Put a file of the work at its place: in one step on a disk, as one object behind a URL."""
    if is_url(target):
        system, place = file_system(target)
        system.put_file(str(path), place)
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    final = Path(os.path.realpath(target))
    try:
        path.replace(final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        near = final.with_name(
            f".{final.name}.{path.parent.name}.tmp"
        )  # on the disk where it shall be
        shutil.copyfile(path, near)
        near.replace(final)
    _sync_parent(target)


def _sync_parent(target: str) -> None:
    descriptor = os.open(Path(os.path.realpath(target)).parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(target: str, data: bytes) -> None:
    if is_url(target):
        system, place = file_system(target)
        system.pipe_file(place, data)
    else:
        write_atomically(Path(target), data)
