"""The files of a folder, sorted: models, companions, tables, source, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.adoption.model_files import WHOLE, is_model_file, models_below
from keramos.artifact.containers.saved_model_files import METADATA
from keramos.artifact.files import file_names
from keramos.companions.read import read_companion
from keramos.companions.table import is_companion
from keramos.errors import KeramosError, UsageError
from keramos.types.companions import LeftOut
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keramos.types.companions import Companion
    from keramos.types.limits import Limits

TABLES = (".csv", ".tsv", ".parquet", ".data", ".xlsx")
SOURCES = (".py", ".ipynb")
_SKIPPED = ("requirements", "readme", "license", "node_modules/", "venv/", "runtime.txt")
_MOST_COMPANIONS = 200
_MOST_TABLE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Pieces:
    """Paths of models, tables and source, companions as data, and what is left out."""

    models: tuple[str, ...]
    companions: tuple[Companion, ...] = ()
    tables: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    root: str = ""

    def short(self, path: str) -> str:
        """A path as people know it: below the folder that was given."""
        return path.removeprefix(self.root).lstrip("/") if self.root else Path(path).name


@dataclass(slots=True)
class _Sorting:
    models: list[str] = field(default_factory=list)
    companions: list[Companion] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def gather(paths: Sequence[str], limits: Limits = LIMITS) -> Pieces:
    """The pieces among files, or in one folder and the folders in it.

    Raises:
        UsageError: there is no model among them.
        KeramosError: a file that was named cannot be read; in a folder such files are left out.
    """
    folders = [path for path in paths if Path(path).is_dir()]
    sorting = _Sorting()
    for path in paths:
        if path not in folders:
            _sort(sorting, path, limits, named=True)
    for folder in folders:
        _sort_folder(sorting, folder.rstrip("/"), limits)
    if not sorting.models:
        raise UsageError(
            f"there is no model ({', '.join(WHOLE)}, a SavedModel or one of TensorFlow.js) among "
            "what was given",
            received=", ".join(map(str, paths))[:200],
        )
    root = folders[0].rstrip("/") if folders and len(paths) == 1 else ""
    return Pieces(
        tuple(sorting.models),
        tuple(sorting.companions),
        tuple(sorting.tables),
        tuple(sorting.sources),
        tuple(sorting.left_out),
        root,
    )


def _sort_folder(sorting: _Sorting, folder: str, limits: Limits) -> None:
    names, parts = file_names(folder, limits), set[str]()
    for path, inside in models_below(folder, names, limits):
        sorting.models.append(path)
        parts |= inside
    for name in sorted(names, key=lambda one: one.count("/")):  # what lies near the top counts
        if name not in parts and not any(word in name.lower() for word in _SKIPPED):
            _sort(sorting, f"{folder}/{name}", limits, named=False)


def _sort(sorting: _Sorting, path: str, limits: Limits, *, named: bool) -> None:
    suffix = Path(path).suffix.lower()
    simple: Iterable[tuple[tuple[str, ...], list[str]]] = (
        (WHOLE, sorting.models),
        (TABLES, sorting.tables),
        (SOURCES, sorting.sources),
    )
    for suffixes, found in simple:
        if suffix in suffixes:
            found.append(path)
            return
    if named and is_model_file(path, limits):
        sorting.models.append(path)
        beside = Path(path).with_name(METADATA)
        if suffix == ".json" and beside.is_file():
            _read(sorting, str(beside), lambda: read_companion(str(beside), limits), named=False)
        return
    if not named and (not is_companion(path) or len(sorting.companions) >= _MOST_COMPANIONS):
        return
    _read(sorting, path, lambda: read_companion(path, limits), named=named)


def _read(sorting: _Sorting, path: str, read: Callable[[], Companion], *, named: bool) -> None:
    try:
        sorting.companions.append(read())
    except KeramosError as error:
        if named:
            raise
        said = error.what if error.received is None else f"{error.what}; received {error.received}"
        sorting.left_out.append(LeftOut(path, said))
