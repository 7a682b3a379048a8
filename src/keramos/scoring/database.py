"""SQL databases by URL, through ADBC (https://arrow.apache.org/adbc): connections, and errors
without credentials.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, cast
from urllib.parse import quote, unquote

import pyarrow as pa

from keramos.errors import DataError, KeramosError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EXAMPLES = "sqlite:///folder/file.db (four slashes for an absolute path) or postgresql://user@host:5432/database"
_WORD = r"(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_SERVER = re.compile(
    rf"(?:{_WORD}(?::(?P<password>{_WORD}))?@)?(?P<place>[\w.,:\[\]%-]*(?:/[^/@?#]*)?)(?:\?(?P<options>[^?#@]*))?"
)
"""What follows postgresql:// (RFC 3986; https://www.postgresql.org/docs/current/libpq-connect.html,
part 34.1.1.2).
"""


class Statement(Protocol):
    """What is used of an ADBC statement."""

    def set_options(self, **options: str) -> None:
        """Set options of the driver."""


class Cursor(Protocol):
    """What is used of an ADBC cursor (PEP 249 with Arrow)."""

    adbc_statement: Statement

    def execute(self, operation: str) -> object:
        """Run one statement."""

    def fetch_record_batch(self) -> pa.RecordBatchReader:
        """The result, batch by batch."""

    def fetchone(self) -> tuple[object, ...] | None:
        """The first row of the result."""

    def adbc_ingest(self, table_name: str, data: pa.Table, *, mode: str, temporary: bool) -> int:
        """Write Arrow data to a table."""

    def close(self) -> None:
        """Free the cursor."""


class Dialect(NamedTuple):
    """What differs between databases.

    ``read_only`` and ``writing`` are said to a new connection, ``options`` to its statements.
    ``typed``: columns have types of their own. ``schemas``: a table may be named schema.name;
    temporary ones are in ``temporary``. ``exists`` makes the question whether a table exists.
    ``as_text`` are the types that the driver cannot write.
    """

    driver: str
    uri: Callable[[str, bool], str]
    read_only: tuple[str, ...]
    writing: tuple[str, ...]
    options: Mapping[str, str]
    typed: bool
    schemas: bool
    temporary: str
    exists: Callable[[str], str]
    as_text: tuple[Callable[[pa.DataType], bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Database:
    """A database. ``shown`` names it without user, password and options; ``secrets`` never reach a
    message.
    """

    shown: str
    dialect: Dialect
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def clean(self, text: object) -> str:
        """A driver's message without what the URL holds of credentials."""
        words = str(text)
        for secret in self.secrets:
            words = words.replace(secret, "***")
        return " ".join(words.split())


def database(url: str) -> Database:
    """The database that ``url`` names.

    Raises:
        UsageError: no such kind of database, or the URL is not written as such URLs are.
    """
    scheme, separator, rest = url.partition("://")
    kind = scheme.lower()
    if not separator or kind not in _DIALECTS:
        said = f"'{kind}://'" if separator else "no database URL"
        raise UsageError(f"a database is written {_EXAMPLES}", received=said)
    if kind == "sqlite":
        if not rest.startswith("/") or not rest.strip("/ "):
            raise UsageError(
                "a SQLite URL names a file and nothing else",
                remedy=f"Write it as in {_EXAMPLES}",
            )
        return Database(url, _SQLITE, url, ())
    found = _SERVER.fullmatch(rest)
    if found is None:
        raise UsageError(
            "the database URL cannot be read: in user, password and options the characters @ : / "
            "? # % are written %40 %3A %2F %3F %23 %25",
            remedy=f"Write it as in {_EXAMPLES}",
        )
    return Database(f"{kind}://{found['place']}", _DIALECTS[kind], url, _secrets(url, found))


def _secrets(url: str, parts: re.Match[str]) -> tuple[str, ...]:
    options = (option.partition("=") for option in (parts["options"] or "").split("&"))
    words = {
        parts["password"] or "",
        *(value for name, _, value in options if "password" in name.lower()),
    }
    return tuple(
        sorted((words | {unquote(word) for word in words} | {url}) - {""}, key=len, reverse=True)
    )


@contextlib.contextmanager
def told(source: Database, kind: type[KeramosError], what: str) -> Iterator[None]:
    """Turn a driver's error into one of keramos, without credentials.

    Args:
        source: the database that is spoken to.
        kind: the error to raise.
        what: what could not be done, for the message.
    """
    try:
        yield
    except KeramosError:
        raise
    except Exception as error:  # each driver raises classes of its own, and OSError from a stream
        if not _from_driver(error):
            raise
        reason = source.clean(error)
        raise kind(f"{source.shown}: {what}: {reason}") from None


def _from_driver(error: Exception) -> bool:
    """ADBC's own classes; and what pyarrow raises where a stream of a driver breaks: ArrowException
    or OSError.
    """
    return isinstance(error, OSError) or any(
        kind.__module__.startswith(("adbc_driver_manager", "pyarrow"))
        for kind in type(error).__mro__
    )


class Connection:
    """One open connection with one cursor; a context manager."""

    def __init__(self, source: Database, *, read_only: bool) -> None:
        dialect = source.dialect
        driver = _driver(dialect)
        with told(source, DataError, "cannot be opened"):
            self._connection = driver.connect(dialect.uri(source.url, read_only), autocommit=True)
        self.source = source
        try:
            self.cursor = cast("Cursor", self._connection.cursor())
            self.cursor.adbc_statement.set_options(**dialect.options)
            with told(source, DataError, "cannot be opened"):
                for words in dialect.read_only if read_only else dialect.writing:
                    self.cursor.execute(words)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        """This connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close cursor and connection; what was not committed is undone."""
        self.cursor.close()
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self, *, keep: bool) -> Iterator[Cursor]:
        """A transaction around the statements inside; rolled back on an error, or where it is not
        to be kept.
        """
        handle = self._connection.adbc_connection
        handle.set_autocommit(False)
        try:
            yield self.cursor
            (handle.commit if keep else handle.rollback)()
        except BaseException:
            handle.rollback()
            raise
        finally:
            handle.set_autocommit(True)


class _Driver(Protocol):
    def connect(self, uri: str, *, autocommit: bool) -> _DriverConnection: ...


class _DriverConnection(Protocol):
    adbc_connection: _Handle

    def cursor(self) -> object: ...
    def close(self) -> None: ...


class _Handle(Protocol):
    def set_autocommit(self, enabled: bool) -> None: ...  # noqa: FBT001 (ADBC's signature)
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


def _driver(dialect: Dialect) -> _Driver:
    try:
        return cast("_Driver", importlib.import_module(dialect.driver))
    except ImportError as error:
        raise MissingExtraError(
            f"SQL databases need {error.name}", remedy="Install it with: pip install 'keramos[sql]'"
        ) from None


def _sqlite_uri(url: str, read_only: bool) -> str:  # noqa: FBT001 (a column of the table of dialects)
    """SQLite's own URI (https://sqlite.org/uri.html); a file that is only read is never created."""
    path = Path(url.partition("://")[2].removeprefix("/"))
    if read_only and not path.is_file():
        raise DataError("the file does not exist", file=str(path))
    if not path.parent.is_dir():
        raise DataError(f"the folder {path.parent} does not exist", file=str(path))
    return f"file:{quote(str(path))}?mode={'ro' if read_only else 'rwc'}"


def _postgresql_uri(url: str, read_only: bool) -> str:  # noqa: ARG001, FBT001
    return f"postgresql://{url.partition('://')[2]}"


_WAIT = "PRAGMA busy_timeout = 60000"  # ms; another program may be writing

_SQLITE = Dialect(
    "adbc_driver_sqlite.dbapi",
    _sqlite_uri,
    read_only=(_WAIT,),
    writing=(_WAIT,),
    options={
        "adbc.sqlite.query.batch_rows": "65536"
    },  # the driver takes the types that fit the first batch
    typed=False,
    schemas=False,
    temporary="temp",
    exists="SELECT count(*) > 0 FROM pragma_table_info({}, 'main')".format,
    as_text=(pa.types.is_decimal, pa.types.is_time),
)
_POSTGRESQL = Dialect(
    "adbc_driver_postgresql.dbapi",
    _postgresql_uri,
    read_only=("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
    writing=(),
    options={},
    typed=True,
    schemas=True,
    temporary="pg_temp",
    exists="SELECT to_regclass({}) IS NOT NULL".format,
)
_DIALECTS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL, "postgres": _POSTGRESQL}
"""Scheme of the URL -> dialect."""
