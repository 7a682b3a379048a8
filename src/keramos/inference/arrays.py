"""Arrays -> model inputs: in number, dtype and shape, and with one number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MismatchError, quoted
from keramos.runtime.session import as_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.runtime.session import Session
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds

_VALUES_AT_ONCE = 1 << 22
"""Input values of one run; keeps memory flat for any number of rows."""

_ROWS_AT_ONCE = 1 << 16


def array_feeds(arrays: Sequence[object], specs: Sequence[TensorSpec], *, nullable: bool) -> Feeds:
    """Arrays as the inputs ``specs``, in their order; where ``nullable``, None is NaN.

    Raises:
        MismatchError: there are more or fewer arrays than inputs, one does not fit its input, or
            they have different numbers of rows.
    """
    if len(arrays) != len(specs):
        raise MismatchError(f"the model has {len(specs)} inputs", received=f"{len(arrays)} arrays")
    if nullable and len(specs) == 1:  # the usual model, in the time of one run
        return {specs[0].name: _fit(arrays[0], specs[0])}
    fed = {spec.name: _fit(array, spec) for spec, array in zip(specs, arrays, strict=True)}
    if not nullable:
        for spec, array in zip(specs, arrays, strict=True):
            _check_no_nulls(array, fed[spec.name], spec)
    _check_rows(fed)
    return fed


def _fit(array: object, spec: TensorSpec) -> NDArray[np.generic]:
    """An array in the input's dtype; a missing last axis of size 1 is added, as Keras does, and an
    empty list is no rows of any shape.
    """
    given = as_input(array, spec.dtype)
    if given.shape == (0,) and len(spec.shape) > 1:
        return given.reshape(0, *(size or 1 for size in spec.shape[1:]))
    if given.ndim == len(spec.shape) - 1 and spec.shape[-1] == 1:
        given = given[..., None]
    usual = given.ndim > 0 and (None, *given.shape[1:]) == spec.shape
    if not usual and not _fits(given.shape, spec.shape):
        raise MismatchError(
            f"input {quoted(spec.name)} needs shape {spec.shape}",
            received=str(given.shape),
        )
    return given


def _fits(given: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(given) == len(wanted) and all(
        size in (None, extent) for extent, size in zip(given, wanted, strict=True)
    )


def _check_no_nulls(given: object, fed: NDArray[np.generic], spec: TensorSpec) -> None:
    """Refuse None, which numpy makes NaN; NaN itself is a number to Keras."""
    if fed.dtype.kind != "f" or getattr(given, "dtype", None) not in (None, object):
        return
    if np.isnan(fed).any() and (np.asarray(given, object) == None).any():  # noqa: E711 (each element)
        raise MismatchError(
            f"input {quoted(spec.name)} holds None, and the model has no rule for missing values",
            remedy="Fill it, or give NaN where the model takes it",
        )


def _check_rows(fed: Feeds) -> None:
    """Refuse what Keras refuses: a layer would broadcast one row, or fail with words of its own."""
    rows = {name: len(array) for name, array in fed.items() if array.ndim}
    if len(set(rows.values())) > 1:
        raise MismatchError(
            "the inputs have different numbers of rows",
            received=", ".join(f"{quoted(name)} {count}" for name, count in rows.items()),
            remedy="Give every input the same number of rows",
        )


def rows_at_once(fed: Feeds, rows: int) -> int:
    """Rows of one run."""
    if rows <= 1 or any(len(array) != rows for array in fed.values()):
        return max(rows, 1)
    values = sum(array.size for array in fed.values()) // rows
    return max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // max(values, 1)))


def answers_without_rows(
    session: Session, fed: Feeds, outputs: Sequence[TensorSpec]
) -> list[NDArray[np.generic]]:
    """The outputs for no rows, with the dtypes and the other axes that rows would give.

    One row of zeros shows them: not every operator of ONNX Runtime runs without rows.
    """
    row = {
        name: np.full((1, *array.shape[1:]), "" if array.dtype == object else 0, array.dtype)
        for name, array in fed.items()
    }
    try:
        return [output[:0] for output in session.run(row)]
    except MismatchError:  # the model refuses zeros, or takes another fixed number of rows
        return [
            np.empty((0, *(size or 0 for size in spec.shape[1:])), _dtype(spec)) for spec in outputs
        ]


def _dtype(spec: TensorSpec) -> np.dtype[np.generic]:
    return np.dtype(object if spec.dtype == "str" else spec.dtype)
