"""``.npy`` and ``.npz`` files; arrays of Python objects in them are read as data too."""

from __future__ import annotations

import ast
import io
import lzma
import zipfile
import zlib
from math import prod
from typing import TYPE_CHECKING

from keramos.companions.numpy_values import array_of, dtype_of, shape_of
from keramos.companions.pickle_file import read_pickle
from keramos.errors import CorruptModelError, LimitExceededError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.limits import Limits

_MAGIC = b"\x93NUMPY"
_LONG_HEADER = 2
_MOST_HEADER = 1 << 14
_MOST_ENTRIES = 4096
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


def read_npy(data: bytes, limits: Limits) -> NDArray[np.generic]:
    """The array of a ``.npy`` file.

    Raises:
        CorruptModelError: it is no such file, or cut.
    """
    if not data.startswith(_MAGIC):
        raise CorruptModelError("the file is not a .npy file")
    wide = data[6:7] >= bytes([_LONG_HEADER])
    begin = 12 if wide else 10
    size = int.from_bytes(data[8:begin], "little")
    if size > _MOST_HEADER:
        raise CorruptModelError("the header of the .npy file is too long")
    try:
        header = ast.literal_eval(data[begin : begin + size].decode("latin1").strip())
        dtype, shape = dtype_of(header["descr"]), shape_of(header["shape"])
        order = "F" if header["fortran_order"] else "C"
    except (SyntaxError, ValueError, KeyError, TypeError, MemoryError, RecursionError):
        raise CorruptModelError("the header of the .npy file is damaged") from None
    body = data[begin + size :]
    if dtype.is_object:
        found: NDArray[np.generic] = read_pickle(body, limits)  # type: ignore[assignment]
        return found
    needed = prod(shape) * dtype.numpy().itemsize
    return array_of(dtype, shape, body[:needed], order=order)


def read_npz(data: bytes, limits: Limits) -> dict[str, object]:
    """The arrays of a ``.npz`` file by name.

    Raises:
        CorruptModelError: it is no such file, or damaged.
        LimitExceededError: it inflates too far.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise LimitExceededError("the archive has more arrays than a companion may")
            if sum(entry.file_size for entry in entries) > limits.content_bytes:
                raise LimitExceededError("the archive of arrays inflates too far")
            return {
                entry.filename.removesuffix(".npy"): read_npy(_member(archive, entry), limits)
                for entry in entries
            }
    except (*_DAMAGED, NotImplementedError, RuntimeError, EOFError, OSError):
        raise CorruptModelError("the archive of arrays is damaged") from None


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as member:
        return member.read(entry.file_size)
