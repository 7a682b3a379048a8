"""Rows of JSON, decoded and checked in one step by types made from the model's columns.

Each kind says which cells its model input takes as they are. All other rows take the general path
through ``Model.feeds``, which reads and explains.
"""

from __future__ import annotations

import re
from functools import partial
from operator import or_
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, cast

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from keramos.serving.core.served import RowTypes
from keramos.tabular.json_keys import repeats
from keramos.tabular.kind import NotPlainError
from keramos.tabular.kinds import KINDS, kind_of
from keramos.types.schema import MATRIX_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.inference.model import Model
    from keramos.serving.core.served import Cells
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation, ColumnSchema, Preparation

    _Decoded = tuple[list[Cells], int]

_MATRIX_RANK = 2
_UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')
"""What msgspec takes in no name of a field."""

_astuple = msgspec.structs.astuple


def row_types(model: Model) -> RowTypes | None:
    """The types of a model's rows, or None where rows always need the general path."""
    if model.content is not None:
        return _of_columns(model.content.preparation, model.content.schema.columns)
    if len(model.inputs) == 1:
        return _of_matrix(model.inputs[0])
    return None


def _of_matrix(spec: TensorSpec) -> RowTypes | None:
    """Rows of a model that has one input of so many numbers: plain lists."""
    if (
        not spec.dtype.startswith("float")
        or len(spec.shape) != _MATRIX_RANK
        or spec.shape[1] is None
    ):
        return None
    size, dtype, name = spec.shape[1], np.dtype(spec.dtype), spec.name
    row = Annotated[list[float], msgspec.Meta(min_length=size, max_length=size)]

    def feeds(rows: list[Cells]) -> Feeds:
        with np.errstate(
            over="ignore"
        ):  # a number beyond the input's precision is Infinity there, as in TensorFlow
            return {name: np.array(rows, np.float64).astype(dtype)}

    return RowTypes(row, lambda rows: (cast("list[Cells]", rows), 0), feeds, size)


def _of_columns(preparation: Preparation, columns: Sequence[ColumnSchema]) -> RowTypes | None:
    """Rows by column name, or as lists in the order of the columns."""
    # A column has several inputs where it is a date; they differ in their parts alone.
    first = {one.column: one for one in reversed(preparation.inputs)}
    if first.keys() != {column.name for column in columns} or any(map(_UNNAMEABLE.search, first)):
        return None
    kept = [first[column.name] for column in columns]
    types = [_cell_type(column) for column in kept]
    if None in types:
        return None
    names = [f"c{place}" for place in range(len(kept))]
    fields = [
        (name, kind) if column.null_policy == "refuse" else (name, or_(kind, UnsetType), UNSET)
        for name, kind, column in zip(names, types, kept, strict=True)
    ]
    rename = {name: column.column for name, column in zip(names, kept, strict=True)}
    by_name = msgspec.defstruct("Row", fields, rename=rename, kw_only=True, gc=False)
    in_order = GenericAlias(tuple, tuple(types))
    cells = _reader(preparation.inputs, columns)
    return RowTypes(or_(in_order, by_name), cells, _assembler(preparation), len(kept))


def _cell_type(column: ColumnPreparation) -> object:
    """What msgspec decodes a cell as; None where cells need the general path."""
    kind = KINDS[column.kind].json_type(column)
    return kind if kind is None or column.null_policy == "refuse" else or_(kind, None)


def _reader(
    inputs: Sequence[ColumnPreparation], columns: Sequence[ColumnSchema]
) -> Callable[[Sequence[object]], _Decoded]:
    """A function from decoded rows to what the model's inputs hold, and how many keys their objects
    have.
    """
    as_decoded = [one.column for one in inputs] == [column.name for column in columns]
    if not as_decoded or any(one.part for one in inputs):
        return _encoding(inputs, columns)
    if all(one.null_policy == "refuse" for one in inputs):
        return partial(_plain, len(columns))
    return _filling(tuple(KINDS[one.kind].null_code for one in inputs))


def _plain(columns: int, rows: Sequence[object]) -> _Decoded:
    cells = [row if type(row) is tuple else _astuple(row) for row in rows]  # type: ignore[arg-type]
    return cells, columns * (len(cells) - list(map(type, rows)).count(tuple))


def _filling(fill: Cells) -> Callable[[Sequence[object]], _Decoded]:
    """``fill`` stands for a missing cell of each column."""

    def filled(rows: Sequence[object]) -> _Decoded:
        cells, keys = _plain(len(fill), rows)
        for place, row in enumerate(cells):
            if None in row or UNSET in row:
                keys -= row.count(UNSET)
                cells[place] = tuple(
                    f if c is None or c is UNSET else c for f, c in zip(fill, row, strict=True)
                )
        return cells, keys

    return filled


def _encoding(
    inputs: Sequence[ColumnPreparation], columns: Sequence[ColumnSchema]
) -> Callable[[Sequence[object]], _Decoded]:
    """Each input's own encoder, for inputs that are not the cells as they were decoded."""
    kinds = {column.name: (at, kind_of(column)) for at, column in enumerate(columns)}
    encoders = [(at, kind.row_encoder(one)) for one in inputs for at, kind in (kinds[one.column],)]

    def encoded(rows: Sequence[object]) -> _Decoded:
        cells, keys = _plain(len(columns), rows)
        for place, row in enumerate(cells):
            if UNSET in row:
                keys -= row.count(UNSET)
                row = tuple(None if cell is UNSET else cell for cell in row)  # noqa: PLW2901 (its cells)
            try:
                cells[place] = tuple(encode(row[at]) for at, encode in encoders)
            except NotPlainError:
                raise msgspec.ValidationError from None
        return cells, keys

    return encoded


def says_keys_once(body: bytes, keys: int) -> bool:
    """Whether no object of a JSON text says a key twice; ``keys`` are those that were decoded.
    Other colons stand in strings or behind keys that nobody asked for.
    """
    return body.count(b":") == keys or not repeats(body)


def _assembler(preparation: Preparation) -> Callable[[list[Cells]], Feeds]:
    if preparation.matrix:
        return lambda rows: {MATRIX_INPUT: np.array(rows, np.float32)}
    slots = [(column.input, KINDS[column.kind].array_dtype) for column in preparation.inputs]

    def named(rows: list[Cells]) -> Feeds:
        columns = zip(*rows, strict=True)
        return {
            name: np.array(cells, dtype)[:, None]
            for (name, dtype), cells in zip(slots, columns, strict=True)
        }

    return named
