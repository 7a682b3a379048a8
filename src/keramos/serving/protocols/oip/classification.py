"""Triton's classification extension: the best classes of an output instead of all its numbers
(``extension_classification.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import RequestError
from keramos.runtime.decide import by_row
from keramos.serving.codecs.json_lenient import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.serving.core.served import Served

PARAMETER = "classification"
"""The parameter of a requested output: how many classes."""

_LARGEST = 2**63 - 1


def class_count(value: object, output: str) -> int:
    """How many classes of an output are asked for; 0 asks for its numbers.

    Raises:
        RequestError: the value is not a whole number from 0 on.
    """
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise RequestError(
            f"parameter '{PARAMETER}' of output '{output}' must be a number of classes",
            received=shown(value),
        )
    return value


def best_classes(
    served: Served, output: str, array: NDArray[np.generic], count: int
) -> NDArray[np.generic]:
    """The largest ``count`` values of each row as texts ``value:index:label``, shape (rows,
    classes); all values of a row are its classes.

    Raises:
        RequestError: the output holds text.
    """
    if array.dtype.kind not in "fiub":
        raise RequestError(f"output '{output}' holds text, which has no best classes")
    content = served.model.content
    labels = content.rule.labels if content else ()
    rows = by_row(array)
    order = np.argsort(-rows.astype(float), axis=1, kind="stable")[:, :count]
    texts = np.empty(order.shape, object)
    for place in np.ndindex(*order.shape):
        index = int(order[place])
        label = f":{labels[index]}" if len(labels) == rows.shape[1] else ""
        texts[place] = f"{rows[place[0], index]:f}:{index}{label}"
    return texts
