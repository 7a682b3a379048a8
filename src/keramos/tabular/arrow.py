"""Columns of Arrow tables and batches -> cells (extra ``tables``).

Numbers are taken as they lie in memory. Everything else is read cell by cell by its kind, each
distinct cell once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from keramos.frozen import Frozen
from keramos.tabular.cell import NOT_ONE_VALUE, Unreadable
from keramos.tabular.columns import cells_column
from keramos.tabular.distinct_cells import DistinctCells, parsed
from keramos.tabular.kind import ODD_CELL, problems
from keramos.tabular.kinds import kind_of
from keramos.tabular.notation import PLAIN
from keramos.tabular.number import plain_numbers
from keramos.types.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.tabular.kind import Kind
    from keramos.types.schema import ColumnSchema

    Convert = Callable[[pa.ChunkedArray], Column]

_EXACT_DIGITS = 15
"""Decimals of so many digits are exact as float64."""

_PLAIN_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"


class JsonCells(pa.ExtensionType):  # type: ignore[misc]  # pyarrow has no types
    """A column of JSON whose cells have several types: each is kept as its own JSON text."""

    def __init__(self) -> None:
        super().__init__(pa.string(), "keramos.json_cells")

    def __arrow_ext_serialize__(self) -> bytes:
        """The type has no parameters."""
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, _storage: pa.DataType, _data: bytes) -> JsonCells:
        """The only such type."""
        return cls()


def json_cells(values: Sequence[object]) -> pa.Array:
    """Cells of several types as a column of ``JsonCells``."""
    encode = msgspec.json.encode
    texts = [None if value is None else encode(value).decode() for value in values]
    return pa.ExtensionArray.from_storage(JsonCells(), pa.array(texts, pa.string()))


def as_text(array: pa.Array) -> pa.Array:
    """``JsonCells`` as the text that a table has for them; any other column as it is."""
    if not isinstance(array.type, JsonCells):
        return array
    texts = (
        msgspec.json.decode(text) if text is not None and text.startswith('"') else text
        for text in array.storage.to_pylist()
    )
    return pa.array(texts, pa.string())


def kept_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column that answers carry along."""
    return pa.string() if isinstance(kind, JsonCells) else kind


def cells(array: pa.Array, column: ColumnSchema) -> DistinctCells:
    """A column parsed as the schema has it."""
    kind, parser = column.kind, kind_of(column)
    if kind == "number" and _is_text(array.type) and parser.notation == PLAIN:
        return _text_numbers(array, column.name, parser)
    if parser.takes_lists and pa.types.is_nested(array.type):
        given = cells_column(array.to_pylist())
        return parsed(given, np.arange(len(array), dtype="int32"), column)
    coded = None if kind == "number" and plain_numbers(array[:0]) is not None else _coded(array)
    if coded is None:
        given = arrow_column(pa.chunked_array([array]))
        codes = np.arange(len(array), dtype="int32")
    else:
        given = arrow_column(pa.chunked_array([coded.dictionary]))
        codes = coded.indices.to_numpy()
    return parsed(given, codes, column)


def _text_numbers(array: pa.Array, name: str, parser: Kind) -> DistinctCells:
    """Text that is written as plain numbers at once, the other cells one by one."""
    every = _all_numbers(array)
    if every is not None:
        column = Column(every, np.zeros(len(every), bool))
        return DistinctCells(column, np.arange(len(every), dtype="int32"), [])
    match = pc.fill_null(pc.match_substring_regex(array, _PLAIN_NUMBER), False)
    numbers = pc.if_else(match, array, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    fast = np.isfinite(numbers)  # not the text of a number beyond float64
    coded = array.filter(pa.array(~fast)).dictionary_encode(null_encoding="encode")
    column = arrow_column(pa.chunked_array([coded.dictionary]))
    others = parser.parse(column)
    before = int(fast.sum())
    codes = np.empty(len(array), "int32")
    codes[fast] = np.arange(before)
    codes[~fast] = coded.indices.to_numpy() + before
    distinct = Column(
        np.concatenate([numbers[fast], others.values]),
        np.concatenate([np.zeros(before, bool), others.missing]),
    )
    found = problems(name, column, others)
    return DistinctCells(distinct, codes, [replace(one, row=one.row + before) for one in found])


def _all_numbers(array: pa.Array) -> NDArray[np.float64] | None:
    """The numbers of a column of which each cell is a plain number; None where one is not.

    Arrow takes as finite numbers the texts of ``_PLAIN_NUMBER`` without a plus sign, and no others.
    """
    try:
        numbers: NDArray[np.float64] = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _coded(array: pa.Array) -> pa.DictionaryArray | None:
    """The distinct cells (missing is one) with an index a row; None where the type has no such
    form.
    """
    kind = array.type
    try:
        if isinstance(kind, pa.BaseExtensionType):
            coded = array.storage.dictionary_encode(null_encoding="encode")
            entries = pa.ExtensionArray.from_storage(kind, coded.dictionary)
            return _Coded(entries, coded.indices)
        if pa.types.is_dictionary(kind):
            array = array.dictionary_decode()
        if pa.types.is_string_view(kind):
            array = array.cast(pa.string())
        return array.dictionary_encode(null_encoding="encode")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None


class _Coded(Frozen, frozen=True, eq=False):
    """A dictionary of extension cells, which Arrow has no array for."""

    dictionary: pa.Array
    indices: pa.Array


def arrow_column(chunked: pa.ChunkedArray) -> Column:
    """One column of an Arrow table, whatever its type; cells of odd types are ``Unreadable``."""
    categorical = pa.types.is_dictionary(chunked.type)
    if categorical:
        chunks = [chunk.dictionary_decode() for chunk in chunked.chunks]
        chunked = pa.chunked_array(chunks, chunked.type.value_type)
    convert = next(convert for test, convert in _TYPES if test(chunked.type))
    return replace(convert(chunked), categorical=categorical)


def odd_type(kind: pa.DataType) -> str:
    """Why no cell of an Arrow type can be read; empty for the types that tables have."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    convert = next(convert for test, convert in _TYPES if test(kind))
    return _unreadable(kind).reason if convert is _odd else ""


def _unreadable(kind: pa.DataType) -> Unreadable:
    name = f"cell of the Arrow type {kind}"
    reason = next((reason for test, reason in _ODD if test(kind)), ODD_CELL.format(name=name))
    return Unreadable(str(kind), reason)


def _odd(chunked: pa.ChunkedArray) -> Column:
    cell = _unreadable(chunked.type)
    return cells_column([None if gone else cell for gone in chunked.is_null().to_pylist()])


def _listed(chunked: pa.ChunkedArray) -> Column:
    return cells_column(chunked.to_pylist())


def _json(chunked: pa.ChunkedArray) -> Column:
    decode = msgspec.json.decode
    texts = (text for chunk in chunked.chunks for text in chunk.storage.to_pylist())
    return cells_column([None if text is None else decode(text) for text in texts])


def _filled(value: object, dtype: str) -> Convert:
    def convert(chunked: pa.ChunkedArray) -> Column:
        missing = np.asarray(chunked.is_null())
        return Column(chunked.fill_null(value).to_numpy().astype(dtype), missing.astype(bool))

    return convert


def _floats(chunked: pa.ChunkedArray) -> Column:
    values = chunked.cast(pa.float64()).fill_null(np.nan).to_numpy()
    return Column(values, np.isnan(values))


def _moments(chunked: pa.ChunkedArray) -> Column:
    """Dates and timestamps as their own clock shows them: a time zone is dropped."""
    if pa.types.is_timestamp(chunked.type) and chunked.type.tz:
        chunked = pc.local_timestamp(chunked)
    values = chunked.cast(pa.timestamp("us"), safe=False).to_numpy().astype("datetime64[us]")
    return Column(values, np.isnat(values))


def _is_exact_integer(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind)) and kind != pa.uint64()


def _is_short_decimal(kind: pa.DataType) -> bool:
    """Whether float64 holds every such decimal to its last digit."""
    return bool(pa.types.is_decimal(kind)) and kind.precision <= _EXACT_DIGITS


_CELLS_OF_PYTHON = frozenset({"arrow.json", "arrow.uuid", "arrow.bool8"})
"""Extension types whose cells pyarrow gives as what they mean, not as how they are stored."""

_TYPES: tuple[tuple[Callable[[pa.DataType], bool], Convert], ...] = (
    (pa.types.is_boolean, _filled(False, "bool")),
    (_is_exact_integer, _filled(0, "int64")),
    (pa.types.is_floating, _floats),
    (_is_short_decimal, _floats),
    (pa.types.is_null, lambda chunked: cells_column([None] * len(chunked))),
    (pa.types.is_timestamp, _moments),
    (pa.types.is_date, _moments),
    (lambda kind: isinstance(kind, JsonCells), _json),
    (pa.types.is_integer, _listed),
    (pa.types.is_decimal, _listed),
    (pa.types.is_string, _listed),
    (pa.types.is_large_string, _listed),
    (pa.types.is_string_view, _listed),
    (pa.types.is_binary, _listed),
    (pa.types.is_large_binary, _listed),
    (pa.types.is_binary_view, _listed),
    (pa.types.is_fixed_size_binary, _listed),
    (pa.types.is_run_end_encoded, _listed),
    (pa.types.is_union, _listed),
    (lambda kind: getattr(kind, "extension_name", "") in _CELLS_OF_PYTHON, _listed),
    (lambda _: True, _odd),
)
"""Test of an Arrow type -> how its cells are taken; the first that holds counts."""

_ODD: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_nested, NOT_ONE_VALUE),
    (pa.types.is_duration, ODD_CELL.format(name="duration")),
    (pa.types.is_time, ODD_CELL.format(name="time")),
)
"""Test of an odd Arrow type -> why no kind reads its cells, as for cells of Python."""
