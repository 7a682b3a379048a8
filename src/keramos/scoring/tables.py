"""Databases at both ends of a job: a query as a stream of batches, parts of the answers as a
table.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from keramos.scoring.chunks import Chunk, Loaded, check_columns
from keramos.scoring.database import database
from keramos.scoring.sql import query_result, staged_table
from keramos.types.scoring import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keramos.scoring.sql import Result
    from keramos.types.scoring import DatabaseTable, Position, Query


class QueryReader:
    """The result of a query, as it arrives."""

    def __init__(self, result: Result, name: str) -> None:
        self._batches, self.schema = result.batches, result.schema
        check_columns(self.schema, name)

    def chunks(self, columns: Sequence[str], start: Position) -> Iterator[Chunk]:  # noqa: ARG002 (a stream begins once)
        """The database's own batches."""
        for batch in self._batches:
            yield _chunk(batch.select(list(columns)))


def _chunk(batch: pa.RecordBatch) -> Chunk:
    return Chunk(lambda: Loaded(batch, batch.num_rows), 0, 0)


def query_file(query: Query) -> SourceFile:
    """The query as the one file of a source; without user, password and options.

    Raises:
        UsageError: the URL names no database.
    """
    return SourceFile(database(query.url).shown, "query", 0, "", stream=True)


@contextmanager
def query_reader(query: Query) -> Iterator[QueryReader]:
    """The query's rows, while its connection is open.

    Raises:
        DataError: the database cannot be opened, or the query fails.
    """
    with query_result(query.url, query.sql) as result:
        yield QueryReader(result, database(query.url).shown)


def check_table(table: DatabaseTable, schema: pa.Schema) -> None:
    """Refuse what could not be written, before the work.

    Raises:
        UsageError: the table exists, or a column has no place in a database.
        SaveError: the database refuses.
    """
    with staged_table(table.url, table.name, if_exists=table.if_exists) as staged:
        staged.begin(schema)


def fill(table: DatabaseTable, parts: Sequence[Path], schema: pa.Schema) -> None:
    """Put the rows of all parts (Arrow IPC files) into the table, in one transaction.

    Raises:
        SaveError: the database refuses; the table is as it was before.
    """
    with staged_table(table.url, table.name, if_exists=table.if_exists) as staged:
        staged.begin(schema)
        for part in parts:
            with pa.OSFile(str(part)) as stream:
                file = pa.ipc.open_file(stream)
                for number in range(file.num_record_batches):
                    staged.write(file.get_batch(number))
        staged.publish()
