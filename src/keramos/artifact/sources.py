"""A model as it is stored: one file, or a folder of files, read once."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from keramos.artifact.sha256 import sha256
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_POINTER = b"version https://git-lfs.github.com/"
"""How the text begins that Git has in place of a large file."""


class ModelSource:
    """The bytes of a model by the names of its parts.

    A file is one part of its own name, followed by files beside it where its form has such
    companions. A folder has its files as parts, named by their relative paths.
    """

    def __init__(self, path: str, parts: Mapping[str, bytes], *, folder: bool = False) -> None:
        """``parts`` begins with the named file itself, unless ``folder`` is true."""
        self.path = path
        self.parts = parts
        self.folder = folder

    @classmethod
    def of_file(cls, path: str, data: bytes) -> ModelSource:
        """A source of one file."""
        return cls(path, {os.path.basename(path): data})

    @property
    def main(self) -> bytes:
        """The bytes of the named file; empty for a folder."""
        return b"" if self.folder else next(iter(self.parts.values()))

    def part(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            CorruptModelError: there is no such part, or what stands there is a pointer to it.
        """
        if name not in self.parts:
            raise CorruptModelError("the model has no such part", file=self.path, path=name)
        if self.parts[name].startswith(_POINTER):
            raise CorruptModelError(
                "the part is a Git LFS pointer: the file itself was not downloaded",
                file=self.path,
                path=name,
                remedy="Get it with: git lfs pull",
            )
        return self.parts[name]

    def entries(self) -> list[str]:
        """What stands in the folder itself, sorted; the name of a folder ends in a slash."""
        steps = (name.partition("/") for name in self.parts)
        return sorted({f"{first}{slash}" for first, slash, _ in steps})

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts.values()))

    @cached_property
    def sha256(self) -> str:
        """The identity: the SHA-256 of a single file, else that of the listing of its parts."""
        return sha256(listing(self.parts) if self.is_split else self.main)

    @property
    def is_split(self) -> bool:
        """Whether it is more than one file."""
        return self.folder or len(self.parts) > 1

    def files(self, name: str) -> dict[str, bytes]:
        """The parts by their relative paths where the source is stored under another name."""
        if self.folder:
            return {f"{name}/{part}": data for part, data in self.parts.items()}
        own, *others = self.parts
        return {name: self.parts[own], **{other: self.parts[other] for other in others}}

    def write(self, folder: Path, name: str) -> Path:
        """Write all parts below a folder, the source itself under ``name``; gives its path."""
        for relative, data in self.files(name).items():
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return folder / name


def listing(files: Mapping[str, bytes]) -> bytes:
    """SHA-256 and path of each file, sorted by path, in the format of ``sha256sum``."""
    digests = {name: sha256(data) for name, data in files.items()}
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()
