"""Parts that were written all over a cluster, taken up one after the other: each unit of the source
once.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keramos.data.conform import row_error
from keramos.scoring.arrow_writers import open_writer
from keramos.scoring.formats import TEXT, Format
from keramos.scoring.installed import backend
from keramos.scoring.journal import PartFile, disk
from keramos.types.scoring import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keramos.scoring.job import Job
    from keramos.scoring.journal import Part
    from keramos.scoring.ray_units import Unit
    from keramos.scoring.ray_worker import Answer
    from keramos.scoring.steps import Setting


class Taker:
    """Takes answers up: in the order of their units, so that the journal is as one machine would
    have written it.
    """

    def __init__(self, setting: Setting, attempts: Path, todo: Sequence[Unit]) -> None:
        self._setting, self._work, self._files = setting, setting.work, setting.job.files
        self._attempts = attempts
        self._units = {unit.number: unit for unit in todo}
        self._waiting: dict[int, Answer] = {}
        self._rows: Counter[str] = Counter()
        for part in self._work.parts:
            self._count(part)
        self._meter = _Meter(setting, sum(unit.stored for unit in todo))

    def _count(self, part: Part) -> None:
        self._rows.update({file.name: file.rows for file in part.files})

    def take(self, answer: Answer) -> None:
        """One more answer."""
        self._meter.tell(answer, self._units[answer.number])
        self._waiting[answer.number] = answer
        while (number := len(self._work.parts)) in self._waiting:
            self._enter(self._waiting.pop(number), self._units[number])

    def _enter(self, answer: Answer, unit: Unit) -> None:
        if answer.error is not None:
            raise answer.error
        # How many rows of the unit's first file come before what its answer counted from.
        before = self._rows[self._files[unit.start.file].name] - unit.start.rows
        if answer.part is None:
            on = before if answer.bad_file == unit.start.file else 0
            moved = [replace(problem, row=problem.row + on) for problem in answer.bad]
            raise row_error(moved, self._files[answer.bad_file].name)
        with disk(self._work.folder):
            self._receive(answer)
            part = self._placed(answer.part, self._attempts / answer.folder, unit, before)
            self._work.add(part)
            shutil.rmtree(self._attempts / answer.folder, ignore_errors=True)
        self._count(part)

    def _receive(self, answer: Answer) -> None:
        for path, data in answer.shipped:
            place = self._attempts / answer.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def _placed(self, part: Part, folder: Path, unit: Unit, before: int) -> Part:
        """The part with its files at their places and its rows counted from the beginning of their
        files.
        """
        header = self._header() if part.outputs else ()
        outputs = self._outputs(part, folder / "results", unit, before)
        rejects = (
            self._rejects(folder / "rejects" / part.rejects.path, unit, before)
            if part.rejects
            else None
        )
        inside = part.end.offset > 0 and part.end.file == unit.start.file
        end = replace(part.end, rows=part.end.rows + before) if inside else part.end
        return replace(part, end=end, outputs=(*header, *outputs), rejects=rejects)

    def _outputs(self, part: Part, folder: Path, unit: Unit, before: int) -> tuple[PartFile, ...]:
        """The files of a part at their places, in the form of the job."""
        job = self._setting.job
        travelled = travelling(job)
        first = self._files[unit.start.file].name
        moved = next((file.decided for file in part.files if file.name == first), 0)
        found = []
        for number, file in enumerate(part.outputs):
            path = file.path.removesuffix(travelled.extension) + job.form.extension
            place = self._work.results / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if travelled == job.form:
                (folder / file.path).replace(place)
            else:  # of several files the first is that in which the unit begins
                counted = before if number == 0 else 0
                self._renumbered(folder / file.path, place, moved, counted)
            found.append(PartFile(path, place.stat().st_size))
        return tuple(found)

    def _renumbered(self, path: Path, place: Path, moved: int, before: int) -> None:
        """A travelled file in the form of the job; its first ``moved`` rows count on from
        ``before``.
        """
        job = self._setting.job
        writer = open_writer(place, job.form, self._setting.schema, header=job.mirrored)
        with pa.OSFile(str(path)) as stream:
            file, at = pa.ipc.open_file(stream), 0
            for number in range(file.num_record_batches):
                batch = file.get_batch(number)
                rows = batch.column("row").to_numpy()
                on = np.where(np.arange(at, at + len(rows)) < moved, before, 0)
                where = batch.schema.get_field_index("row")
                writer.write(batch.set_column(where, "row", pa.array(rows + on)))
                at += len(rows)
        writer.close()

    def _header(self) -> tuple[PartFile, ...]:
        """The line of names before the first part of a text file; parts of the cluster have
        none.
        """
        job, place = self._setting.job, self._work.next
        if job.mirrored or not place.header or job.form.name not in {"csv", "tsv"}:
            return ()
        path = place.results / f"part-{place.number:05d}-names{job.form.extension}"
        open_writer(path, job.form, self._setting.schema).close()
        return (PartFile(path.name, path.stat().st_size),)

    def _rejects(self, path: Path, unit: Unit, before: int) -> PartFile:
        place, form = self._work.next, self._setting.rejects_form
        final = place.rejects / f"{path.stem}{form.extension}"
        writer = open_writer(final, form, backend().rejects, header=place.rejects_header)
        with pa.OSFile(str(path)) as stream:
            file = pa.ipc.open_file(stream)
            for number in range(file.num_record_batches):
                writer.write(
                    _counted_on(file.get_batch(number), self._files[unit.start.file].name, before)
                )
        writer.close()
        return PartFile(final.name, final.stat().st_size)


def travelling(job: Job) -> Format:
    """The form in which a worker writes answers: one whose rows can be counted on where a text
    file may be cut, since a worker does not know how many rows come before.
    """
    cut = "row" in job.keys and job.source_form in TEXT
    return Format("arrow") if cut else job.form


def _counted_on(rejected: pa.RecordBatch, name: str, before: int) -> pa.RecordBatch:
    rows = rejected.column("row")
    moved = pc.if_else(pc.equal(rejected.column("file"), name), pc.add(rows, before), rows)
    return rejected.set_column(1, "row", moved)


class _Meter:
    """Counts for whoever watches: units that are done, in whatever order."""

    def __init__(self, setting: Setting, todo: int) -> None:
        done = [file for part in setting.work.parts for file in part.files]
        self._rows_then, self._rejected = (
            sum(file.rows for file in done),
            sum(file.rejected for file in done),
        )
        self._all = sum(file.size for file in setting.job.files)
        self._before = max(self._all - todo, 0)
        self._rows = self._bytes = 0
        self._tell, self._begun = setting.on_progress, perf_counter()

    def tell(self, answer: Answer, unit: Unit) -> None:
        """A unit is done."""
        files = answer.part.files if answer.part else ()
        self._rows += sum(file.rows for file in files)
        self._rejected += sum(file.rejected for file in files)
        self._bytes += unit.stored
        if self._tell is not None:
            self._tell(
                Progress(
                    self._rows_then + self._rows,
                    self._rejected,
                    self._before + self._bytes,
                    self._all,
                    self._rows,
                    self._bytes,
                    perf_counter() - self._begun,
                )
            )
