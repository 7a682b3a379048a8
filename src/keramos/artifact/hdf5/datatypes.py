"""What one value is (specification IV.A.2.d)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keramos.errors import CorruptModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from keramos.artifact.hdf5.image import Cursor, Image

    Kind = Literal["number", "bool", "bfloat16", "text", "long text", "opaque", "other"]

_CLASSES = {
    0: "integer", 1: "float", 2: "time", 3: "text", 4: "bit field", 5: "opaque", 6: "compound",
    7: "reference", 8: "enumeration", 9: "variable-length", 10: "array", 11: "complex",
}  # fmt: skip
_INTEGER, _FLOAT, _TEXT, _OPAQUE, _ENUMERATION, _VARIABLE = 0, 1, 3, 5, 8, 9
_FLOATS: dict[tuple[int, ...], tuple[Kind, str]] = {
    # bits: sign at, exponent at, exponent bits, mantissa at, mantissa bits, bias
    (2, 15, 10, 5, 0, 10, 15): ("number", "f2"),
    (4, 31, 23, 8, 0, 23, 127): ("number", "f4"),
    (8, 63, 52, 11, 0, 52, 1023): ("number", "f8"),
    (2, 15, 7, 8, 0, 7, 127): ("bfloat16", "u2"),
}
"""Size and IEEE 754 fields of a float -> what it is, and the NumPy type of its bytes."""
_INTEGER_SIZES = (1, 2, 4, 8)
_BIG, _VAX, _SIGNED, _IMPLIED = 0b1, 0b100_0000, 0b1000, 0x20
_BOOL = {b"FALSE": 0, b"TRUE": 1}
_ALIGNED_NAMES = 3  # from this version on, names of an enumeration are not padded


class Datatype(Frozen, frozen=True):
    """``numpy`` is the type of the stored bytes where ``kind`` is one of numbers; ``name`` is for
    people.
    """

    kind: Kind
    size: int
    name: str
    numpy: str = ""
    ends_at_nul: bool = False


def datatype(image: Image, body: bytes) -> Datatype:
    """A datatype message.

    Raises:
        CorruptModelError: it is damaged.
    """
    cursor = image.cursor(body, "datatype message")
    head, bits, size = cursor.uint(1), cursor.uint(3), cursor.uint(4)
    number, version = head & 0x0F, head >> 4
    if not 1 <= version <= 5 or number not in _CLASSES or size == 0:  # noqa: PLR2004 (the newest there is)
        raise CorruptModelError(
            "the datatype does not exist in HDF5",
            received=f"version {version}, class {number}, {size} bytes",
        )
    read = _READERS.get(number)
    found = None if read is None else read(cursor, bits, size, version)
    return found or Datatype("other", size, _CLASSES[number])


def _integer(cursor: Cursor, bits: int, size: int, _version: int) -> Datatype | None:
    whole = cursor.uint(2) == 0 and cursor.uint(2) == 8 * size
    if size not in _INTEGER_SIZES or not whole:
        return None
    name = f"{'i' if bits & _SIGNED else 'u'}{size}"
    return Datatype(
        "number", size, f"{'' if bits & _SIGNED else 'u'}int{8 * size}", _order(bits) + name
    )


def _order(bits: int) -> str:
    return ">" if bits & _BIG else "<"


def _float(cursor: Cursor, bits: int, size: int, _version: int) -> Datatype | None:
    whole = cursor.uint(2) == 0 and cursor.uint(2) == 8 * size
    sign = bits >> 8 & 0xFF
    exponent_at, exponent, mantissa_at, mantissa = (cursor.uint(1) for _ in range(4))
    fields = (size, sign, exponent_at, exponent, mantissa_at, mantissa, cursor.uint(4))
    if not whole or fields not in _FLOATS or bits & _VAX or bits & 0x30 != _IMPLIED:
        return None
    kind, numpy = _FLOATS[fields]
    return Datatype(
        kind, size, f"float{8 * size}" if kind == "number" else kind, _order(bits) + numpy
    )


def _text(_cursor: Cursor, bits: int, size: int, _version: int) -> Datatype:
    return Datatype("text", size, "text", ends_at_nul=bits & 0x0F == 0)


def _opaque(_cursor: Cursor, _bits: int, size: int, _version: int) -> Datatype:
    return Datatype("opaque", size, "opaque")


def _variable(_cursor: Cursor, bits: int, size: int, _version: int) -> Datatype | None:
    return Datatype("long text", size, "text") if bits & 0x0F == 1 else None


def _enumeration(cursor: Cursor, bits: int, size: int, version: int) -> Datatype | None:
    """An enumeration is its integers; h5py writes booleans as one."""
    head, base_bits, base_size = cursor.uint(1), cursor.uint(3), cursor.uint(4)
    base = _integer(cursor, base_bits, base_size, version) if head & 0x0F == _INTEGER else None
    if base is None or base.size != size:
        return None
    if bits & 0xFFFF != len(_BOOL) or size != 1:
        return base
    names = []
    for _ in _BOOL:
        at = cursor.at
        names.append(cursor.text())
        cursor.skip(0 if version >= _ALIGNED_NAMES else -(cursor.at - at) % 8)
    values = [cursor.uint(1) for _ in _BOOL]
    return (
        Datatype("bool", 1, "bool", "?") if dict(zip(names, values, strict=True)) == _BOOL else base
    )


_READERS = {
    _INTEGER: _integer,
    _FLOAT: _float,
    _TEXT: _text,
    _OPAQUE: _opaque,
    _ENUMERATION: _enumeration,
    _VARIABLE: _variable,
}
