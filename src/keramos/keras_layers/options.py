"""Kinds of options in Keras configs: what a value must be, its least value and its words.

A record names an option by kind: ``"units": COUNT`` is required, ``"groups": COUNT(1)`` is 1 where
a config leaves it out, ``COUNT(None)`` may be None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST = float.fromhex("0x1.fffffep+127")  # of float32


class Option(Frozen, frozen=True):
    """One option that answers depend on.

    ``test`` says whether a value that is not None has the right type, ``needed`` what a refusal
    says. ``default`` is that of Keras 3; ``...`` marks an option that every config states.
    ``least`` bounds numbers, those in lists too; ``words`` are the only texts allowed.
    """

    test: Callable[[object], bool]
    needed: str
    default: object = ...
    least: int | None = None
    words: tuple[str, ...] = ()
    nullable: bool = False

    def __call__(self, default: object) -> Option:
        """The same kind of option with a default; None as default allows None as value."""
        return replace(self, default=default, nullable=self.nullable or default is None)

    def fault(self, value: object) -> str | None:
        """What a value should be instead, or None for a value of this kind."""
        if value is None and self.nullable:
            return None
        if not self.test(value):
            return self.needed
        if self.least is not None and _smallest(value) < self.least:
            return f"at least {self.least} is needed"
        if self.words and isinstance(value, str) and value not in self.words:
            return f"it is none of {', '.join(self.words)}"
        return None


def _smallest(value: object) -> float:
    if isinstance(value, list):
        return min((_smallest(part) for part in value), default=0)
    return value if isinstance(value, int | float) else 0


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_flag(value: object) -> bool:
    return value in (0, 1) and isinstance(value, int)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_token(value: object) -> bool:
    return _is_text(value) or _is_whole(value)


def _is_token_or_number(value: object) -> bool:
    return _is_text(value) or _is_number(value)


def _is_seed(value: object) -> bool:
    """A number, or a generator that Keras writes as an object."""
    return _is_whole(value) or (isinstance(value, dict) and "class_name" in value)


def _is_sizes(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, list) and all(map(_is_whole, value)))


def _is_distinct(value: object) -> bool:
    return _is_whole(value) or (
        isinstance(value, list) and bool(value) and _is_sizes(value) and len({*value}) == len(value)
    )


def _is_noise(value: object) -> bool:
    return isinstance(value, list) and all(
        part is None or (_is_whole(part) and part >= 1) for part in value
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str | dict)


def _is_open_sizes(value: object) -> bool:
    """None is a size that only the input tells."""
    return _is_whole(value) or (
        isinstance(value, list) and all(item is None or _is_whole(item) for item in value)
    )


def _is_edges(value: object) -> bool:
    return _is_sizes(value) or (isinstance(value, list) and all(map(_is_sizes, value)))


def _is_numbers(value: object) -> bool:
    """A number or nested lists of numbers; stored arrays are checked where they are read."""
    if isinstance(value, list):
        return all(map(_is_numbers, value))
    return isinstance(value, dict) or _is_number(value)


def _list_of(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _is_anything(_value: object) -> bool:
    return True


def _is_activation(_value: object) -> bool:
    return True  # the compiler knows the names and layers


WHOLE = Option(_is_whole, "a whole number is needed")
COUNT = replace(WHOLE, least=1)
NUMBER = Option(_is_number, "a number within float32 is needed")
FRACTION = Option(_is_fraction, "a number from 0 to 1 is needed")
NUMBERS = Option(_is_numbers, "numbers within float32 are needed")
"""A number, or one for each column; the config may hold a stored array."""
NUMBER_LIST = Option(_list_of(_is_number), "a list of numbers is needed")
RANGE = Option(_list_of(_is_number), "two numbers are needed")
FLAG = Option(_is_flag, "true or false is needed")
TEXT = Option(_is_text, "text is needed")
SIZES = Option(_is_sizes, "a whole number or a list of them is needed", least=1)
"""A size, or one for each axis of space."""
AXES = Option(_is_sizes, "a whole number or a list of them is needed")
DISTINCT_AXES = Option(_is_distinct, "a whole number, or a list of different ones, is needed")
OPEN_SIZES = Option(_is_open_sizes, "a whole number or a list of them is needed")
"""Sizes of which None is left to the input."""
EDGES = Option(_is_edges, "whole numbers are needed", least=0)
"""How much to add or cut: one number, one for each axis of space, or a pair for each."""
TOKEN = Option(_is_token, "a word or a whole number is needed")
TOKENS = Option(_list_of(_is_token), "a list of words or whole numbers is needed")
TEXTS = Option(_list_of(_is_text), "a list of words is needed")
TOKEN_OR_NUMBER = Option(_is_token_or_number, "a word or a number is needed")
ANYTHING = Option(_is_anything, "")
"""Checked by the layer's lowering alone."""
ACTIVATION = Option(_is_activation, "", default=None, nullable=True)
"""The name of an activation function, or a whole layer."""


def words(*known: str) -> Option:
    """One of several words; the first is the default."""
    return Option(_is_text, "text is needed", default=known[0], words=known)


def is_activation(option: Option) -> bool:
    """Whether an option names an activation function or is a layer in place of one."""
    return option.test is _is_activation


INTERPOLATION = words("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5")
DATA_FORMAT = replace(words("channels_last", "channels_first", "default"), nullable=True)

EVERY_LAYER = frozenset(
    {
        *("activity_regularizer", "autocast", "build_config", "build_input_shape", "dtype"),
        *("name", "shared_object_id", "supports_masking", "trainable"),
    }
)
"""Options of any class that cannot change an answer (``dtype`` is read where it can)."""

DTYPE = Option(_is_name, "a dtype is needed")
NOISE = Option(_is_noise, "a list of sizes is needed")
SEED = Option(_is_seed, "a whole number is needed", default=None, nullable=True)
ALIKE = {
    "dropout": NUMBER(None),
    "recurrent_dropout": NUMBER(None),
    "seed": SEED,
}
"""Options of one meaning in every class that has them; answers do not depend on them."""

TRAINED_BY = ("_initializer", "_regularizer", "_constraint")
"""Endings of options that say how a weight is trained, after the name of the weight."""
