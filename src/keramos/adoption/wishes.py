"""What whoever adopts a model says about it: a recipe file, or keywords."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from keramos.errors import UsageError
from keramos.platform.read_file import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

Label = str | int | bool

_RECIPE_BYTES = 1 << 18
_MOST_POINTS = 1000
"""Of one line: the time to read a dotted key grows with the square of its parts."""


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of a recipe that a person states; everything else is found.

    ``columns`` names the columns that enter the recipe, in the order of its first step.
    ``encoders`` says by column which file encodes it, ``scaler`` which file scales the row
    ("none": none does), ``target_scaler`` which file the answer is scaled back by.
    """

    family: str | None = None
    model: str | None = None
    columns: list[str] | None = None
    encoders: dict[str, str] = {}
    scaler: str | None = None
    target_scaler: str | None = None
    target: str | None = None
    labels: list[Label] | None = None
    labels_from: str | None = None
    threshold: float | None = None
    settings: dict[str, object] = {}


def stated(wishes: Wishes) -> list[str]:
    """The keys that have a value."""
    return [key for key in Wishes.__struct_fields__ if getattr(wishes, key) not in (None, {})]


def wishes_of(recipe: str | Path | Mapping[str, object] | Wishes | None) -> Wishes:
    """Wishes from a TOML file or a mapping.

    Raises:
        UsageError: it is not such a file, or has a key or a value that no recipe has.
    """
    if recipe is None:
        return Wishes()
    if isinstance(recipe, Wishes):
        return recipe
    source = "recipe"
    if isinstance(recipe, (str, Path)):
        source = str(recipe)
        recipe = _read(source)
    try:
        wishes = msgspec.convert(dict(recipe), Wishes)
    except msgspec.ValidationError as error:
        known = ", ".join(Wishes.__struct_fields__)
        raise UsageError(
            f"the recipe does not fit: {error}", file=source, remedy=f"A recipe has {known}"
        ) from None
    if wishes.threshold is not None:
        check_threshold(wishes.threshold)
    return wishes


def _read(path: str) -> dict[str, object]:
    try:
        text = read_file(path, _RECIPE_BYTES).decode()
        if any(line.count(".") > _MOST_POINTS for line in text.splitlines()):
            raise UsageError(f"a line of the recipe has more than {_MOST_POINTS} points", file=path)
        return tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"the recipe cannot be read: {error.strerror}", file=path) from None
    except ValueError as error:  # not UTF-8, not TOML, or a number too long to read
        raise UsageError(f"the recipe cannot be read: {str(error)[:200]}", file=path) from None
    except RecursionError:
        raise UsageError("the recipe is nested too deeply", file=path) from None


def check_threshold(threshold: float) -> None:
    """Refuse a threshold that no probability, or each, would reach.

    Raises:
        UsageError: it is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:
        raise UsageError(
            "the threshold must be a probability between 0 and 1",
            option="threshold",
            received=str(threshold),
        )
