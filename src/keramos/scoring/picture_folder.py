"""A folder of pictures as a source: each picture is a row, in the order of their names."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.sha256 import sha256
from keramos.errors import DataError
from keramos.inference.pictures import SUFFIXES, picture_bytes, picture_column, picture_paths
from keramos.scoring.chunks import Chunk, Loaded, Malformed
from keramos.types.scoring import Pictures, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.inference.model import Model
    from keramos.inference.scored import Batch, Schema
    from keramos.scoring.formats import Format
    from keramos.types.scoring import Position

FORM = "pictures"
_MOST_FILES, _MOST_BYTES = 32, 1 << 25
_PATTERN = "*?["


def picture_source(model: Model, source: str) -> SourceFile | None:
    """The pictures of a folder and those below it, those that a pattern matches, or one, for a
    model of pictures; None for any other source.

    Raises:
        DataError: a file of a folder cannot be read.
    """
    column = picture_column(model.content) if model.content else None
    paths = _paths(source) if column and "://" not in source else []
    if column is None or not paths:
        return None
    try:
        sizes = tuple(path.stat().st_size for path in paths)
    except OSError as error:
        raise DataError(f"the pictures cannot be read: {error.strerror}", file=source) from None
    listed = Pictures(column, tuple(map(str, paths)), sizes)
    name = Path(source).name or "pictures"
    return SourceFile(source, name, sum(sizes), stamp_of(listed), pictures=listed)


def _paths(source: str) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        inside = any(one.suffix.lower() in SUFFIXES for one in path.rglob("*"))
        return picture_paths([path]) if inside else []
    if path.is_file():
        return [path] if path.suffix.lower() in SUFFIXES else []
    if not any(sign in path.name for sign in _PATTERN) or not path.parent.is_dir():
        return []
    found = sorted(path.parent.glob(path.name))
    return found if all(one.suffix.lower() in SUFFIXES for one in found) else []


def stamp_of(listed: Pictures) -> str:
    """What differs once a picture was written again, or is gone."""
    found = []
    for name in listed.names:
        try:
            state = Path(name).stat()
        except OSError:
            continue
        found.append(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0")
    return sha256("".join(found).encode(errors="replace"))


class PicturesReader:
    """The pictures of a source, some at a time; ``made`` makes a batch of their bytes."""

    def __init__(
        self,
        made: Callable[[str, Sequence[bytes]], Batch],
        file: SourceFile,
        form: Format,
        end: int = 0,
    ) -> None:
        del form, end
        if file.pictures is None:
            raise DataError("the format is for pictures, which are files", file=file.name)
        self._made, self._listed = made, file.pictures
        self._stored = np.cumsum(file.pictures.sizes)
        self.schema: Schema = made(self._listed.column, []).schema

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:
        """Rows of bytes from a picture on."""
        del columns
        for begin, end in ranges(self._listed.sizes, start.offset):
            yield Chunk(partial(self._loaded, begin, end), end, int(self._stored[end - 1]))

    def _loaded(self, begin: int, end: int) -> Loaded:
        cells, numbers, malformed = [], [], []
        names = self._listed.names[begin:end]
        for number, name in enumerate(names, 1):
            try:
                cells.append(picture_bytes(Path(name)))
                numbers.append(number)
            except DataError as error:
                malformed.append(Malformed(number, error.what, name, self._listed.column))
        kept = np.array(numbers, "int64") if malformed else None
        batch = self._made(self._listed.column, cells)
        return Loaded(batch, len(names), kept, tuple(malformed), names)


def ranges(sizes: Sequence[int], start: int = 0) -> Iterator[tuple[int, int]]:
    """From which picture to which are read together."""
    begin, held = start, 0
    for place in range(start, len(sizes)):
        full = place - begin >= _MOST_FILES or held + sizes[place] > _MOST_BYTES
        if full and place > begin:
            yield begin, place
            begin, held = place, 0
        held += sizes[place]
    if begin < len(sizes):
        yield begin, len(sizes)
