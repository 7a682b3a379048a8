"""Files and batches of a job with Arrow (extra ``tables``)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from keramos.errors import MissingExtraError
from keramos.inference.arrow_batches import ArrowBatches
from keramos.scoring.arrow_delimited import ArrowDelimitedReader
from keramos.scoring.arrow_json_lines import ArrowJsonLinesReader
from keramos.scoring.arrow_writers import join_columns, open_writer, stream_writer
from keramos.scoring.backend import KEYS, REJECTS
from keramos.scoring.columnar import IpcReader, ParquetReader
from keramos.scoring.picture_folder import FORM, PicturesReader
from keramos.tabular.arrow import kept_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.errors import Problem
    from keramos.scoring.backend import Keys
    from keramos.scoring.chunks import Reader
    from keramos.scoring.formats import Format
    from keramos.types.scoring import SourceFile


def _excel(file: SourceFile, form: Format, end: int = 0) -> Reader:
    try:
        from keramos.scoring.arrow_excel import ExcelReader  # noqa: PLC0415 (few files are)
    except ImportError as error:
        raise MissingExtraError(
            f".xlsx files need {error.name}",
            remedy="Install it with: pip install 'keramos[tables]'",
        ) from None
    return ExcelReader(file, form, end)


def _pictures(column: str, cells: Sequence[bytes]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(list(cells), pa.large_binary())], [column])


class ArrowBackend:
    """Record batches."""

    batches = ArrowBatches()
    readers: Mapping[str, Callable[..., Reader]] = {
        "parquet": ParquetReader,
        "arrow": IpcReader,
        "csv": ArrowDelimitedReader,
        "tsv": ArrowDelimitedReader,
        "jsonl": ArrowJsonLinesReader,
        FORM: partial(PicturesReader, _pictures),
        "xlsx": _excel,
    }
    rejects = pa.schema(list(REJECTS.items()))
    errors = (pa.ArrowException,)
    kept_type = staticmethod(kept_type)
    open_writer = staticmethod(open_writer)
    stream_writer = staticmethod(stream_writer)
    join_columns = staticmethod(join_columns)

    def texts(self, names: Sequence[str]) -> pa.Schema:
        """Columns of text."""
        return pa.schema([(name, pa.string()) for name in names])

    def selected(self, schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
        """Some of the columns."""
        return pa.schema([schema.field(name) for name in names])

    def with_text(self, batch: pa.RecordBatch, name: str, value: str) -> pa.RecordBatch:
        """The batch and a column of one text."""
        return batch.append_column(name, pa.repeat(value, batch.num_rows))

    def keyed(self, batch: pa.RecordBatch, keys: Keys) -> pa.RecordBatch:
        """The batch with the columns of ``keys`` before its own."""
        made = [
            pa.repeat(cells, batch.num_rows) if isinstance(cells, str) else pa.array(cells)
            for cells in keys.values()
        ]
        schema = self.with_keys(batch.schema, list(keys))
        return pa.RecordBatch.from_arrays([*made, *batch.columns], schema=schema)

    def with_keys(self, schema: pa.Schema, keys: Sequence[str]) -> pa.Schema:
        """The columns of ``keyed``."""
        return pa.schema([*((name, KEYS[name]) for name in keys), *schema])

    def listed(self, file: str, problems: Sequence[Problem]) -> pa.RecordBatch:
        """Bad cells of a file as rows of ``rejects``."""
        rows = [(file, p.row, p.column, p.reason, p.value) for p in problems]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.rejects)
        arrays = [
            pa.array(cells, field.type) for cells, field in zip(columns, self.rejects, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.rejects)
