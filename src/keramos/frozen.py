"""The base class of frozen values: dataclasses to their users, made without generated code.

A frozen dataclass costs half a millisecond at import, since its methods are written as text and
compiled; fifty of them are on the way to a first answer. A ``msgspec.Struct`` inherits its methods.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

from msgspec import NODEFAULT, Struct

if TYPE_CHECKING:
    from dataclasses import Field
    from typing import Any


@cache
def _fields(owner: type[Struct]) -> dict[str, Field[Any]]:
    """The fields of a class as ``dataclasses`` describes them, without their types."""
    from dataclasses import field, fields, make_dataclass  # noqa: PLC0415 (start-up time)

    names, defaults = owner.__struct_fields__, owner.__struct_defaults__
    found = {name: field(kw_only=True) for name in names}
    for name, default in zip(reversed(names), reversed(defaults), strict=False):
        if factory := getattr(default, "factory", None):
            found[name] = field(default_factory=factory, kw_only=True)
        elif default is not NODEFAULT:
            found[name] = field(default=default, kw_only=True)
    bare = make_dataclass(
        owner.__name__,
        [(name, "object", one) for name, one in found.items()],
        init=False,
        repr=False,
        eq=False,
        namespace={"__doc__": owner.__doc__},
    )
    return {one.name: one for one in fields(bare)}


class _Fields:
    """The attribute by which ``dataclasses.replace``, ``fields`` and ``asdict`` know a value."""

    def __get__(self, value: object, owner: type[Struct]) -> dict[str, Field[Any]]:
        """The fields of the class that is asked."""
        return _fields(owner)


class Frozen(Struct, frozen=True):
    """A frozen value. Subclasses state ``frozen=True`` too: type checkers want it."""

    __dataclass_fields__: ClassVar[_Fields] = _Fields()
