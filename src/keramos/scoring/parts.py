"""Decided pieces -> parts on the disk."""

from __future__ import annotations

import contextlib
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

from keramos.errors import DataError
from keramos.monitor.drift import DriftCounter
from keramos.scoring.formats import stem
from keramos.scoring.installed import backend
from keramos.scoring.journal import Part, PartFile, disk, standard_output
from keramos.types.scoring import FileCount, RuleCount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keramos.errors import Problem
    from keramos.inference.scored import Schema
    from keramos.scoring.backend import Writer
    from keramos.scoring.formats import Format
    from keramos.scoring.journal import PartPlace
    from keramos.scoring.pieces import Piece
    from keramos.types.schema import Preparation
    from keramos.types.scoring import Position, SourceFile

MOST_SECONDS = 30.0
MOST_FILES = 1000
"""A part is closed after so long, or with so many files of its own."""


class PartBuilder:
    """The part that is being written. With ``mirrored``, each file of the source has one of its
    own; with ``stream``, answers go there and the part has no file of them.
    """

    def __init__(
        self,
        place: PartPlace,
        form: Format,
        schema: Schema,
        rejects: Format,
        preparation: Preparation | None,
        *,
        mirrored: bool,
        stream: Writer | None = None,
    ) -> None:
        self._place, self._form, self._schema = place, form, schema
        self._rejects_form, self._mirrored, self._stream = rejects, mirrored, stream
        self._begun = monotonic()
        self._outputs: dict[str, Writer | None] = {}  # None: closed
        self._rejects: Writer | None = None
        self._rules: Counter[tuple[str, str]] = Counter()
        self._files: dict[str, Counter[str]] = {}
        self._drift = DriftCounter(preparation) if preparation else None
        self.rows = 0

    @property
    def touched(self) -> bool:
        """Whether there is anything to close."""
        return bool(self._files)

    def full(self, rows: int) -> bool:
        """Whether it is time to close the part."""
        return (
            self.rows >= rows
            or len(self._files) >= MOST_FILES
            or monotonic() - self._begun >= MOST_SECONDS
        ) and bool(self._files)

    def add(self, piece: Piece, file: SourceFile) -> None:
        """Write a piece; the rows of its rejects already count from the beginning of the file."""
        self.rows += piece.rows
        count = self._files.setdefault(file.name, Counter())
        if piece.decided is None:
            return
        count.update(rows=piece.rows, decided=piece.decided.num_rows, rejected=piece.rejected_rows)
        with self._writing():
            if piece.decided.num_rows:
                self._output(file).write(piece.decided)
        if piece.rejected:
            with disk(self._place.rejects):
                self._reject(file.name, piece.rejected)
        if self._drift is not None:
            self._drift.merge(piece.drift)

    def end_file(self, file: SourceFile) -> None:
        """No more pieces of this file follow."""
        self._files.setdefault(file.name, Counter())
        path = self._path(file)
        writer = self._outputs.get(path) if self._mirrored else None
        if writer is not None:
            with self._writing():
                writer.close()
            self._outputs[path] = None

    def close(self, end: Position) -> Part:
        """Close its files and say what they hold; it counts once it is in the journal."""
        with self._writing():
            for writer in self._open():
                writer.close()
            rejects = (
                self._measured(self._place.rejects, self._rejects_path()) if self._rejects else None
            )
            outputs = tuple(self._measured(self._place.results, path) for path in self._outputs)
        rules = tuple(RuleCount(*key, cells) for key, cells in sorted(self._rules.items()))
        files = tuple(
            FileCount(name, n["rows"], n["decided"], n["rejected"])
            for name, n in self._files.items()
        )
        return Part(
            end, outputs, rejects, rules, files, self._drift.counts() if self._drift else ()
        )

    def abandon(self) -> None:
        """Close what is open; none of it counts."""
        for writer in self._open():
            with contextlib.suppress(OSError, *backend().errors):
                writer.close()

    def _open(self) -> list[Writer]:
        return [writer for writer in (*self._outputs.values(), self._rejects) if writer is not None]

    def _path(self, file: SourceFile) -> str:
        ending = f"{self._place.number:05d}{self._form.extension}"
        if not self._mirrored:
            return f"part-{ending}"
        return f"{stem(file.relative)}-{ending}"

    def _rejects_path(self) -> str:
        return f"part-{self._place.number:05d}{self._rejects_form.extension}"

    def _output(self, file: SourceFile) -> Writer:
        if self._stream is not None:
            return self._stream
        path = self._path(file)
        writer = self._outputs.get(path)
        if writer is None:
            place = self._place.results / path
            place.parent.mkdir(parents=True, exist_ok=True)
            header = self._mirrored or self._place.header
            writer = self._outputs[path] = backend().open_writer(
                place, self._form, self._schema, header=header
            )
        return writer

    def _reject(self, file: str, rejected: Sequence[Problem]) -> None:
        if self._rejects is None:
            place = self._place.rejects / self._rejects_path()
            self._rejects = backend().open_writer(
                place,
                self._rejects_form,
                backend().rejects,
                header=self._place.rejects_header,
            )
        self._rejects.write(backend().listed(file, rejected))
        self._rules.update((problem.column, problem.reason) for problem in rejected)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with standard_output() if self._stream else disk(self._place.results.parent):
            try:
                yield
            except backend().errors as error:
                reason = str(error).partition("\n")[0]
                raise DataError(
                    f"the decided rows cannot be written as {self._form.name}: {reason}"
                ) from None

    def _measured(self, base: Path, path: str) -> PartFile:
        return PartFile(path, (base / path).stat().st_size)
