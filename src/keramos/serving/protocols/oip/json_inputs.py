"""Input tensors of the Open Inference Protocol's JSON, with values there or as binary data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.json_lenient import shown
from keramos.serving.codecs.json_tensors import tensor
from keramos.serving.codecs.shapes import value_count
from keramos.serving.protocols.oip.tensors import DTYPES, from_raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Item = dict[str, object]


def tensor_items(body: Item, key: str) -> list[Item]:
    """The tensors under a key of a body.

    Raises:
        RequestError: it is not a list of one or more objects.
    """
    items = body.get(key)
    if (
        not isinstance(items, list)
        or not all(isinstance(item, dict) for item in items)
        or not items
    ):
        raise RequestError(
            f"'{key}' must be a list of one or more tensors, each an object", received=shown(items)
        )
    return items


def tensor_name(item: Item) -> str:
    """The name of a tensor. RequestError: it has none."""
    name = item.get("name")
    if not isinstance(name, str):
        raise RequestError("a tensor needs a name", received=shown(item))
    return name


def flag(item: Item, key: str, *, default: bool) -> bool:
    """A parameter that is true or false. RequestError: it is neither."""
    parameters = item.get("parameters", {})
    if not isinstance(parameters, dict):
        raise RequestError("'parameters' must be an object", received=shown(parameters))
    value = parameters.get(key, default)
    if not isinstance(value, bool):
        raise RequestError(f"parameter '{key}' must be true or false", received=shown(value))
    return value


def arrays_of(items: list[Item], raw: bytes) -> dict[str, Array]:
    """Input tensors as arrays by name; ``raw`` is the binary data after the JSON.

    Raises:
        RequestError: data type, shape and values do not fit together.
    """
    arrays: dict[str, Array] = {}
    at = 0
    for item in items:
        name = tensor_name(item)
        if name in arrays:
            raise RequestError(f"input '{name}' is given twice")
        size = _binary_size(item, name)
        if size is not None and at + size > len(raw):
            raise RequestError(
                f"input '{name}' has {size} bytes of binary data",
                received=f"{len(raw) - at} that are left in the body",
            )
        arrays[name] = _array(item, name, None if size is None else raw[at : at + size])
        at += size or 0
    if at != len(raw):
        raise RequestError(
            f"the inputs take {at} bytes of binary data", received=f"{len(raw)} in the body"
        )
    return arrays


def _binary_size(item: Item, name: str) -> int | None:
    parameters = item.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        return None
    if type(size) is not int or size < 0 or "data" in item:
        raise RequestError(
            f"input '{name}': binary_data_size must be a number of bytes, and 'data' absent"
        )
    return size


def _array(item: Item, name: str, raw: bytes | None) -> Array:
    shape, dtype = item.get("shape"), DTYPES.get(str(item.get("datatype")))
    if dtype is None:
        raise RequestError(
            f"the data type of input '{name}' must be one of {', '.join(DTYPES)}",
            received=shown(item.get("datatype")),
        )
    if not isinstance(shape, list) or not all(
        type(size) is int and 0 <= size < 1 << 31 for size in shape
    ):
        raise RequestError(f"input '{name}': shape must be a list of sizes", received=shown(shape))
    count = value_count(name, shape)
    flat = _values(item, name, dtype) if raw is None else from_raw(name, raw, dtype, count)
    if count != flat.size:
        raise RequestError(
            f"input '{name}' has shape {shape}, which is {count} values", received=f"{flat.size}"
        )
    return flat.reshape(shape)


def _values(item: Item, name: str, dtype: str) -> Array:
    if "data" not in item:
        raise RequestError(f"input '{name}' has no 'data'")
    data = item["data"]
    cells = data if isinstance(data, list) else [data]
    if None in cells:  # a missing value of a column; whether it may be is the schema's business
        return _with_gaps(cells, name, dtype)
    return tensor(cells, dtype, name).reshape(-1)


def _with_gaps(cells: list[object], name: str, dtype: str) -> Array:
    """Values of a column as objects, None where one is missing."""
    tensor([cell for cell in cells if cell is not None], dtype, name)
    array = np.empty(len(cells), object)
    array[:] = cells
    return array
