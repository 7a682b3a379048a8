"""The result of a query in, a table out, both as streams of Arrow batches.

A table appears with all its rows or not at all: rows gather in a temporary table, which the
database itself forgets when the connection ends, however it ends, and one transaction at the end
makes the table of it. Until then nobody else sees anything, and nobody waits for a lock.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from keramos.errors import DataError, SaveError, UsageError
from keramos.scoring.database import Connection, database, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.scoring.database import Cursor, Database
    from keramos.types.scoring import IfExists

_STAGING = "keramos_staging"

_SENTINELS = {"text": "''", "real": "0.5", "blob": "x''"}
"""SQLite's typeof -> a literal of that type; an integer needs none, as the driver takes nothing but
NULL for one.
"""

_MISMATCH = re.compile(r"Type mismatch in column (\d+): expected (\w+) but got (\S+)")


class Result(NamedTuple):
    """A query's result as it arrives."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


@contextlib.contextmanager
def query_result(url: str, query: str) -> Iterator[Result]:
    """The rows that a query gives; the connection can only read.

    Raises:
        UsageError: the URL names no database.
        DataError: it cannot be opened, or the query fails, now or while rows arrive.
    """
    source = database(url)
    words = query.strip().rstrip(";").strip()
    with Connection(source, read_only=True) as connection, contextlib.ExitStack() as open_readers:
        with told(source, DataError, "the query failed"):
            # A look at the columns alone refuses what is no query before anything runs.
            connection.cursor.execute(f"SELECT * FROM (\n{words}\n) AS q LIMIT 0")
            raw = _arriving(connection, words, open_readers)
        schema = _plain(source, raw.schema)
        yield Result(schema, _checked(source, raw.batches, schema))


def _arriving(connection: Connection, query: str, open_readers: contextlib.ExitStack) -> Result:
    """The result as the driver gives it; where rows make its types, the first ones are looked
    at.
    """
    reader = _run(connection, query)
    if connection.source.dialect.typed:
        open_readers.callback(reader.close)
        return Result(reader.schema, reader)
    first = next(reader, None)
    empty = (
        []
        if first is None
        else [n for n, cells in zip(first.schema.names, first, strict=True) if _all_null(cells)]
    )
    if first is not None and empty:
        reader.close()
        reader = _run(connection, _with_types(connection, query, first.schema.names, empty))
        first = next(reader).slice(1)
    open_readers.callback(reader.close)
    return Result(reader.schema, itertools.chain([] if first is None else [first], reader))


def _all_null(cells: pa.Array) -> bool:
    return bool(cells.null_count == len(cells))


def _run(connection: Connection, query: str) -> pa.RecordBatchReader:
    connection.cursor.execute(query)
    return connection.cursor.fetch_record_batch()


def _with_types(connection: Connection, query: str, names: list[str], empty: list[str]) -> str:
    """The query behind one row that shows the type of each column that began with nothing but
    NULL.
    """
    literals = dict.fromkeys(names, "NULL")
    for name in empty:
        connection.cursor.execute(
            f"SELECT typeof({quoted(name)}) FROM (\n{query}\n) WHERE {quoted(name)} NOTNULL LIMIT 1"
        )
        found = connection.cursor.fetchone()
        literals[name] = _SENTINELS.get(str(found[0]), "NULL") if found else "NULL"
    row = ", ".join(f"{literal} AS {quoted(name)}" for name, literal in literals.items())
    return f"SELECT {row} UNION ALL SELECT * FROM (\n{query}\n)"


def _plain(source: Database, schema: pa.Schema) -> pa.Schema:
    """The schema without extensions: PostgreSQL's numeric, json and uuid arrive as extensions of
    text.
    """
    twice = [name for name, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise DataError(
            "the query gives the column more than once",
            file=source.shown,
            column=twice[0],
            remedy="Rename one (AS)",
        )
    kinds = [
        kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
        for kind in schema.types
    ]
    return pa.schema(list(zip(schema.names, kinds, strict=True)))


def _checked(
    source: Database, batches: Iterator[pa.RecordBatch], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The batches in plain types; what breaks on the way says where."""
    rows = 0
    try:
        with told(source, DataError, "the query failed"):
            for batch in batches:
                columns = [
                    cells.storage if isinstance(cells, pa.ExtensionArray) else cells
                    for cells in batch.columns
                ]
                yield pa.record_batch(columns, schema=schema)
                rows += batch.num_rows
    except DataError as error:
        raise DataError(
            f"{error} (after {rows:,} rows)", remedy=_remedy(str(error), schema)
        ) from None


def _remedy(words: str, schema: pa.Schema) -> str | None:
    found = _MISMATCH.search(words)
    if not found:
        return None
    name = quoted(schema.names[int(found[1])])
    kind = "REAL" if found[3] == "DOUBLE" else "TEXT"
    return (
        f"Say what column {name} is, since SQLite's cells need not agree: "
        f"CAST({name} AS {kind}) AS {name}"
    )


def quoted(name: str) -> str:
    """An SQL identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class StagedTable:
    """Rows on their way to a table; use ``staged_table``."""

    def __init__(self, connection: Connection, table: str, if_exists: IfExists) -> None:
        self._connection = connection
        self._source = connection.source
        self._table = _Name.of(table, connection.source)
        self._if_exists = if_exists
        self._columns: tuple[str, ...] = ()

    def begin(self, schema: pa.Schema) -> None:
        """Make the temporary table, and try to make the real one of it, so that a refusal comes
        before the work.
        """
        with told(self._source, SaveError, f"table {self._table.name} cannot be written"):
            self._ingest(schema.empty_table(), "create")
            self._columns = tuple(schema.names)
            self._make(keep=False)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the temporary table."""
        with told(
            self._source, SaveError, f"rows could not be written for table {self._table.name}"
        ):
            self._ingest(pa.Table.from_batches([batch]), "append")

    def publish(self) -> None:
        """Make the table, in one transaction."""
        with told(
            self._source,
            SaveError,
            f"table {self._table.name} could not be written; it is as it was before",
        ):
            self._make(keep=True)

    def _ingest(self, rows: pa.Table, mode: str) -> None:
        self._connection.cursor.adbc_ingest(
            _STAGING, _storable(self._source, rows), mode=mode, temporary=True
        )

    def _make(self, *, keep: bool) -> None:
        staged = f"{self._source.dialect.temporary}.{quoted(_STAGING)}"
        name = self._table.sql
        with self._connection.transaction(keep=keep) as cursor:
            there = self._exists(cursor)
            if there and self._if_exists == "append":
                columns = ", ".join(quoted(column) for column in self._columns)
                cursor.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {staged}")
                return
            if there:
                cursor.execute(f"DROP TABLE {name}")
            cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM {staged}")

    def _exists(self, cursor: Cursor) -> bool:
        cursor.execute(self._source.dialect.exists(self._table.literal))
        there = cursor.fetchone() == (True,)
        if there and self._if_exists == "fail":
            raise UsageError(
                f"table {self._table.name} exists",
                file=self._source.shown,
                remedy="Say what to do with --if-exists append or replace, or name another table",
            )
        return there


class _Name(NamedTuple):
    """A table's name: for people, as SQL, and as an SQL text for a look into the catalogue."""

    name: str
    sql: str
    literal: str

    @classmethod
    def of(cls, table: str, source: Database) -> _Name:
        parts = table.split(".", 1) if source.dialect.schemas else [table]
        if not all(parts) or "\0" in table:
            raise UsageError("the name of a table is name or schema.name", received=repr(table))
        sql = ".".join(quoted(part) for part in parts)
        text = sql if source.dialect.schemas else table
        return cls(table, sql, "'" + text.replace("'", "''") + "'")


def _storable(source: Database, rows: pa.Table) -> pa.Table:
    """The rows in types that the driver can write: categories as what they name, what else it lacks
    as text.
    """
    kinds = [_storable_kind(source, field) for field in rows.schema]
    return rows.cast(pa.schema(list(zip(rows.schema.names, kinds, strict=True))))


def _storable_kind(source: Database, field: pa.Field) -> pa.DataType:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_nested(kind):
        raise UsageError(
            f"a cell of a table in {source.shown} is one value",
            received=f"type {kind}",
            column=field.name,
        )
    return pa.string() if any(test(kind) for test in source.dialect.as_text) else kind


@contextlib.contextmanager
def staged_table(url: str, table: str, *, if_exists: IfExists = "fail") -> Iterator[StagedTable]:
    """Rows for a table; nothing of them is seen before ``publish``, and nothing stays without it.

    Args:
        url: the database.
        table: its name, or ``schema.name``.
        if_exists: what to do with a table of that name: refuse, add rows to it by column name, or
            put a new one in its place (its indexes and rights go with it).

    Raises:
        UsageError: no such database, or the table exists and ``if_exists`` is ``fail``.
        DataError: the database cannot be opened.
        SaveError: rows cannot be written; the table is as it was before.
    """
    with Connection(database(url), read_only=False) as connection:
        yield StagedTable(connection, table, if_exists)
