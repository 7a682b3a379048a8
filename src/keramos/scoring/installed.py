"""The backend that is installed."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from keramos.errors import MissingExtraError
from keramos.scoring.formats import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keramos.scoring.backend import Backend


class _Choice:
    """What this process takes where both would do."""

    arrow = True


@contextmanager
def text_alone() -> Iterator[None]:
    """Read and write text without Arrow, which takes longer to import than a few rows to decide.

    Only around a job that has no other files, in a process that has no other job meanwhile.
    """
    _Choice.arrow = False
    backend.cache_clear()
    try:
        yield
    finally:
        _Choice.arrow = True
        backend.cache_clear()


@cache
def backend() -> Backend:
    """Arrow where it is installed, and not unwanted."""
    try:
        if not _Choice.arrow:
            raise ImportError  # noqa: TRY301 (as if it was not installed)
        from keramos.scoring.arrow_backend import ArrowBackend  # noqa: PLC0415 (an extra)
    except ImportError:
        from keramos.scoring.block_backend import BlockBackend  # noqa: PLC0415 (without the extra)

        return BlockBackend()
    return ArrowBackend()


def check_formats(names: Iterable[str]) -> None:
    """Refuse formats that are not installed.

    Raises:
        MissingExtraError: names the format and the extra.
    """
    for name in names:
        if name not in {*TEXT, *backend().readers}:
            raise MissingExtraError(
                f"{name} files need pyarrow; without it files are csv, tsv or jsonl",
                remedy="Install it with: pip install 'keramos[tables]'",
            )
