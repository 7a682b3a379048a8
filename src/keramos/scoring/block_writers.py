"""Blocks -> CSV, TSV and JSON Lines without Arrow: the bytes that Arrow's writers give."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import msgspec
import numpy as np

from keramos.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keramos.scoring.formats import Format
    from keramos.types.block import Block, Cells, Fields

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?")
_LOW, _HIGH = -6, 10
"""Exponents of ten between which a number is written without one."""


class _Texts:
    """Rows of text, each column's cells in a form of their own."""

    def __init__(self, sink: BinaryIO, parts: Sequence[str], form: _Form) -> None:
        self._sink, self._parts, self._form = sink, parts, form

    def write(self, block: Block) -> None:
        """Add rows."""
        columns = [
            _cells(block.column(field.name), field.type, self._form) for field in block.schema
        ]
        *before, end = self._parts
        lines = [
            "".join(piece for pair in zip(before, cells, strict=True) for piece in pair) + end
            for cells in zip(*columns, strict=True)
        ]
        self._sink.write("".join(lines).encode())

    def close(self) -> None:
        """Close the file."""
        self._sink.close()


class _Form(Protocol):
    """How cells are written."""

    missing: str
    finite: bool

    def text(self, cell: str) -> str:
        """A cell of text."""


class _DelimitedForm:
    missing, finite = "", False

    def text(self, cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'


class _JsonForm:
    missing, finite = "null", True

    def text(self, cell: str) -> str:
        return msgspec.json.encode(cell).decode()


def _cells(cells: Cells, kind: str, form: _Form) -> list[str]:
    if kind == "string":
        return [form.missing if c is None else form.text(cast("str", c)) for c in cells]
    if kind == "bool":
        return [form.missing if c is None else ("true" if c else "false") for c in cells]
    if kind in {"float", "double"}:
        return _numbers(cells, kind, form)
    return [form.missing if c is None else str(c) for c in cells]


def _numbers(cells: Cells, kind: str, form: _Form) -> list[str]:
    dtype = "float32" if kind == "float" else "float64"
    missing = [cell is None for cell in cells]
    values = np.array([0.0 if cell is None else cell for cell in cells], dtype)
    gone = (
        np.array(missing, bool) | ~np.isfinite(values) if form.finite else np.array(missing, bool)
    )
    texts = map(shortest, values.astype(str).tolist())
    return [form.missing if lost else text for text, lost in zip(texts, gone, strict=True)]


def shortest(text: str) -> str:
    """The shortest digits of a number, as numpy writes it, laid out as Arrow does."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text  # nan, inf
    sign, whole, decimals, power = found[1], found[2], found[3] or "", int(found[4] or 0)
    digits = (whole + decimals).rstrip("0").lstrip("0") or "0"
    first = len(whole + decimals) - len((whole + decimals).lstrip("0"))  # zeros before the digits
    exponent = power + len(whole) - 1 - first if digits != "0" else 0
    if 0 <= exponent < _HIGH:
        point = exponent + 1
        rest = digits[point:]
        return f"{sign}{digits[:point].ljust(point, '0')}{'.' if rest else ''}{rest}"
    if _LOW <= exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    rest = digits[1:]
    return f"{sign}{digits[0]}{'.' if rest else ''}{rest}e{exponent:+d}"


def _delimited(delimiter: str) -> Callable[[BinaryIO, Fields, bool], _Texts]:
    def open_on(sink: BinaryIO, schema: Fields, header: bool) -> _Texts:  # noqa: FBT001 (a column of a table)
        form = _DelimitedForm()
        if header:
            sink.write((delimiter.join(map(form.text, schema.names)) + "\n").encode())
        return _Texts(sink, ["", *[delimiter] * (len(schema) - 1), "\n"], form)

    return open_on


def _json_lines(sink: BinaryIO, schema: Fields, header: bool) -> _Texts:  # noqa: ARG001, FBT001
    keys = [msgspec.json.encode(name).decode() + ":" for name in schema.names]
    parts = [("," if number else "{") + key for number, key in enumerate(keys)]
    return _Texts(sink, [*parts, "}\n"], _JsonForm())


_WRITERS: dict[str, Callable[[BinaryIO, Fields, bool], _Texts]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "jsonl": _json_lines,
}


def open_writer(path: Path, form: Format, schema: Fields, *, header: bool = True) -> _Texts:
    """A new file at ``path``."""
    return _WRITERS[form.name](_sink(path, form.compression), schema, header)


def _sink(path: Path, compression: str) -> BinaryIO:
    if compression == "gzip":
        import gzip  # noqa: PLC0415 (start-up time)

        return cast("BinaryIO", gzip.GzipFile(path, "wb", mtime=0))
    if compression:
        raise MissingExtraError(
            f"{path}: {compression} needs pyarrow",
            remedy="Install it with: pip install 'keramos[tables]'",
        )
    return path.open("wb")


def stream_writer(form: Format, schema: Fields) -> _Texts:
    """A writer on standard output, which stays open."""
    sink = open(sys.stdout.fileno(), "wb", closefd=False)  # noqa: SIM115 (the writer closes it)
    return _WRITERS[form.name](sink, schema, True)
