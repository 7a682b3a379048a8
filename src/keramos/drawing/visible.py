"""Text of files in pages and cards: what changes how text around it looks is spelled out."""

from __future__ import annotations

_KEPT = "\n\t"
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HIDDEN = {
    code: ascii(chr(code))[1:-1]
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, *_BIDI)
    if chr(code) not in _KEPT
}
"""Control characters, other line ends, and marks that turn the direction of text."""


def visible(text: str) -> str:
    """Text whose control characters and marks of direction are escape sequences."""
    return text.translate(_HIDDEN)
