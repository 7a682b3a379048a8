"""The forms of companions, one row each. To add one: a module beside this one that reads it, and a
row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.artifact.strict_json import parse_json_value
from keramos.companions.inflate import packing_of
from keramos.companions.labels import intents_of_json, labels_of_json, labels_of_text
from keramos.companions.numpy_file import read_npy, read_npz
from keramos.companions.pickle_file import read_pickle
from keramos.companions.tokenizer import is_tokenizer, tokenizer_of, tokenizer_of_json
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.companions import Record
    from keramos.types.limits import Limits


@dataclass(frozen=True, slots=True)
class Reader:
    """One form: its suffixes (lower case), what a file of it begins with ("" for anything), and
    what reads it. ``read`` gives the name of the form that was found and its value.
    """

    suffixes: tuple[str, ...]
    read: Callable[[bytes, Limits], tuple[str, object]]


def _pickled(data: bytes, limits: Limits) -> tuple[str, object]:
    value = read_pickle(data, limits)
    if is_tokenizer(value):
        record: Record = value  # type: ignore[assignment]  # is_tokenizer says so
        return "tokenizer", tokenizer_of(record.state)
    return "pickle", value


def _json(data: bytes, limits: Limits) -> tuple[str, object]:
    value = parse_json_value(data, "companion", limits)
    if isinstance(value, str):  # what json.dump(tokenizer.to_json()) leaves
        value = parse_json_value(value.encode(), "companion", limits)
    tokenizer = tokenizer_of_json(value, limits)
    if tokenizer is not None:
        return "tokenizer", tokenizer
    intents = intents_of_json(value)
    if intents is not None:
        return "intents", intents
    labels = labels_of_json(value)
    return ("json", value) if labels is None else ("labels", labels)


def _text(data: bytes, limits: Limits) -> tuple[str, object]:
    del limits
    return "labels", labels_of_text(data)


def _npy(data: bytes, limits: Limits) -> tuple[str, object]:
    return "array", read_npy(data, limits)


def _npz(data: bytes, limits: Limits) -> tuple[str, object]:
    return "arrays", read_npz(data, limits)


READERS: tuple[Reader, ...] = (
    Reader((".json",), _json),
    Reader((".txt", ".names", ".labels"), _text),
    Reader((".npy",), _npy),
    Reader((".npz",), _npz),
    Reader((".pkl", ".pickle", ".joblib", ".save", ".sav", ".dump", ".p", ".jl", ".bin"), _pickled),
)
"""By suffix; the first row whose suffix fits reads the file. Packed files and files without a known
suffix that begin like a pickle are read as pickles.
"""


def reader_of(name: str, head: bytes) -> Reader | None:
    """What reads a file of that name and first bytes; None where no row does."""
    lower = name.lower()
    found = next((row for row in READERS if lower.endswith(row.suffixes)), None)
    if found is None and (packing_of(head) or head[:1] == b"\x80"):
        return READERS[-1]
    return found


def is_companion(name: str) -> bool:
    """Whether a name has a suffix of the table (``scaler.joblib.gz`` too)."""
    lower = name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    return any(lower.endswith(row.suffixes) for row in READERS)


def need_reader(name: str, head: bytes) -> Reader:
    """The reader of a file.

    Raises:
        UnsupportedModelError: its form is not in the table.
    """
    found = reader_of(name, head)
    if found is None:
        known = ", ".join(suffix for row in READERS for suffix in row.suffixes)
        raise UnsupportedModelError(
            "the file is not a companion that can be read", remedy=f"Known suffixes are {known}"
        )
    return found
