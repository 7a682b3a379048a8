"""Rows of different lengths, sparse tensors and serialised rows, which are handled outside ONNX
(keramos.runtime.ragged, keramos.runtime.examples).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.operations.values import cast_to
from keramos.compile.tensorflow_graph.operands import numpy_type
from keramos.errors import MismatchError, UnsupportedModelError
from keramos.types.attributes import items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.compile.onnx.graph import Value
    from keramos.compile.onnx.tensor_types import Kind
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]
    Shape = tuple[int | None, ...]


def _all(n: NodeCall, *indices: int) -> list[Value]:
    return [n.value(i) for i in indices or range(len(n.operands))]


def _parts(
    n: NodeCall, kind: str, operands: Sequence[Value], parts: Mapping[str, Kind]
) -> tuple[Operand, ...]:
    """A step for each part of a result."""
    return tuple(
        n.g.host(kind, {"part": part, "dtype": like[0]}, operands, like)
        for part, like in parts.items()
    )


def _to_dense(n: NodeCall) -> tuple[Operand, ...]:
    shape, values = n.value(0), n.value(1)
    kinds = n.texts("row_partition_types")
    levels = sum(kind != "FIRST_DIM_SIZE" for kind in kinds)
    known = n.sizes(0) if shape.rank else None
    free: list[int | None] = [*(None for _ in range(levels + 1)), *values.shape[1:]]
    for axis, size in enumerate(known or ()):
        if isinstance(size, int) and size >= 0:
            free[axis] = size
    like = (values.dtype, tuple(free))
    return (n.g.host("ragged_to_dense", {"kinds": kinds}, _all(n), like),)


def _range(n: NodeCall) -> tuple[Operand, ...]:
    starts = n.value(0)
    parts: dict[str, Kind] = {"ends": ("int64", (None,)), "values": (starts.dtype, (None,))}
    found = _parts(n, "ragged_range", _all(n), parts)
    splits = str(n.attribute("Tsplits", "int64"))
    ends = found[0]
    return (cast_to(n.g, ends, splits), found[1])  # type: ignore[arg-type]


def _counted(n: NodeCall) -> tuple[Operand, ...]:
    once, size = bool(n.attribute("binary_output", default=False)), n.maybe_known(2)
    weights, rows = n.value(3), n.value(0).shape[0]
    like = (
        weights.dtype,
        (None if rows is None else rows - 1, None if size is None else int(size.item())),
    )
    return (n.g.host("ragged_count", {"once": once}, _all(n), like),)


def _sparse_to_dense(n: NodeCall) -> tuple[Operand, ...]:
    values, sizes = n.value(2), n.value(1)
    known, rank = n.sizes(1), sizes.shape[0]
    if rank is None:
        raise UnsupportedModelError("the number of axes must be known")
    shape = tuple(
        one if isinstance(one, int) else None
        for one in (known if known is not None else (None for _ in range(rank)))
    )
    return (n.g.host("sparse_to_dense", {}, _all(n), (values.dtype, shape)),)


def _filled(n: NodeCall) -> tuple[Operand, ...]:
    places, values = n.value(0), n.value(1)
    parts: dict[str, Kind] = {
        "places": ("int64", (None, places.shape[1])),
        "values": (values.dtype, (None,)),
        "empty": ("bool", (None,)),
        "moved": ("int64", (None,)),
    }
    return _parts(n, "sparse_fill", _all(n), parts)


def _reshaped(n: NodeCall) -> tuple[Operand, ...]:
    rank = n.value(2).shape[0]
    parts: dict[str, Kind] = {"places": ("int64", (None, rank)), "shape": ("int64", (rank,))}
    return _parts(n, "sparse_reshape", _all(n), parts)


def _unique(n: NodeCall) -> tuple[Operand, ...]:
    x, index = n.value(0), str(n.attribute("out_idx", "int32"))
    if x.rank != 1:
        raise UnsupportedModelError("only values in a row are supported", received=str(x.shape))
    parts: dict[str, Kind] = {"values": (x.dtype, (None,)), "places": (index, x.shape)}
    if n.op == "UniqueWithCounts":
        parts["counts"] = (index, (None,))
    return _parts(n, "unique", [x], parts)


def _segments(how: str, *, gathers: bool = False, empty: int = 0) -> Row:
    def build(n: NodeCall) -> tuple[Operand, ...]:
        x, ids = n.value(0), n.value(2 if gathers else 1)
        rest = x.shape[1:] if gathers else x.shape[ids.rank :]
        last = 3 if gathers else 2
        count = n.maybe_known(last) if len(n.operands) > last else None
        config = {"how": how, "gathers": gathers, "empty": empty}
        like = (x.dtype, (None if count is None else int(count.item()), *rest))
        return (n.g.host("segments", config, _all(n), like),)

    return build


class _Features:
    """Lists of features, each with a dtype and perhaps a shape, as outputs of a parser."""

    def __init__(self, n: NodeCall) -> None:
        self._n = n
        self._given = n.value(0)

    def sparse(
        self, keys: Sequence[str], dtypes: Sequence[object], part: str, splits: object = ""
    ) -> list[Value]:
        """One part of each sparse or ragged feature."""
        rank = self._given.rank
        kinds: dict[str, Callable[[str], Kind]] = {
            "places": lambda _: ("int64", (None, rank + 1)),
            "values": lambda dtype: (dtype, (None,)),
            "shape": lambda _: ("int64", (rank + 1,)),
            "ends": lambda _: (str(splits), (None,)),
        }
        return [
            self._n.g.host(
                "example_sparse",
                {"key": key, "dtype": str(dtype), "part": part, "splits": str(splits)},
                [self._given],
                kinds[part](str(dtype)),
            )
            for key, dtype in zip(keys, dtypes, strict=True)
        ]

    def dense(
        self, keys: Sequence[str], dtypes: Sequence[object], first_default: int
    ) -> list[Value]:
        """Each dense feature; ``first_default`` is the input with the first default."""
        shapes, found = items(self._n.attribute("dense_shapes", ()), "dense_shapes"), []
        for i, (key, dtype, shape) in enumerate(zip(keys, dtypes, shapes, strict=True)):
            default = self._n.known(first_default + i, "the default of a feature")
            sizes = [int(str(one)) for one in items(shape, "dense_shapes")]
            values = default.ravel().tolist()
            config = {"key": key, "dtype": dtype, "shape": sizes, "default": values}
            like = (*self._given.shape, *(None if one < 0 else one for one in sizes))
            found.append(self._n.g.host("example_dense", config, [self._given], (str(dtype), like)))
        return found


def _types(n: NodeCall, name: str) -> list[str]:
    return [numpy_type(one) for one in n.texts(name)]


def _keys(n: NodeCall, index: int) -> list[str]:
    return [str(one) for one in n.known(index, "the names of features").ravel().tolist()]


def _parse_first(n: NodeCall) -> tuple[Operand, ...]:
    """ParseExample: each name of a feature is an input of its own."""
    sparse, dense = _types(n, "sparse_types"), _types(n, "Tdense")
    names = [_keys(n, 2 + i)[0] for i in range(len(sparse) + len(dense))]
    first = 2 + len(names)
    return _parsed(n, (names[: len(sparse)], names[len(sparse) :], first), sparse, dense)


def _parse_second(n: NodeCall) -> tuple[Operand, ...]:
    """ParseExampleV2: names in three vectors; features may be ragged too."""
    sparse, dense = _types(n, "sparse_types"), _types(n, "Tdense")
    found = _parsed(n, (_keys(n, 2), _keys(n, 3), 5), sparse, dense)
    names, kinds = _keys(n, 4), _types(n, "ragged_value_types")
    features, splits = _Features(n), n.texts("ragged_split_types")
    ends = [
        one
        for key, dtype, split in zip(names, kinds, splits, strict=True)
        for one in features.sparse([key], [dtype], "ends", split)
    ]
    return (*found, *features.sparse(names, kinds, "values"), *ends)


def _parse_one(n: NodeCall) -> tuple[Operand, ...]:
    """ParseSingleExample: names are attributes."""
    names = (n.texts("sparse_keys"), n.texts("dense_keys"), 1)
    return _parsed(n, names, _types(n, "sparse_types"), _types(n, "Tdense"))


def _parsed(
    n: NodeCall,
    names: tuple[Sequence[str], Sequence[str], int],
    sparse: Sequence[str],
    dense: Sequence[str],
) -> tuple[Operand, ...]:
    if n.value(0).dtype != "str":
        raise MismatchError("serialised rows are needed", received=n.value(0).dtype)
    features, (sparse_names, dense_names, first) = _Features(n), names
    parts = [features.sparse(sparse_names, sparse, part) for part in ("places", "values", "shape")]
    return (*(one for part in parts for one in part), *features.dense(dense_names, dense, first))


ROWS: Mapping[str, Row] = {
    "ParseExample": _parse_first,
    "ParseExampleV2": _parse_second,
    "ParseSingleExample": _parse_one,
    "RaggedBincount": _counted,
    "RaggedRange": _range,
    "RaggedTensorToTensor": _to_dense,
    "SegmentMax": _segments("Max"),
    "SegmentMean": _segments("Mean"),
    "SegmentMin": _segments("Min"),
    "SegmentProd": _segments("Prod"),
    "SegmentSum": _segments("Sum"),
    "SparseFillEmptyRows": _filled,
    "SparseReshape": _reshaped,
    "SparseSegmentMean": _segments("Mean", gathers=True),
    "SparseSegmentMeanWithNumSegments": _segments("Mean", gathers=True),
    "SparseSegmentSqrtN": _segments("SqrtN", gathers=True),
    "SparseSegmentSqrtNWithNumSegments": _segments("SqrtN", gathers=True),
    "SparseSegmentSum": _segments("Sum", gathers=True),
    "SparseSegmentSumWithNumSegments": _segments("Sum", gathers=True),
    "SparseToDense": _sparse_to_dense,
    "Unique": _unique,
    "UniqueV2": _unique,
    "UniqueWithCounts": _unique,
    "UnsortedSegmentMax": _segments("Max", empty=-1),
    "UnsortedSegmentMin": _segments("Min", empty=1),
    "UnsortedSegmentProd": _segments("Prod"),
    "UnsortedSegmentSum": _segments("Sum"),
}
"""Operation -> what compiles it."""
