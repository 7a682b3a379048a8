"""What is to be done, with every question answered: files, formats, places."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import CodeType
from typing import TYPE_CHECKING

import msgspec

from keramos.artifact.sha256 import sha256
from keramos.errors import MissingExtraError, UsageError
from keramos.frozen import Frozen
from keramos.platform.atomic_write import is_special
from keramos.platform.urls import is_url
from keramos.scoring.formats import (
    EXTENSIONS,
    READ_ONLY,
    TEXT,
    Format,
    common_format,
    format_of,
    stem,
)
from keramos.scoring.installed import check_formats
from keramos.scoring.picture_folder import FORM, picture_source
from keramos.scoring.sources import STDIN, find
from keramos.types.scoring import DatabaseTable, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.inference.model import Model
    from keramos.types.scoring import ScoringPlan, SourceFile

MANIFEST = "_keramos.json"
"""The summary inside of a folder of results."""

REJECTED_FILE = "_rejected.csv"
"""The list of bad rows inside of a folder of results."""

STDOUT = "-"


class Job(Frozen, frozen=True, eq=False):
    """A model, the files to score, and where the answers go.

    ``mirrored``: the target is a folder in which each file of the source has files of its own.
    ``keys`` are the columns that number the rows: none where columns are kept and no row is left
    out.
    ``identity`` is the SHA-256 of everything that decides the result. ``query`` is where rows come
    from if not from files, ``table`` where answers go if not to files.
    """

    model: Model
    files: tuple[SourceFile, ...]
    source_form: str
    target: str
    form: Format
    mirrored: bool
    plan: ScoringPlan
    identity: str
    keys: tuple[str, ...]
    query: Query | None = None
    table: DatabaseTable | None = None

    @property
    def streamed(self) -> bool:
        """Whether answers go to standard output as they are made."""
        return self.target == STDOUT

    @property
    def resumable(self) -> bool:
        """Whether a run that is stopped can go on: what is read can be read again, what is written
        shows once.
        """
        return not (
            self.files[0].stream
            or self.streamed
            or (self.table and self.table.if_exists == "append")
        )

    @property
    def work(self) -> Path:
        """The folder of unfinished work: beside a local target, in the current folder for a remote
        one.
        """
        if self.streamed:
            return Path(tempfile.gettempdir(), f"keramos-{self.identity[:16]}-{os.getpid()}")
        if is_url(self.target):
            return Path(f".keramos-{self.identity[:16]}")
        target = Path(os.path.realpath(self.target))
        return target.with_name(f".{target.name}.keramos")

    @property
    def summary(self) -> str:
        """Where the summary goes; a folder of results has it inside, standard output has none that
        is not asked for.
        """
        if self.plan.summary is None:
            return ""
        if self.streamed or self.mirrored:
            return self.plan.summary or ("" if self.streamed else self.beside(MANIFEST))
        return self.plan.summary or f"{self.table.name if self.table else self.target}.summary.json"

    @property
    def rejects(self) -> str:
        """Where the list of bad rows goes; empty for standard output, unless it is asked for."""
        if self.mirrored:
            return self.plan.rejects or self.beside(REJECTED_FILE)
        if self.streamed or self.table:
            return self.plan.rejects or (f"{self.table.name}.rejected.csv" if self.table else "")
        place = stem(self.target) if "://" not in self.target else self.target
        return self.plan.rejects or f"{place}.rejected.csv"

    def beside(self, name: str) -> str:
        """A name in the folder of results."""
        return f"{self.target.rstrip('/')}/{name}"


def plan_job(
    model: Model, source: str | Query, target: str | DatabaseTable, plan: ScoringPlan
) -> Job:
    """Look at source and target.

    Raises:
        DataError: there is nothing to score.
        UsageError: formats or options do not go together.
    """
    query = source if isinstance(source, Query) else None
    table = target if isinstance(target, DatabaseTable) else None
    files, source_form = _files(model, source, plan)
    place = _table_place(table) if table else str(target)
    written = "csv" if source_form in {"query", FORM} else source_form
    form, mirrored = (Format("arrow"), False) if table else _target(place, written, plan)
    _check_resume(files, place, table, plan)
    _check_rejects(plan)
    rejects = format_of(plan.rejects) or Format("csv")
    check_formats([*([] if query else [source_form]), form.name, rejects.name])
    keys = () if plan.keep and plan.on_error == "fail" else _keys(source, files, mirrored=mirrored)
    keys = tuple(name for name in keys if name not in plan.keep)
    stated = {
        "model": model.artifact.info.sha256,
        "target": [form, mirrored, [place, table.name, table.if_exists] if table else []],
        "plan": [plan.keep, plan.columns, plan.on_error, plan.warnings, keys],
        "files": [[file.relative, file.size, file.stamp] for file in files],
        "query": [files[0].name, query.sql] if query else [],
        **({"replace": _stated(model)} if model.replacements else {}),
        **({"by": model.by} if model.by else {}),
    }
    identity = sha256(msgspec.json.encode(stated))
    job = Job(model, files, source_form, place, form, mirrored, plan, identity, keys, query, table)
    _check_places(job)
    return job


def _files(
    model: Model, source: str | Query, plan: ScoringPlan
) -> tuple[tuple[SourceFile, ...], str]:
    """The files of a source, and their format."""
    if isinstance(source, Query):
        return (_query_file(source),), "query"
    pictures = None if plan.source_format else picture_source(model, source)
    if pictures is not None:
        return (pictures,), FORM
    files = tuple(find(source))
    given = plan.source_format or ("csv" if source == STDIN else "")
    return files, common_format([file.name for file in files], given).name


def _keys(source: str | Query, files: tuple[SourceFile, ...], *, mirrored: bool) -> tuple[str, ...]:
    """The columns that tell a row of the answers: those of many files name the file, too."""
    one = isinstance(source, Query) or (
        len(files) == 1
        and files[0].pictures is None
        and PurePosixPath(files[0].name).name == PurePosixPath(source).name
    )
    apart = mirrored and files[0].pictures is None
    return ("row",) if one or apart else ("file", "row")


def _query_file(query: Query) -> SourceFile:
    with _sql():
        from keramos.scoring.tables import query_file  # noqa: PLC0415 (an extra)
    return query_file(query)


def _table_place(table: DatabaseTable) -> str:
    """The database of a table without user, password and options."""
    with _sql():
        from keramos.scoring.database import database  # noqa: PLC0415 (an extra)
    return database(table.url).shown


@contextmanager
def _sql() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"SQL databases need {error.name}", remedy="Install it with: pip install 'keramos[sql]'"
        ) from None


def _stated(model: Model) -> dict[str, str]:
    """What stands in for layers of the model, as text: another job has other answers."""
    found = sorted(model.replacements.items())
    return {
        name: value if isinstance(value, str) else _function(getattr(value, "__code__", value))
        for name, value in found
    }


def _function(code: object) -> str:
    """A function by its code; two lambdas of one place have the same name."""
    if not isinstance(code, CodeType):
        return repr(code)
    return repr((code.co_code, [*map(_function, code.co_consts)], code.co_names))


def _target(target: str, source_form: str, plan: ScoringPlan) -> tuple[Format, bool]:
    source_form = "csv" if source_form in READ_ONLY.values() else source_form
    if target == STDOUT:
        return Format(plan.target_format or "csv"), False
    if target.endswith("/") or (not is_url(target) and Path(target).is_dir()):
        return Format(plan.target_format or source_form), True
    form = format_of(target, plan.target_format)
    form = None if form and form.name in READ_ONLY.values() else form
    suffix = PurePosixPath(target).suffix
    if form is None and suffix[1:].isalpha():  # else results.cvs would become a folder
        known = ", ".join(EXTENSIONS)
        raise UsageError(
            f"the extension is not of a known format ({known})",
            received=f"'{suffix}'",
            file=str(target),
            remedy=f"For a folder write {target}/",
        )
    return (form, False) if form else (Format(plan.target_format or source_form), True)


def _check_resume(
    files: tuple[SourceFile, ...], target: str, table: DatabaseTable | None, plan: ScoringPlan
) -> None:
    if not plan.resume:
        return
    if files[0].stream or target == STDOUT:
        raise UsageError(
            "what comes from standard input or a query, or goes to standard output, cannot be "
            "resumed",
            remedy="Start again without --resume",
        )
    if table and table.if_exists == "append":
        raise UsageError(
            f"rows that are added to table {table.name} cannot be resumed: it is unknown whether "
            "they are in it already",
            remedy="Look at the table; then start again without --resume, or with --if-exists "
            "replace",
        )


def _check_rejects(plan: ScoringPlan) -> None:
    rejects = format_of(plan.rejects) if plan.rejects else Format("csv")
    if rejects is None or rejects.name not in {*TEXT, "parquet"}:
        raise UsageError(
            "the list of bad rows can be .csv, .tsv, .jsonl or .parquet",
            file=str(plan.rejects),
        )


def _check_places(job: Job) -> None:
    """Refuse to write over what is read, or one result over another.

    Raises:
        UsageError: names the target.
    """
    names = [file.name for file in job.files if not (file.stream or is_url(file.name))]
    read = [Path(os.path.realpath(name)) for name in (job.model.artifact.info.path, *names)]
    written: list[Path] = []
    for target in _targets(job):
        place = Path(os.path.realpath(target))
        source = next((one for one in read if one == place or place in one.parents), None)
        if source is not None:
            raise _misplaced(f"the target is, or holds, the source {source}", target)
        if place in written or (written and place.is_dir()):
            raise _misplaced("the target is that of other results, or a folder", target)
        if is_special(place) and target != job.summary:
            raise _misplaced("the target is a device or a pipe", target)
        if not place.parent.is_dir():
            raise UsageError("the folder does not exist", file=str(place.parent))
        written.append(place)


def _targets(job: Job) -> list[str]:
    """The local files or the folder that a job writes, the answers first."""
    chosen = (job.plan.rejects, job.plan.summary)
    rejects, summary = chosen if job.mirrored else (job.rejects, job.summary)
    targets = (job.target, rejects if job.plan.on_error == "skip" else "", summary or "")
    return [target for target in targets if target not in {"", STDOUT} and not is_url(target)]


def _misplaced(what: str, target: str) -> UsageError:
    return UsageError(what, file=target, remedy="Write somewhere else")
