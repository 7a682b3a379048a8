"""What is to be done, with every question answered: files, formats, places."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from keramos.errors import UsageError
from keramos.scoring.formats import TEXT, Format, common_format, format_of, stem
from keramos.scoring.sources import STDIN, find, is_url

if TYPE_CHECKING:
    from keramos.pipeline.model import Model
    from keramos.types.scoring import ScoringPlan, SourceFile

MANIFEST = "_keramos.json"
"""The summary inside of a folder of results."""

REJECTED_FILE = "_rejected.csv"
"""The list of bad rows inside of a folder of results."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A model, the files to score, and where the answers go.

    ``mirrored``: the target is a folder in which each file of the source has files of its own. ``identity`` is the
    SHA-256 of everything that decides the result.
    """

    model: Model
    files: tuple[SourceFile, ...]
    source_form: str
    target: str
    form: Format
    mirrored: bool
    plan: ScoringPlan
    identity: str

    @property
    def work(self) -> Path:
        """The folder of unfinished work: beside a local target, in the current folder for a remote one."""
        if is_url(self.target):
            return Path(f".keramos-{self.identity[:16]}")
        target = Path(self.target).resolve()
        return target.with_name(f".{target.name}.keramos")

    @property
    def summary(self) -> str:
        """Where the summary goes; a folder of results has it inside."""
        return self.plan.summary or (self.beside(MANIFEST) if self.mirrored else f"{self.target}.summary.json")

    @property
    def rejects(self) -> str:
        """Where the list of bad rows goes."""
        if self.mirrored:
            return self.plan.rejects or self.beside(REJECTED_FILE)
        place = stem(self.target) if "://" not in self.target else self.target
        return self.plan.rejects or f"{place}.rejected.csv"

    def beside(self, name: str) -> str:
        """A name in the folder of results."""
        return f"{self.target.rstrip('/')}/{name}"


def plan_job(model: Model, source: str, target: str, plan: ScoringPlan) -> Job:
    """Look at source and target.

    Raises:
        DataError: there is nothing to score.
        UsageError: formats or options do not go together.
    """
    files = tuple(find(source))
    if source == STDIN and not plan.source_format:
        raise UsageError("standard input has no name that says its format; add --format csv, jsonl, arrow ...")
    source_form = common_format([file.name for file in files], plan.source_format).name
    form, mirrored = _target(target, source_form, plan)
    if plan.resume and STDIN in {source, target}:
        raise UsageError("what comes from standard input or goes to standard output cannot be resumed")
    _check_places(files, target, plan)
    stated = {
        "model": model.artifact.info.sha256,
        "target": [form, mirrored],
        "plan": [plan.keep, plan.on_error],
        "files": [[file.relative, file.size, file.stamp] for file in files],
    }
    identity = hashlib.sha256(msgspec.json.encode(stated)).hexdigest()
    return Job(model, files, source_form, target, form, mirrored, plan, identity)


def _target(target: str, source_form: str, plan: ScoringPlan) -> tuple[Format, bool]:
    if target == STDIN:
        return Format(plan.target_format or "csv"), False
    if target.endswith("/") or (not is_url(target) and Path(target).is_dir()):
        return Format(plan.target_format or source_form), True
    form = format_of(target, plan.target_format)
    return (form, False) if form else (Format(plan.target_format or source_form), True)


def _check_places(files: tuple[SourceFile, ...], target: str, plan: ScoringPlan) -> None:
    """Refuse to write over what is read."""
    if target == STDIN or is_url(target):
        return
    place = Path(target).resolve()
    for file in files:
        if file.name == STDIN or is_url(file.name):
            continue
        source = Path(file.name).resolve()
        if source == place or place in source.parents:
            raise UsageError(f"{target} is, or holds, the source {file.name}; write somewhere else")
    if not place.parent.is_dir():
        raise UsageError(f"the folder {place.parent} does not exist")
    rejects = format_of(plan.rejects) if plan.rejects else Format("csv")
    if rejects is None or rejects.name not in {*TEXT, "parquet"}:
        raise UsageError(f"{plan.rejects}: the list of bad rows can be .csv, .tsv, .jsonl or .parquet")
