"""The page of errors, from the classes themselves: docs/errors.md."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from keramos import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """# Errors

Every exception that keramos raises on purpose, generated from `keramos/errors.py` by `make docs`.
Catch `KeramosError` to catch them all. `code` is stable: programs may rely on it. A message says
which file, what is wrong, where, what was received and what to do. The command line ends with 2 for
wrong usage and with 1 for all others.

| exception | code | is a | means |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_row(kind) for kind in _kinds())


def _kinds() -> Iterator[type[errors.KeramosError]]:
    for found in vars(errors).values():
        if isinstance(found, type) and issubclass(found, errors.KeramosError):
            yield found


def _row(kind: type[errors.KeramosError]) -> str:
    parents = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
    words = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    return f"| `{kind.__name__}` | `{kind.code}` | {parents} | {words} |\n"
