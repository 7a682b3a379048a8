"""The steps that opcodes of pickles take: they build plain values and records on a stack.

Nothing is imported, looked up or called: names are text, and only those in the tables of
``keramos.companions.names`` may stand in a file. Work and memory are bounded by the bytes read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.companions.names import built, known
from keramos.companions.numpy_values import Dtype, PendingArray, array_state, set_order
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError
from keramos.types.companions import Name, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.companions.stream import Stream

    Arrays = Callable[[Record, Stream], object]

_MARK = object()
_WIDEST_KEY = 1 << 60
_LONGEST = 64
_KEY_CELLS = 8
_CONTAINER = 8


class Machine:
    """One pickle: a stack, a memo, and what is still allowed of work."""

    def __init__(self, stream: Stream, work: int, arrays: Arrays | None = None) -> None:
        """``arrays`` gives what a joblib wrapper stands for, from the bytes after it."""
        self._stream, self._work, self._arrays = stream, work, arrays
        self._stack: list[object] = []
        self._memo: list[object] = []
        self._memo_beyond: dict[int, object] = {}  # places that do not follow the others

    def spend(self) -> None:
        """Take one step of the work that is allowed.

        Raises:
            LimitExceededError: none is left.
        """
        self._work -= 1
        if self._work < 0:
            raise LimitExceededError("the pickle has more parts than a companion may have")

    def result(self) -> object:
        """The value on top, taken off."""
        return self._pop()

    def _pop(self) -> object:
        value = self._stack.pop()
        if value is _MARK:
            raise CorruptModelError("the pickle uses a mark as a value")
        return value.found if isinstance(value, PendingArray) and value.found is not None else value

    def _push(self, value: object, cost: int = 0) -> None:
        self._work -= cost
        self._stack.append(value)

    def _marked(self) -> list[object]:
        """Everything above the last mark."""
        stack, place = self._stack, len(self._stack) - 1
        while stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise CorruptModelError("the pickle lacks a mark")
        found = [_settled(value) for value in stack[place + 1 :]]
        del stack[place:]
        return found

    def top(self) -> object:
        """The value on top, which stays."""
        value = self._stack[-1]
        return value.found if isinstance(value, PendingArray) and value.found is not None else value

    # one method for each kind of opcode

    def constant(self, value: object) -> None:
        """Push a value."""
        self._push(value)

    def container(self, make: Callable[[], object]) -> None:
        """Push an empty container."""
        self._push(make(), _CONTAINER)

    def mark(self) -> None:
        """Push a mark."""
        self._push(_MARK)

    def integer(self, form: str) -> None:
        """Push an integer of fixed size."""
        self._push(self._stream.number(form))

    def long(self, form: str) -> None:
        """Push an integer of any size."""
        size = self._stream.number(form)
        if size > _LONGEST:
            raise LimitExceededError("the pickle has an integer of more than 512 bits")
        self._push(int.from_bytes(self._stream.take(size), "little", signed=True))

    def line_integer(self) -> None:
        """Push an integer, or a boolean, written as text."""
        text = self._stream.line().rstrip("L")
        if len(text) > _LONGEST:
            raise LimitExceededError("the pickle has an integer of more than 64 digits")
        self._push(text == "01" if text in {"00", "01"} else _number(int, text))

    def line_float(self) -> None:
        """Push a float written as text."""
        self._push(_number(float, self._stream.line()))

    def text(self, form: str) -> None:
        """Push text."""
        data = self._stream.take(self._stream.number(form))
        self._push(data.decode("utf-8", "surrogatepass"))

    def line_text(self) -> None:
        """Push text in which some characters are spelled out."""
        self._push(self._stream.line().encode("latin1").decode("raw_unicode_escape"))

    def line_string(self) -> None:
        """Push text in quotes, as Python 2 wrote it."""
        text = self._stream.line()
        if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":  # noqa: PLR2004 (quotes)
            raise CorruptModelError("the pickle has text without quotes")
        self._push(text[1:-1].encode("latin1").decode("unicode_escape"))

    def bytes_of(self, form: str, *, text: bool = False) -> None:
        """Push bytes; as text where Python 2 wrote them."""
        data = self._stream.take(self._stream.number(form))
        self._push(data.decode("latin1") if text else data)

    def tuple_of(self, count: int) -> None:
        """Push a tuple of so many values; -1: all above the mark."""
        values = self._marked() if count < 0 else [self._pop() for _ in range(count)][::-1]
        self._push(tuple(values), _CONTAINER)

    def listed(self) -> None:
        """Push a list of all above the mark."""
        self._push(self._marked(), _CONTAINER)

    def mapped(self) -> None:
        """Push a dict of all above the mark."""
        found: dict[object, object] = {}
        _set_pairs(found, self._marked())
        self._push(found, _CONTAINER)

    def frozen(self) -> None:
        """Push a frozen set of all above the mark."""
        self._push(frozenset(_key(value) for value in self._marked()), _CONTAINER)

    def append(self, *, many: bool) -> None:
        """Append to the list below."""
        values = self._marked() if many else [self._pop()]
        owner = self.top()
        target = owner.items if isinstance(owner, Record) else owner
        if not isinstance(target, list):
            raise CorruptModelError("the pickle appends to what is not a list")
        target.extend(values)

    def set_items(self, *, many: bool) -> None:
        """Set keys of the dict below."""
        values = self._marked() if many else [self._pop(), self._pop()][::-1]
        owner = self.top()
        target = owner.pairs if isinstance(owner, Record) else owner
        if not isinstance(target, dict):
            raise CorruptModelError("the pickle sets keys of what is not a dict")
        _set_pairs(target, values)

    def add_items(self) -> None:
        """Add to the set below."""
        values = self._marked()
        target = self.top()
        if not isinstance(target, set):
            raise CorruptModelError("the pickle adds to what is not a set")
        target.update(_key(value) for value in values)

    def name(self, *, stacked: bool) -> None:
        """Push a name, if it may stand in a file."""
        if stacked:
            name, module = self._pop(), self._pop()
        else:
            module, name = self._stream.line(), self._stream.line()
        if not isinstance(module, str) or not isinstance(name, str):
            raise CorruptModelError("the pickle has a name that is not text")
        self._push(known(Name(module, name)))

    def call(self) -> None:
        """Replace name and arguments by what the call stands for."""
        arguments, name = self._pop(), self._pop()
        if str(name).endswith(("OrderedDict", "builtins.set", "__builtin__.set")):
            arguments = _hashable(arguments)
        self._push(built(name, arguments), _CONTAINER)

    def make(self, *, keywords: bool) -> None:
        """Replace class and arguments by a record."""
        if keywords:
            self._pop()
        arguments, kind = self._pop(), self._pop()
        if not isinstance(kind, Name) or not isinstance(arguments, tuple):
            raise CorruptModelError("the pickle makes an object of what is not a class")
        self._push(Record(kind, arguments), _CONTAINER)

    def build(self) -> None:
        """Give the value below its state."""
        state, owner = self._pop(), self._stack[-1]
        if isinstance(owner, PendingArray):
            owner.found = array_state(state)
        elif isinstance(owner, Dtype):
            set_order(owner, state)
        elif isinstance(owner, Record):
            _give(owner, state)
            if self._arrays is not None and str(owner.kind).endswith(".NumpyArrayWrapper"):
                self._stack[-1] = self._arrays(owner, self._stream)
        elif not isinstance(owner, dict):
            raise CorruptModelError("the pickle gives a state to what has none")

    def pop(self, *, marked: bool = False) -> None:
        """Drop the top."""
        if marked:
            self._marked()
        else:
            self._stack.pop()

    def duplicate(self) -> None:
        """Push the top again."""
        self._push(self.top())

    def memoize(self) -> None:
        """Remember the top under the next number."""
        self.put(len(self._memo) + len(self._memo_beyond))

    def put(self, place: int) -> None:
        """Remember the top under a number."""
        if 0 <= place < len(self._memo):
            self._memo[place] = self._stack[-1]
        elif place == len(self._memo):
            self._memo_beyond.pop(place, None)
            self._memo.append(self._stack[-1])
        else:
            self._memo_beyond[place] = self._stack[-1]

    def get(self, place: int) -> None:
        """Push what is remembered."""
        near = 0 <= place < len(self._memo)
        self._push(_settled(self._memo[place] if near else self._memo_beyond[place]))

    def numbered(self, form: str, *, put: bool) -> None:
        """``put`` or ``get`` with a number of fixed size."""
        place = self._stream.number(form)
        (self.put if put else self.get)(place)

    def line_numbered(self, *, put: bool) -> None:
        """``put`` or ``get`` with a number written as text."""
        text = self._stream.line()
        place = int(_number(int, text[:20]))
        (self.put if put else self.get)(place)

    def skip(self, size: int) -> None:
        """Bytes that say nothing about the value: the protocol, the size of a frame."""
        self._stream.take(size)


def _settled(value: object) -> object:
    return value.found if isinstance(value, PendingArray) and value.found is not None else value


def _number(kind: Callable[[str], float], text: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise CorruptModelError("the pickle has a number that is not one") from None


def _key(value: object) -> object:
    """A key or a member of a set: only values whose hash cannot be made to collide."""
    if type(value) is int and -_WIDEST_KEY < value < _WIDEST_KEY:
        return value
    if value is None or type(value) in {str, bytes, bool, float, Name}:
        return value
    if type(value) is tuple and len(value) <= _KEY_CELLS and tuple not in map(type, value):
        return tuple(_key(part) for part in value)
    raise UnsupportedModelError("the pickle has a key that is not text or a number")


def _hashable(arguments: object) -> object:
    """Arguments of which a set or a dict is made, with their keys checked."""
    for group in arguments if isinstance(arguments, tuple) else ():
        for part in group if isinstance(group, (list, tuple)) else ():
            _key(part[0] if isinstance(part, (list, tuple)) and part else part)
    return arguments


def _set_pairs(target: dict[object, object], values: list[object]) -> None:
    if len(values) % 2:
        raise CorruptModelError("the pickle has a key without a value")
    for place in range(0, len(values), 2):
        target[_key(values[place])] = values[place + 1]


def _give(owner: Record, state: object) -> None:
    """Attributes from a state: a dict, or a pair of dicts; any other state under ""."""
    parts: tuple[object, ...] = (state,)
    if isinstance(state, tuple) and len(state) == 2:  # noqa: PLR2004 (dict, slots)
        parts = state
    known = [part for part in parts if isinstance(part, dict)]
    if len(known) + parts.count(None) < len(parts):
        owner.state[""] = state
        return
    for part in known:
        owner.state.update({str(key): value for key, value in part.items()})
