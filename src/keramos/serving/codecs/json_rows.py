"""Rows and columns of JSON -> model inputs, in the two shapes of TensorFlow Serving and MLflow.

A keramos file takes its table's columns as raw cells; a plain Keras file takes the tensors of its
inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serving.codecs.json_lenient import shown, shown_keys
from keramos.serving.codecs.json_tensors import tensor
from keramos.serving.codecs.row_cells import (
    check_count,
    column_feeds_of,
    column_names,
    feeds_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds


def instance_feeds(served: Served, items: object, most: int, *, tensors: bool = True) -> Feeds:
    """Model inputs from the row format; without ``tensors`` a list is never one value of a column.

    Raises:
        RequestError: it is not that; or RowError, where cells break rules of the schema.
    """
    if not isinstance(items, list):
        raise RequestError("Expecting 'instances' to be an list/array", received=shown(items))
    names = column_names(served)
    if names:
        return feeds_of(served, items, most, tensors=tensors)
    check_count(len(items), most)
    if not items:
        return served.model.feeds([])
    specs = served.model.inputs
    if not isinstance(items[0], dict) or "b64" in items[0]:
        if len(specs) > 1:
            raise RequestError(
                "instances is a plain list, but expecting list of objects as multiple input "
                "tensors required as per "
                f"tensorinfo_map: {_aliases(served)}"
            )
        return served.model.feeds({specs[0].name: _stacked(items, specs[0].dtype, specs[0].name)})
    given = _by_alias(served, items)
    return served.model.feeds(
        {spec.name: _stacked(given[spec.name], spec.dtype, spec.name) for spec in specs}
    )


def _by_alias(served: Served, items: Sequence[object]) -> dict[str, list[object]]:
    aliases = {spec.name for spec in served.model.inputs}
    given: dict[str, list[object]] = {alias: [] for alias in aliases}
    for index, item in enumerate(items):
        failed = (
            f"Failed to process element: {index} of 'instances' list. Error: INVALID_ARGUMENT: "
        )
        if not isinstance(item, dict):
            raise RequestError(
                f"{failed}Expecting object but got list/array or a value: {shown(item)}"
            )
        for alias in item:
            if alias not in aliases:
                raise RequestError(f"{failed}JSON object: does not have named input: {alias}")
        if set(item) != aliases:
            raise RequestError(
                f"{failed}keys must be equal to: {_aliases(served)}", received=shown_keys(item)
            )
        for alias, value in item.items():
            given[alias].append(value)
    return given


def _aliases(served: Served) -> str:
    return ",".join(sorted(spec.name for spec in served.model.inputs))


def _stacked(items: list[object], dtype: str, name: str) -> NDArray[np.generic]:
    """Items of one shape as an array with the rows first."""
    try:
        return tensor(items, dtype, name)
    except RequestError:
        _name_first_misfit(items, dtype, name)
        raise


def _name_first_misfit(items: list[object], dtype: str, name: str) -> None:
    """Raise the error of the first row that is wrong by itself."""
    first = None
    for index, item in enumerate(items):
        failed = (
            f"Failed to process element: {index} of 'instances' list. Error: INVALID_ARGUMENT: "
        )
        try:
            array = tensor(item, dtype, name)
        except RequestError as error:
            raise RequestError(f"{failed}{error}") from None
        first = array if first is None else first
        if array.shape != first.shape:
            raise RequestError(f"{failed}Expecting tensor size: {first.size} but got: {array.size}")


def column_feeds(served: Served, given: object, most: int) -> Feeds:
    """Model inputs from the column format.

    Raises:
        RequestError: it is not that; or RowError, where cells break rules of the schema.
    """
    names = column_names(served)
    if names:
        if isinstance(given, list) and len(names) > 1:
            return feeds_of(served, given, most, tensors=True)
        named = given if isinstance(given, dict) else {names[0]: given}
        return column_feeds_of(served, named, most)
    specs = served.model.inputs
    if not isinstance(given, dict) or "b64" in given:
        if len(specs) > 1:
            raise RequestError(
                "inputs is a plain value/list, but expecting an object as multiple input "
                "tensors required as per "
                f"tensorinfo_map: {_aliases(served)}"
            )
        given = {specs[0].name: given}
    for spec in specs:
        if spec.name not in given:
            raise RequestError(f"Missing named input: {spec.name} in 'inputs' object.")
    return served.model.feeds(
        {spec.name: tensor(given[spec.name], spec.dtype, spec.name) for spec in specs}
    )
