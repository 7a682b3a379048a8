"""Text files of a scoring job as streams of blocks, unpacked on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from keramos.data.text_blocks import TextBlocks
from keramos.scoring.chunks import readable

if TYPE_CHECKING:
    from keramos.scoring.formats import Format
    from keramos.types.scoring import SourceFile


def open_text(file: SourceFile, stream: pa.NativeFile, form: Format) -> TextBlocks:
    """The blocks of a text file, or of what its compression holds."""
    return TextBlocks(file.name, _Unpacked(file, stream, form))


class _Unpacked:
    """The unpacked bytes of a file."""

    def __init__(self, file: SourceFile, stream: pa.NativeFile, form: Format) -> None:
        self._name = file.name
        self._raw = stream
        self.seekable = not form.compression and file.size > 0
        self._stream = (
            pa.CompressedInputStream(stream, form.compression) if form.compression else stream
        )

    def read(self, size: int, at: int) -> bytes:
        """The next bytes; ``at`` is their position, for messages."""
        with readable(self._name, f"after byte {at:,} of its text"):
            data: bytes = self._stream.read(size)
        return data

    def seek(self, position: int) -> None:
        """Go on at ``position``."""
        self._stream.seek(position)

    def stored(self) -> int:
        """Bytes read so far of the file as it is stored."""
        known = self.seekable or self._raw is not self._stream
        return int(self._raw.tell()) if known else 0
