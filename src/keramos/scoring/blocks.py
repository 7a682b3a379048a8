"""Text files of a scoring job as streams of blocks, unpacked on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from keramos.data.text_blocks import TextBlocks
from keramos.errors import MissingExtraError
from keramos.scoring.chunks import readable
from keramos.scoring.sources import open_file

if TYPE_CHECKING:
    from keramos.scoring.formats import Format
    from keramos.types.scoring import SourceFile


def open_text(file: SourceFile, form: Format, end: int = 0) -> TextBlocks:
    """The blocks of a text file, or of what its compression holds; with ``end``, of its first
    bytes.
    """
    return TextBlocks(file.name, _Unpacked(file, open_file(file, end), form))


def _unpacked(name: str, stream: BinaryIO, compression: str) -> BinaryIO:
    if not compression:
        return stream
    if compression == "gzip":
        import gzip  # noqa: PLC0415 (start-up time)

        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            f"{name}: {compression} needs {error.name}",
            remedy="Install it with: pip install 'keramos[tables]'",
        ) from None
    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(stream, "r"), compression))


class _Unpacked:
    """The unpacked bytes of a file."""

    def __init__(self, file: SourceFile, stream: BinaryIO, form: Format) -> None:
        self._name = file.name
        self._raw = stream
        self.seekable = not form.compression and file.size > 0
        self._stream = _unpacked(file.name, stream, form.compression)

    def read(self, size: int, at: int) -> bytes:
        """The next bytes; ``at`` is their position, for messages."""
        with readable(self._name, f"after byte {at:,} of its text"):
            return self._stream.read(size)

    def seek(self, position: int) -> None:
        """Go on at ``position``."""
        self._stream.seek(position)

    def stored(self) -> int:
        """Bytes read so far of the file as it is stored."""
        known = self.seekable or self._raw is not self._stream
        return int(self._raw.tell()) if known else 0
