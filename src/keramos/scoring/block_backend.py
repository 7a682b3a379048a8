"""Files and batches of a job without Arrow: text alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.errors import MissingExtraError
from keramos.inference.block_batches import BlockBatches
from keramos.scoring.backend import KEYS, REJECTS
from keramos.scoring.block_delimited import BlockDelimitedReader
from keramos.scoring.block_json_lines import BlockJsonLinesReader
from keramos.scoring.block_writers import open_writer, stream_writer
from keramos.scoring.json_cells import JSON
from keramos.scoring.picture_folder import FORM, PicturesReader
from keramos.types.block import Block, Field, Fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keramos.errors import Problem
    from keramos.scoring.backend import Keys
    from keramos.scoring.chunks import Reader
    from keramos.scoring.formats import Format
    from keramos.types.block import Cells


def _pictures(column: str, cells: Sequence[bytes]) -> Block:
    return Block(Fields([Field(column, "binary")]), {column: list(cells)}, len(cells))


class BlockBackend:
    """Blocks of plain columns."""

    batches = BlockBatches()
    readers: Mapping[str, Callable[..., Reader]] = {
        "csv": BlockDelimitedReader,
        "tsv": BlockDelimitedReader,
        "jsonl": BlockJsonLinesReader,
        FORM: partial(PicturesReader, _pictures),
    }
    rejects = Fields(Field(*field) for field in REJECTS.items())
    errors: tuple[type[Exception], ...] = ()
    open_writer = staticmethod(open_writer)
    stream_writer = staticmethod(stream_writer)

    def texts(self, names: Sequence[str]) -> Fields:
        """Columns of text."""
        return Fields(Field(name, "string") for name in names)

    def selected(self, schema: Fields, names: Sequence[str]) -> Fields:
        """Some of the columns."""
        return Fields(schema.field(name) for name in names)

    def with_text(self, batch: Block, name: str, value: str) -> Block:
        """The batch and a column of one text."""
        cells = {**batch.cells, name: [value] * batch.num_rows}
        return Block(batch.schema.append(Field(name, "string")), cells, batch.num_rows)

    def keyed(self, batch: Block, keys: Keys) -> Block:
        """The batch with the columns of ``keys`` before its own."""
        made: dict[str, Cells] = {
            name: [cells] * batch.num_rows if isinstance(cells, str) else cells
            for name, cells in keys.items()
        }
        return Block(
            self.with_keys(batch.schema, list(keys)), made | dict(batch.cells), batch.num_rows
        )

    def with_keys(self, schema: Fields, keys: Sequence[str]) -> Fields:
        """The columns of ``keyed``."""
        return Fields((*(Field(name, KEYS[name]) for name in keys), *schema))

    def kept_type(self, kind: str) -> str:
        """The type of a column that answers carry along."""
        return "string" if kind == JSON else kind

    def listed(self, file: str, problems: Sequence[Problem]) -> Block:
        """Bad cells of a file as rows of ``rejects``."""
        cells: dict[str, Cells] = {
            "file": [file] * len(problems),
            "row": [problem.row for problem in problems],
            "column": [problem.column for problem in problems],
            "rule": [problem.reason for problem in problems],
            "value": [problem.value for problem in problems],
        }
        return Block(self.rejects, cells, len(problems))

    def join_columns(self, parts: Sequence[Path], path: Path, form: Format, schema: Fields) -> None:
        """No such format is written without Arrow."""
        del parts, schema
        raise MissingExtraError(f"{form.name} files need pyarrow", file=str(path))
