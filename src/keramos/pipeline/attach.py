"""A model that somebody trained without companions, completed by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from keramos.adoption.by_hand import completed
from keramos.companions.read import read_companion
from keramos.errors import UsageError
from keramos.pipeline.adopt import Adopted
from keramos.pipeline.reading import opened
from keramos.tabular.fitted.table import fitted_of
from keramos.types.companions import Record
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.limits import Limits
    from keramos.types.schema import ColumnKind, Label


def attach(  # noqa: PLR0913 (keywords only: the options of one call)
    model: str | Path,
    *,
    schema: Mapping[str, ColumnKind] | Sequence[str],
    transforms: Sequence[str | Path] | Mapping[str, str | Path] = (),
    rule: str | None = None,
    labels: Sequence[Label] | None = None,
    threshold: float = 0.5,
    target: str = "target",
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Adopted:
    """Complete a model with what its answers depend on.

    Args:
        model: a model file that takes one row of numbers.
        schema: the columns in the order of the row, with their kinds; names alone are numbers.
        transforms: pickles of scikit-learn, applied to the whole row one after another; or by
            column (``{"city": "encoder.pkl", "*": "scaler.pkl"}``): each column first, then the row
            (``*``).
        rule: ``argmax``, ``threshold`` or ``value``; that of the last layer where None.
        labels: names of the outputs; for ``threshold`` the negative and the positive one.
        threshold: for ``threshold``, the least score of the positive label.
        target: what is predicted.
        by: ``config`` or ``graph``, as for ``load``.
        limits: bounds on what the files may declare.

    Raises:
        UsageError: columns, rule or labels do not fit the model.
        UnsupportedModelError: a transform is not supported.
    """
    artifact = opened(model, by=by, limits=limits)
    by_column = dict(transforms) if isinstance(transforms, dict) else {}
    whole = [] if isinstance(transforms, dict) else list(transforms)
    if "*" in by_column:
        whole.append(by_column.pop("*"))
    made = completed(
        artifact.network,
        dict(schema) if isinstance(schema, dict) else dict.fromkeys(schema, None),
        {name: _fitted(path, limits) for name, path in by_column.items()},
        [_fitted(path, limits) for path in whole],
        rule=rule,
        labels=labels,
        threshold=threshold,
        target=target,
    )
    return Adopted(made.network, made.content, made.difference, (), made.original)


def _fitted(path: str | Path, limits: Limits) -> Fitted:
    value = read_companion(os.fspath(path), limits).value
    if not isinstance(value, Record):
        raise UsageError("the file holds no transform", file=os.fspath(path))
    return fitted_of(value)
