"""SHA-256, without OpenSSL for what is small: loading it costs more than a model's digests."""

from __future__ import annotations

try:  # the interpreter's own implementation, as its random module uses it
    from _sha2 import sha256 as _small  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256 as _small  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from hashlib import sha256 as _small

_LARGE = 1 << 21
"""From here on OpenSSL, several times as fast, is worth loading."""


def sha256(data: bytes) -> str:
    """The digest in hexadecimal."""
    if len(data) < _LARGE:
        return str(_small(data).hexdigest())
    from hashlib import sha256 as large  # noqa: PLC0415 (start-up time)

    return large(data).hexdigest()
