"""What runs on the nodes of a Ray cluster: an actor that decides units of a source, each into a
part of its own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from keramos.errors import ClusterError, KeramosError, MismatchError
from keramos.inference.arrow_batches import ArrowBatches
from keramos.pipeline.load import load
from keramos.platform.ray import ray_module
from keramos.scoring.formats import Format
from keramos.scoring.journal import PartPlace, disk
from keramos.scoring.parts import PartBuilder
from keramos.scoring.pieces import Source
from keramos.scoring.ray_units import cuts
from keramos.scoring.steps import placed
from keramos.types.scoring import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.artifact.sources import ModelSource
    from keramos.errors import Problem
    from keramos.inference.model import Model
    from keramos.scoring.journal import Part
    from keramos.scoring.ray_units import Cut, Unit
    from keramos.types.limits import Limits
    from keramos.types.scoring import SourceFile

MOST_ATTEMPTS = 6
"""A unit that was lost so often with the process it was in is given up: it may be what ends
them.
"""

REJECTS_FORM = Format("arrow")
"""How bad rows travel: their numbers may have to be counted on before they are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What all units have in common; it is shipped once. ``sha256``, ``limits``,
    ``replacements`` and ``by`` are those with which the driver loaded the model.

    Names of files hold in ``folder``. Parts go below ``attempts``, where ``token`` shows that it is
    the driver's.
    """

    model: ModelSource
    sha256: str
    limits: Limits
    replacements: Mapping[str, object]
    by: str | None
    files: tuple[SourceFile, ...]
    source_form: str
    schema: pa.Schema
    keep: tuple[str, ...]
    fail: bool
    form: Format
    mirrored: bool
    keys: tuple[str, ...]
    warnings: bool
    folder: str
    attempts: Path
    token: str


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What became of unit ``number``: a part whose files lie below ``folder``, or why there is
    none.

    Rows count from where the unit begins in a text file that was cut. ``shipped`` holds the files
    themselves (path below ``folder`` -> bytes) where the node does not share the driver's folder.
    """

    number: int
    folder: str = ""
    part: Part | None = None
    bad_file: int = 0
    bad: tuple[Problem, ...] = ()
    error: KeramosError | None = None
    shipped: tuple[tuple[str, bytes], ...] = ()


class Scorer:
    """An actor: it loads and proves the model once, then decides one unit after the other."""

    def __init__(self, shipped: object) -> None:
        self._task: Task = ray_module().get(shipped)
        self._error: KeramosError | None = None
        pa.set_cpu_count(1)  # of the one processor that an actor has
        _go_to(self._task.folder)
        self._shared = (self._task.attempts / self._task.token).exists()
        try:
            self._source = Source(self._task.files, self._task.source_form)
            self._scorer = _loaded(self._task).scorer(
                ArrowBatches(), self._task.keep, (), warn=self._task.warnings
            )
        except KeramosError as error:
            self._error = error

    def __call__(self, row: Mapping[str, Unit]) -> dict[str, Answer]:
        """Ray Data's way of asking: a row in, a row out."""
        unit = row["item"]
        if self._error is not None:
            return {"item": Answer(unit.number, error=self._error)}
        with self._folder() as folder:
            return {"item": self._answer(unit, folder)}

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Where the parts of an attempt go; no two attempts share a place, so one that was given up
        does no harm.
        """
        if self._shared:
            yield self._task.attempts
            return
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            yield Path(folder)

    def _answer(self, unit: Unit, base: Path) -> Answer:
        name = f"{unit.number:05d}-{secrets.token_hex(6)}"
        results, rejects = base / name / "results", base / name / "rejects"
        try:
            self._check_attempts(unit, base)
            with disk(base):
                results.mkdir(parents=True)
                rejects.mkdir()
            answer = self._decided(
                unit, PartPlace(results, rejects, unit.number, header=False, rejects_header=True)
            )
        except KeramosError as error:
            return Answer(unit.number, error=error)
        shipped = () if self._shared else tuple(_contents(base / name))
        return replace(answer, folder=name, shipped=shipped)

    def _check_attempts(self, unit: Unit, base: Path) -> None:
        lost = len(list(base.glob(f"{unit.number:05d}-*")))
        if lost >= MOST_ATTEMPTS:
            raise ClusterError(
                f"{lost} processes were lost, one after the other, with unit {unit.number} of the "
                f"source: {self._task.files[unit.start.file].name} from row or byte "
                f"{unit.start.offset}",
                remedy="Check that the nodes have enough memory",
            )

    def _decided(self, unit: Unit, place: PartPlace) -> Answer:
        task, at = self._task, unit.start
        kept = pa.schema([task.schema.field(name) for name in task.keep])
        histograms = self._scorer.histograms
        part = PartBuilder(
            place, task.form, task.schema, REJECTS_FORM, histograms, mirrored=task.mirrored
        )
        try:
            with closing(
                self._source.pieces(self._scorer, kept, unit.start, 1, unit.end)
            ) as pieces:
                for piece in pieces:
                    file = task.files[piece.file]
                    if piece.last:
                        part.end_file(file)
                        at = Position(piece.file + 1)
                        continue
                    found = placed(piece, at.rows, task.keys, file.name)
                    if found.rejected and task.fail:
                        part.abandon()
                        return Answer(unit.number, bad_file=piece.file, bad=tuple(found.rejected))
                    part.add(found, file)
                    at = Position(piece.file, at.rows + piece.rows, piece.offset)
            return Answer(unit.number, part=part.close(at))
        except BaseException:
            part.abandon()
            raise


def places(folder: str, file: SourceFile, form: str) -> tuple[Cut, ...] | KeramosError:
    """Where a file can be cut, or why that cannot be seen. Its name holds in ``folder``."""
    _go_to(folder)
    try:
        return cuts(file, form)
    except KeramosError as error:
        return error


def _go_to(folder: str) -> None:
    """Names of files hold where the command was given; a node without that folder knows only whole
    ones.
    """
    with contextlib.suppress(OSError):
        os.chdir(folder)


def _loaded(task: Task) -> Model:
    """The model, as it was shipped and proven by its golden rows."""
    if task.model.sha256 != task.sha256:
        raise MismatchError(
            "the model was changed after it was loaded, or damaged on the way",
            file=task.model.path,
            remedy="Score again",
        )
    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        path = task.model.write(Path(folder), Path(task.model.path).name)
        return load(path, replace=task.replacements, by=task.by, limits=task.limits)  # type: ignore[arg-type] # load's


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
