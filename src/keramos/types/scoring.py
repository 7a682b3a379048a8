"""A scoring run as values: what to do, where it stands, what came of it."""

from __future__ import annotations

from typing import Literal, TypedDict

from keramos.frozen import Frozen
from keramos.types.drift import InputDrift  # noqa: TC001 (msgspec reads the annotations)

OnError = Literal["fail", "skip"]
IfExists = Literal["fail", "append", "replace"]


class ScoringPlan(Frozen, frozen=True):
    """How to score.

    Args:
        keep: columns of the source that the answers carry along.
        columns: for a plain Keras file, the columns that are its inputs, in order; empty: all
            columns of numbers.
        on_error: fail: a bad row ends the run. skip: bad rows go to a side file, the others are
            decided.
        source_format: csv, tsv, jsonl, parquet or arrow, where the names of files do not say it.
        target_format: the same for what is written.
        warnings: answers have a column that names numbers outside the training range and unknown
            categories, where the model file records the training rows.
        rejects: side file of bad rows; empty: beside the target, and none for standard output.
        summary: where the summary goes as JSON; empty: beside the target; None: nowhere.
        resume: go on where an interrupted run of the same job stopped.
        part_rows: rows after which the work so far is safe on the disk.
        threads: batches in work at once; 0: as many as there are processors.
        ray_address: head of the cluster of the engine ray; empty: the one that RAY_ADDRESS names,
            or this machine.
        workers: processes of the engine ray, of one processor each; 0: as many as the cluster has
            processors.
    """

    keep: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    on_error: OnError = "fail"
    source_format: str = ""
    target_format: str = ""
    warnings: bool = True
    rejects: str = ""
    summary: str | None = ""
    resume: bool = False
    part_rows: int = 1 << 25
    threads: int = 0
    ray_address: str = ""
    workers: int = 0


class PlanFields(TypedDict, total=False):
    """The fields of a plan as keyword arguments of ``keramos.score``."""

    keep: tuple[str, ...]
    columns: tuple[str, ...]
    on_error: OnError
    source_format: str
    target_format: str
    warnings: bool
    rejects: str
    summary: str | None
    resume: bool
    part_rows: int
    threads: int
    ray_address: str
    workers: int


class Query(Frozen, frozen=True):
    """Rows to score that a database gives: its URL, which may hold a password, and one SELECT."""

    url: str
    sql: str

    def __repr__(self) -> str:
        """The SELECT alone."""
        return f"Query(sql={self.sql!r})"


class DatabaseTable(Frozen, frozen=True):
    """A table for the answers: the URL of its database, its name or ``schema.name``, and what to do
    where it exists: refuse, add rows to it, or put a new one in its place.
    """

    url: str
    name: str
    if_exists: IfExists = "fail"

    def __repr__(self) -> str:
        """The name alone."""
        return f"DatabaseTable(name={self.name!r}, if_exists={self.if_exists!r})"


class Pictures(Frozen, frozen=True):
    """Files of pictures, each a row of one ``column``: their paths and bytes, in order."""

    column: str
    names: tuple[str, ...]
    sizes: tuple[int, ...]


class SourceFile(Frozen, frozen=True):
    """One file to score: its name for people and for opening, its path below the source, and what
    tells a change.

    ``partition`` are the key=value folders on the way to it, as columns. ``stream``: it can be read
    once only, as standard input and the result of a query. ``pictures`` are those of a folder,
    which together are one source.
    """

    name: str
    relative: str
    size: int
    stamp: str
    partition: tuple[tuple[str, str], ...] = ()
    stream: bool = False
    pictures: Pictures | None = None


class Position(Frozen, frozen=True):
    """A place in the source between two batches: so many rows of file number ``file`` (from 0) are
    done.

    ``offset`` is the same place in bytes, where a format can begin to read anywhere.
    """

    file: int = 0
    rows: int = 0
    offset: int = 0


class RuleCount(Frozen, frozen=True):
    """Cells of one column that broke one rule."""

    column: str
    rule: str
    cells: int


class FileCount(Frozen, frozen=True):
    """Rows of one file: ``rows`` = ``decided`` + ``rejected``."""

    name: str
    rows: int
    decided: int
    rejected: int


class Totals(Frozen, frozen=True):
    """What became of all rows: ``rows`` = ``decided`` + ``rejected``."""

    rows: int
    decided: int
    rejected: int
    rules: tuple[RuleCount, ...]
    files: tuple[FileCount, ...]
    drift: tuple[InputDrift, ...]


class ScoringSummary(Frozen, frozen=True):
    """The result of a scoring run. ``outputs`` are the files written; ``ignored`` are columns that
    the model has no use for; ``job`` tells one job from another.
    """

    model: str
    model_sha256: str
    engine: str
    totals: Totals
    outputs: tuple[str, ...]
    rejects: str
    seconds: float
    resumed: bool
    job: str
    version: int = 1
    ignored: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """How many rows, where they are, and which rules bad ones broke."""
        found = self.totals
        lines = [
            (
                f"{found.rows:,} rows = {found.decided:,} decided + {found.rejected:,} rejected "
                f"in {self.seconds:,.1f} s: {', '.join(self.outputs[:3])}"
            )
        ]
        lines += [f"  {rule.cells:,} x '{rule.column}': {rule.rule}" for rule in found.rules[:8]]
        return "\n".join(lines)


class Progress(Frozen, frozen=True):
    """Where a run stands. ``bytes_done`` of ``bytes_all`` bytes of the source; 0 of 0 where its
    size is unknown.

    ``rows_now`` and ``bytes_now`` are those of this process, without what an interrupted run did
    before.
    """

    rows: int
    rejected: int
    bytes_done: int
    bytes_all: int
    rows_now: int
    bytes_now: int
    seconds: float
