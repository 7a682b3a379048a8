"""SHA-256, without OpenSSL for what is small: loading it costs more than a model's digests."""

from __future__ import annotations

import sys

try:  # the interpreter's own implementation, as its random module uses it
    from _sha2 import sha256 as _small  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256 as _small  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from hashlib import sha256 as _small

_LARGE = 1 << 21
"""From here on OpenSSL, several times as fast, is worth loading: for one model, or for all that
were read so far.
"""


class _Spent:
    """Bytes that went through the interpreter's own implementation."""

    bytes = 0


def sha256(data: bytes) -> str:
    """The digest in hexadecimal."""
    _Spent.bytes += len(data)
    if _Spent.bytes < _LARGE and "_hashlib" not in sys.modules:
        return str(_small(data).hexdigest())
    from hashlib import sha256 as large  # noqa: PLC0415 (start-up time)

    return large(data).hexdigest()
