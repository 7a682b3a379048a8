"""Arrays as files state them, without their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.types.artifact import FileInfo


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """An array as a file states it; ``bytes`` are those of its values in memory."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of arrays that is not a complete model, and ``reason`` why it is not."""

    info: FileInfo
    tensors: tuple[StoredTensor, ...]
    reason: str
