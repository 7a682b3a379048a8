"""Typed reading of attributes: options of layers and operations as files and nodes state them."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real

from keramos.errors import CorruptModelError

_SHOWN = 80


def integer(value: object, name: str) -> int:
    """A whole number.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    if isinstance(value, Integral):
        return int(value)
    raise _another(value, name, "a whole number")


def integers(value: object, name: str) -> list[int]:
    """A list of whole numbers.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    return [integer(one, name) for one in items(value, name)]


def real(value: object, name: str) -> float:
    """A number.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    if isinstance(value, Real):
        return float(value)
    raise _another(value, name, "a number")


def reals(value: object, name: str) -> list[float]:
    """A list of numbers.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    return [real(one, name) for one in items(value, name)]


def text(value: object, name: str) -> str:
    """A text.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    if isinstance(value, str):
        return value
    raise _another(value, name, "a text")


def texts(value: object, name: str) -> list[str]:
    """A list of texts.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    return [text(one, name) for one in items(value, name)]


def items(value: object, name: str) -> list[object]:
    """The parts of a list, a tuple or an array.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
        return list(value)
    raise _another(value, name, "a list")


def record(value: object, name: str) -> dict[str, object]:
    """An object of named parts.

    Raises:
        CorruptModelError: the attribute ``name`` is of another type.
    """
    if isinstance(value, dict):
        return value
    raise _another(value, name, "an object")


def _another(value: object, name: str, wanted: str) -> CorruptModelError:
    return CorruptModelError(
        f"the attribute is not {wanted}", option=name, received=repr(value)[:_SHOWN]
    )
