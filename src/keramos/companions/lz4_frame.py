"""LZ4 frames, as joblib writes them: decoded in Python, for files of some kilobytes."""

from __future__ import annotations

from keramos.errors import CorruptModelError, LimitExceededError

_MAGIC = b"\x04\x22\x4d\x18"
_MOST_SEQUENCES = 400_000
_LONG = 15
_LEAST_MATCH = 4


def decoded(data: bytes, most: int) -> bytes:
    """The content of a frame.

    Raises:
        CorruptModelError: it is no such frame, or cut.
        LimitExceededError: it inflates to more than ``most`` bytes.
    """
    try:
        return _frame(data, most)
    except IndexError:
        raise CorruptModelError("the LZ4 frame is cut") from None


def _frame(data: bytes, most: int) -> bytes:
    flags, at = data[4], 6
    at += 8 * bool(flags & 8) + 4 * bool(flags & 1) + 1
    out, work = bytearray(), [0]
    while True:
        size = int.from_bytes(data[at : at + 4], "little")
        at += 4
        if at > len(data):
            raise IndexError
        if not size:
            return bytes(out)
        plain, size = size >> 31, size & 0x7FFFFFFF
        block = data[at : at + size]
        if len(block) < size:
            raise IndexError
        out += block if plain else b""
        if not plain:
            _block(block, out, most, work)
        _bounded(len(out), most)
        at += size + 4 * bool(flags & 16)


def _bounded(size: int, most: int) -> None:
    if size > most:
        raise LimitExceededError(f"the file inflates to more than {most:,} bytes")


def _block(block: bytes, out: bytearray, most: int, work: list[int]) -> None:
    at, end = 0, len(block)
    while at < end:
        work[0] += 1
        _bounded(work[0], _MOST_SEQUENCES)
        token = block[at]
        count, at = _length(block, at + 1, token >> 4)
        out += block[at : at + count]
        at += count
        if at >= end:
            return
        back = int.from_bytes(block[at : at + 2], "little")
        count, at = _length(block, at + 2, token & 15)
        count += _LEAST_MATCH
        _bounded(len(out) + count, most)
        if not 0 < back <= len(out):
            raise CorruptModelError("the LZ4 frame refers to bytes before its begin")
        start = len(out) - back
        piece = bytes(out[start : start + count])
        out += (piece * (count // len(piece) + 1))[:count]


def _length(block: bytes, at: int, count: int) -> tuple[int, int]:
    if count == _LONG:
        while True:
            more = block[at]
            at += 1
            count += more
            if more != 255:  # noqa: PLR2004 (a full byte goes on)
                break
    return count, at
