"""Many messages of one kind, each parsed when it is asked for: most models need few of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class Parsed(Sequence[Value], Generic[Value]):
    """What ``parse`` makes of each message, made once."""

    def __init__(self, messages: Sequence[bytes], parse: Callable[[bytes], Value]) -> None:
        """``messages`` stay as they are until one is asked for."""
        self._messages = messages
        self._parse = parse
        self._made: dict[int, Value] = {}

    def __len__(self) -> int:
        """How many there are, parsed or not."""
        return len(self._messages)

    @overload
    def __getitem__(self, place: int) -> Value: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Value]: ...
    def __getitem__(self, place: int | slice) -> Value | Sequence[Value]:
        """One of them, or some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if place not in self._made:
            self._made[place] = self._parse(self._messages[place])
        return self._made[place]
