"""The transforms, lists of names and numbers that lie beside a model of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import KeramosError
from keramos.tabular.fitted.attributes import feature_names
from keramos.tabular.fitted.columns import Affine
from keramos.tabular.fitted.label_binarizer import LabelBinarizer
from keramos.tabular.fitted.label_encoder import LabelEncoder
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.tabular.fitted.ordinal_encoder import OrdinalEncoder
from keramos.tabular.fitted.table import fitted_of, is_transform
from keramos.types.companions import Labels, LeftOut, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.companions import Companion

_DEEPEST = 4
_MOST_VALUES = 2_000
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ENCODERS = (LabelEncoder, LabelBinarizer, OneHotEncoder, OrdinalEncoder)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A transform: the file that holds it, its key where it is one of several in a dict, what it
    does, and the names of the columns that it was fitted on (() where it does not say).
    """

    companion: Companion
    key: str
    fitted: Fitted
    names: tuple[str, ...]
    version: str = ""

    @property
    def path(self) -> str:
        """The file."""
        return self.companion.path

    @property
    def is_encoder(self) -> bool:
        """Whether it takes categories."""
        return isinstance(self.fitted, ENCODERS)

    @property
    def is_scaler(self) -> bool:
        """Whether it multiplies and adds column by column."""
        return isinstance(self.fitted, Affine)

    @property
    def width(self) -> int:
        """How many columns it gives; 0 where that depends on what it takes."""
        size = self.fitted.inputs
        return 0 if size is None else len(self.fitted.names([""] * size))

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its file name and key, in lower case."""
        return words_of(f"{Path(self.path).name.partition('.')[0]} {self.key}")

    @property
    def classes(self) -> tuple[object, ...]:
        """The classes of an encoder of one column."""
        if isinstance(self.fitted, (LabelEncoder, LabelBinarizer)):
            return self.fitted.classes
        if isinstance(self.fitted, (OneHotEncoder, OrdinalEncoder)):
            return self.fitted.categories[0] if len(self.fitted.categories) == 1 else ()
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What lies beside the model: transforms, lists of names by file, numbers by file, lists of
    labels by file, and what is not used.
    """

    pieces: tuple[Piece, ...]
    lists: dict[str, tuple[str, ...]]
    numbers: dict[str, float]
    labels: dict[str, tuple[str, ...]]
    left_out: tuple[LeftOut, ...]


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: ``labelEncoder_Gender`` has three."""
    return tuple(word.lower() for word in _WORD.findall(name))


def parts_of(pieces: Pieces) -> Parts:
    """Everything of use for a table among the companions."""
    found: list[Piece] = []
    left: list[LeftOut] = []
    lists: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, float] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for companion in pieces.companions:
        if isinstance(companion.value, Labels):
            labels[companion.path] = companion.value.names
        for key, value in islice(_values(companion.value), _MOST_VALUES):
            path = companion.path
            if isinstance(value, Record):
                _add(found, left, companion, key, value)
            elif (names := _names(value)) and not key:
                lists[path] = names
            elif isinstance(value, (int, float)) and not isinstance(value, bool) and not key:
                numbers[path] = float(value)
    return Parts(tuple(found), lists, numbers, labels, tuple(left))


def _add(
    found: list[Piece], left: list[LeftOut], companion: Companion, key: str, value: Record
) -> None:
    if not is_transform(value):
        return
    try:
        fitted = fitted_of(value)
    except KeramosError as error:
        left.append(LeftOut(companion.path, str(error)))
        return
    found.append(Piece(companion, key, fitted, feature_names(value), value.version))


def _values(value: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """A value, or the values of dicts and lists that hold transforms, with their keys."""
    yield key, value
    if depth >= _DEEPEST:
        return
    if isinstance(value, dict) and len(value) <= _MOST_VALUES:
        for name, inner in value.items():
            if isinstance(inner, (Record, dict)):
                yield from _values(inner, str(name), depth + 1)
    if isinstance(value, (list, tuple)) and len(value) <= _MOST_VALUES:
        for inner in value:
            if isinstance(inner, Record):
                yield from _values(inner, key, depth + 1)


def _names(value: object) -> tuple[str, ...]:
    """A list of names: of columns, or of classes."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if isinstance(value, Labels):
        value = list(value.names)
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    return ()
