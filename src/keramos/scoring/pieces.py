"""The source as decided pieces, in order: files opened, read ahead, decided by several threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from keramos.data.conform import check_present
from keramos.errors import DataError, Problem
from keramos.frozen import Frozen
from keramos.scoring.formats import TEXT, format_of
from keramos.scoring.installed import backend
from keramos.scoring.overlap import in_order
from keramos.scoring.sources import check_unchanged
from keramos.types.scoring import Position

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.inference.scored import Batch, Schema, Scored, Scorer
    from keramos.scoring.chunks import Chunk, Loaded, Reader
    from keramos.types.drift import InputCounts
    from keramos.types.scoring import SourceFile


class Piece(Frozen, frozen=True, eq=False):
    """A decided piece of file number ``file``, or with ``last`` its end. ``rejected`` has
    bad cells with rows counted from the beginning of the piece, and ``numbers`` are those of the
    decided rows, ``names`` their files, where each row is one.
    """

    file: int
    offset: int
    stored: int
    rows: int = 0
    decided: Batch | None = None
    numbers: NDArray[np.int64] | None = None
    rejected: Sequence[Problem] = ()
    rejected_rows: int = 0
    drift: tuple[InputCounts, ...] = ()
    last: bool = False
    names: tuple[str, ...] = ()


class Source:
    """Files of one format with the columns that a model needs; or a stream, which ``stream`` reads
    once.
    """

    def __init__(
        self, files: Sequence[SourceFile], form: str, stream: Reader | None = None
    ) -> None:
        self.files = tuple(files)
        self.form = form
        self._stream = stream

    def schema(self) -> Schema:
        """The columns of the first file that has any; partitions are columns too. None where JSON
        Lines have no row that names one.

        Raises:
            DataError: all files are empty, and their format has a header.
        """
        if self.files[0].stream:
            self._stream = self._reader(self.files[0])
            return self._stream.schema
        for file in self.files:
            if not self._empty(file) and (schema := self._reader(file).schema).names:
                return _with_partition(schema, file)
        if self.form == "jsonl":
            return backend().texts([])
        raise DataError("every file is empty, so there are no columns", file=self.files[0].name)

    def _empty(self, file: SourceFile) -> bool:
        return self.form in TEXT and file.size == 0 and not file.stream

    def _reader(self, file: SourceFile, end: int = 0) -> Reader:
        if self._stream is not None:
            return self._stream
        form = format_of(file.name, self.form)
        if form is None:
            raise DataError("the format of the file is not known", file=file.name)
        return backend().readers[self.form](file, form, end)

    def pieces(
        self,
        scorer: Scorer,
        kept: Schema,
        start: Position,
        threads: int,
        end: Position | None = None,
    ) -> Generator[Piece]:
        """What became of all rows from ``start`` on, up to ``end`` or all.

        Args:
            scorer: decides.
            kept: the kept columns, which must have these types in every file.
            start: where an earlier run stopped.
            threads: batches in work at once.
            end: a place where a piece ends.

        Raises:
            DataError: a file cannot be read, lacks a column, or was changed meanwhile.
        """

        def work(step: tuple[int, Chunk | None]) -> Piece:
            number, chunk = step
            if chunk is None:
                return Piece(number, 0, self.files[number].size, last=True)
            return _decided(chunk, number, self.files[number], scorer, kept)

        return in_order(
            self._steps([*scorer.needs], kept, start, end or Position(len(self.files))),
            work,
            threads,
        )

    def _steps(
        self, needs: list[str], kept: Schema, start: Position, end: Position
    ) -> Iterator[tuple[int, Chunk | None]]:
        for number in range(start.file, end.file + (end.offset > 0)):
            file = self.files[number]
            at = start if number == start.file else Position(number)
            until = end.offset if number == end.file else 0
            if not self._empty(file):
                for chunk in self._chunks(file, needs, kept, at, until):
                    yield number, chunk
                    if until and chunk.offset >= until:
                        break
            check_unchanged(file)
            if not until:
                yield number, None

    def _chunks(
        self, file: SourceFile, needs: list[str], kept: Schema, start: Position, end: int
    ) -> Iterator[Chunk]:
        reader = self._reader(file, end if self.form in TEXT else 0)
        if not reader.schema.names:  # JSON Lines without a row
            return
        own = _with_partition(reader.schema, file)
        check_present(own.names, needs, file.name)
        _check_kept(own, kept, file.name, self.files[0].name)
        yield from reader.chunks([name for name in needs if name in reader.schema.names], start)


def _with_partition(schema: Schema, file: SourceFile) -> Schema:
    for key, _ in file.partition:
        if key not in schema.names:
            (field,) = backend().texts([key])
            schema = schema.append(field)
    return schema


def _check_kept(own: Schema, kept: Schema, name: str, first: str) -> None:
    for field in kept:
        if backend().kept_type(own.field(field.name).type) != field.type:
            raise DataError(
                f"a column that is kept must have one type in all files; it is {field.type} in "
                f"{first}",
                received=str(own.field(field.name).type),
                file=name,
                column=field.name,
            )


def _check_cells(decided: Batch, kept: Schema, name: str) -> None:
    """Refuse JSON Lines whose kept cells have other types than those in the first block, by which
    the answers' columns were chosen: a cell is carried exactly or not at all.
    """
    for place, field in enumerate(kept):
        found = decided.schema.field(place).type
        if found != field.type:
            raise DataError(
                f"a column that is kept has cells of other types further on; at first it is "
                f"{field.type}",
                received=str(found),
                file=name,
                column=field.name,
                remedy="Give all its cells one type, for example text",
            )


def _decided(chunk: Chunk, number: int, file: SourceFile, scorer: Scorer, kept: Schema) -> Piece:
    loaded = chunk.load()
    batch = loaded.batch
    for key, value in file.partition:
        if key in scorer.needs and key not in batch.schema.names:
            batch = backend().with_text(batch, key, value)
    scored = scorer.score(batch, file.name)
    _check_cells(scored.decided, kept, file.name)
    rejected = _rejected(scored.rejected, loaded)
    bad = scored.rejected_rows + len({row.row for row in loaded.malformed})
    numbers = _decided_rows(scored, loaded)
    return Piece(
        number,
        chunk.offset,
        chunk.stored,
        loaded.rows,
        scored.decided,
        numbers,
        rejected,
        bad,
        scored.drift,
        names=tuple(loaded.names[row - 1] for row in numbers.tolist()) if loaded.names else (),
    )


def _decided_rows(scored: Scored, loaded: Loaded) -> NDArray[np.int64]:
    """The numbers, from 1, of the rows of a piece that are decided."""
    good = np.ones(scored.rows, bool)
    good[[problem.row - 1 for problem in scored.rejected]] = False
    numbers = np.arange(1, scored.rows + 1) if loaded.numbers is None else loaded.numbers
    return numbers[good if scored.places is None else scored.places]


def _rejected(problems: Sequence[Problem], loaded: Loaded) -> list[Problem]:
    """Cells and malformed rows as one list by row."""
    numbers = loaded.numbers
    found = [
        problem if numbers is None else replace(problem, row=int(numbers[problem.row - 1]))
        for problem in problems
    ]
    if loaded.malformed:
        found += [Problem(odd.row, odd.column, odd.value, odd.rule) for odd in loaded.malformed]
        found.sort(key=lambda problem: (problem.row, problem.column))
    if loaded.names:
        found = [replace(problem, value=loaded.names[problem.row - 1]) for problem in found]
    return found
