"""Constants of a graph: TensorProto (tensorflow/core/framework/tensor.proto)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.tensor_bundle.data_types import BYTES, STRING
from keramos.artifact.tensor_bundle.entries import read_shape
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Message

_CONTENT, _TEXTS = 4, 8
_NUMBERS = {3: 7, 4: 7, 5: 7, 6: 7, 9: 10, 10: 11}
"""DataType of whole numbers -> the field that lists them."""


def tensor_values(tensor: Message, limits: Limits) -> list[str | int]:
    """The texts or whole numbers of a constant, in order.

    Raises:
        CorruptModelError: there are more than its shape has places for, or none for some.
        LimitExceededError: it has more values than ``json_nodes``.
        UnsupportedModelError: it holds neither texts nor whole numbers.
    """
    dtype, where = tensor.number(1), "a constant of the graph"
    count = prod(read_shape(tensor, 2, where))
    if count > limits.json_nodes:
        raise LimitExceededError(
            f"the constant has more than {limits.json_nodes:,} values, the limit (json_nodes)",
            received=f"{count:,}",
            path=where,
        )
    listed = list(_listed(tensor, dtype, where))
    if len(listed) > count or (count and not listed):
        raise CorruptModelError(
            f"the constant has {count:,} places", received=f"{len(listed):,} values", path=where
        )
    # Values that repeat at the end are written once.
    return [*listed, *listed[-1:] * (count - len(listed))]


def _listed(tensor: Message, dtype: int, where: str) -> Sequence[str | int]:
    if dtype == STRING:
        return tensor.texts(_TEXTS)
    if dtype not in _NUMBERS:
        raise UnsupportedModelError(
            "the constant holds neither texts nor whole numbers",
            received=f"DataType {dtype}",
            path=where,
        )
    content, kind = tensor.data(_CONTENT), BYTES[dtype]
    if not content:
        return tensor.numbers(_NUMBERS[dtype])
    if len(content) % kind.itemsize:
        raise CorruptModelError("the constant is cut", path=where)
    return [int(value) for value in np.frombuffer(content, kind)]
