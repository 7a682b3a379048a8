"""What is fuzzed of adoption beside pickles: lists, tokenizers, arrays, recipes, source, pictures,
and forms of pages.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from keramos.adoption.pictures.code import hints
from keramos.adoption.series.code import said_by as said_of_series
from keramos.adoption.texts.code import said_by as said_of_texts
from keramos.adoption.texts.vocabularies import words_of
from keramos.adoption.wishes import wishes_of
from keramos.companions.read import companion_of
from keramos.data.form_data import read_form
from keramos.report.views.raw import series_cell
from keramos.tabular.media.picture import prepared
from keramos.tabular.texts.table import TextEncoder, text_fault
from keramos.types.companions import Tokenizer
from keramos.types.schema import Picture, Series
from keramos.types.texts import Sequence, Text

PICTURES = (
    Picture(9, 9, "RGB", "crop", "lanczos", 127.5, 1.0, orientation="apply"),
    Picture(8, 5, "L", "stretch", "cv-area", order="resize"),
)
_NPY = b"\x93NUMPY"
_TEXTS = ("", "Hello there, how are you?", "a\tb\nc \u00e9 \U0001f600 <OOV>")


def labels(data: bytes) -> None:
    """A ``labels.txt``."""
    companion_of("labels.txt", data)


def listed(data: bytes) -> None:
    """JSON beside a model: classes, ``metadata.json``, intents; a tokenizer is used."""
    found = companion_of("tokenizer.json", data).value
    if not isinstance(found, Tokenizer):
        return
    for padding in ("pre", "post"):
        recipe = Text(words_of(found), Sequence(found.words, 5, padding, limit=found.num_words))
        if not text_fault(recipe):
            TextEncoder(recipe).many(_TEXTS)


def arrays(data: bytes) -> None:
    """A ``.npy`` or ``.npz`` file."""
    companion_of("classes.npy" if data.startswith(_NPY) else "classes.npz", data)


def recipes(data: bytes) -> None:
    """A recipe in TOML."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        wishes_of(file.name)


def sources(data: bytes) -> None:
    """Source of an app, or a notebook."""
    suffix = ".ipynb" if data.startswith(b"{") else ".py"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"app{suffix}")
        path.write_bytes(data)
        for read in (hints, said_of_series, said_of_texts):
            read([str(path)])


def pictures(data: bytes) -> None:
    """A picture of any format, prepared in two ways."""
    for picture in PICTURES:
        prepared(data, picture)


def forms(data: bytes) -> None:
    """A form of a page, and its texts as rows of a series."""
    form = read_form("multipart/form-data; boundary=x", data)
    for text in form.texts.values():
        series_cell(text, Series(("a", "b"), 2))
