"""Texts as rows: one text, or lists and arrays of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.data.read import FORMATS

if TYPE_CHECKING:
    from collections.abc import Container

_LONGEST_PATH = 4096
_TEXTS = (str, bytes, bytearray, type(None))


def texts_as_rows(given: object, name: str) -> object:
    """A text, or a list of texts, as rows; what is neither stays as it is.

    Args:
        given: a text; a list, an array or a pandas Series of texts. The path of a table is a
            table.
        name: the column of the texts.
    """
    if isinstance(given, str):
        return given if is_table(given) else [{name: given}]
    if given is None or isinstance(given, (bytes, bytearray)):
        return [{name: given}]
    if isinstance(given, np.ndarray) and given.dtype.kind in "UTO":
        given = given.reshape(-1).tolist() if given.size == len(given) else given
    elif hasattr(given, "to_list") and hasattr(given, "name") and name not in _index(given):
        given = given.to_list()
    if isinstance(given, (list, tuple)) and given and all(isinstance(one, _TEXTS) for one in given):
        return [{name: one} for one in given]
    return given


def _index(series: object) -> Container[object]:
    """The labels of a pandas Series: of a row they are the names of columns."""
    found: Container[object] = getattr(series, "index", ())
    return found


def is_table(text: str) -> bool:
    """Whether a text is the path of a table: ``-``, or a file name with the extension of one.

    A name with blanks may be a sentence, so such a file has to exist.
    """
    if text == "-" or len(text) > _LONGEST_PATH:
        return text == "-"
    if Path(text.lower().removesuffix(".gz")).suffix not in FORMATS:
        return False
    return len(text.split()) == 1 or ("\0" not in text and Path(text).is_file())
