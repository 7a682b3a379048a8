"""Pickle and joblib files -> plain values, arrays and records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.companions.inflate import inflated
from keramos.companions.interpreter import load
from keramos.companions.joblib_arrays import array_reader
from keramos.companions.stream import Stream
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from keramos.types.limits import Limits

_WORK_A_NODE = 3
"""Opcodes for each value of a JSON text that the limits allow."""

_LFS = b"version https://git-lfs.github.com/"


def read_pickle(data: bytes, limits: Limits) -> object:
    """The value of a pickle, of a joblib file, or of one of them packed.

    Raises:
        ForeignCodeError: it names what is code.
        UnsupportedModelError: it holds a model, or is a pointer to a file that was not fetched.
        CorruptModelError: it is cut or damaged.
        LimitExceededError: it inflates too far or has too many parts.
    """
    if data.startswith(_LFS):
        raise UnsupportedModelError(
            "the file is a pointer of Git LFS, the file itself was not fetched",
            remedy="Fetch it with: git lfs pull",
        )
    work = limits.json_nodes * _WORK_A_NODE
    stream = Stream(inflated(data, limits.content_bytes))
    return load(stream, work, array_reader(work))
