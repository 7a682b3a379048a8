"""A model that somebody trained without companions, completed by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from keramos.adoption.by_hand import completed
from keramos.adoption.by_settings import Stated, completed_by_settings, family_of
from keramos.adoption.pieces import Pieces
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

    from keramos.adoption.candidate import Whole
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits
    from keramos.types.schema import ColumnKind, Label

    _Given = list[tuple[str, str]]


def attach(  # noqa: PLR0913 (keywords only: the options of one call)
    model: str | Path,
    *,
    schema: Mapping[str, ColumnKind] | Sequence[str],
    transforms: Sequence[str | Path] | Mapping[str, str | Path] = (),
    settings: Mapping[str, object] | None = None,
    rule: str | None = None,
    labels: Sequence[Label] | None = None,
    threshold: float = 0.5,
    target: str | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Adopted:
    """Complete a model with what its answers depend on.

    Args:
        model: a model file that takes one row of numbers, one picture, one text, or a window of
            rows.
        schema: the columns in the order of the row or of the window, with their kinds; names alone
            are numbers. One column of kind ``image`` or ``text`` for pictures and texts.
        transforms: pickles of scikit-learn, applied to the whole row one after another; or by
            column (``{"city": "encoder.pkl", "*": "scaler.pkl"}``): each column first, then the row
            (``*``). For a text its tokenizer, word list or vectorizer, for a window its scaler
            (none: rows enter as they are).
        settings: of pictures, texts and windows, the keys of a recipe's ``[settings]``: ``scale``,
            ``fit``, ``padding``, ``length``, ``steps`` ...; of windows also ``scaler``
            (``request``) and ``target_scaler``, a file.
        rule: ``argmax``, ``threshold`` or ``value``; that of the last layer where None.
        labels: names of the outputs; for ``threshold`` the negative and the positive one.
        threshold: for ``threshold``, the least score of the positive label.
        target: what is predicted.
        by: ``config`` or ``graph``, as for ``load``.
        limits: bounds on what the files may declare.

    Raises:
        UsageError: columns, settings, rule or labels do not fit the model, or leave something open.
        UnsupportedModelError: a transform is not supported.

    Example:
        >>> whole = keramos.attach(
        ...     "cats.h5", schema={"photo": "image"}, settings={"scale": "0..1"},
        ...     labels=["cat", "dog"],
        ... )
    """
    artifact, path = opened(model, by=by, limits=limits), os.fspath(model)
    columns = dict(schema) if isinstance(schema, dict) else dict.fromkeys(schema, None)
    stated = Stated(columns, settings or {}, rule, labels, threshold, target)
    given = _given(transforms)
    pieces = _pieces(path, given, stated, limits)
    family = family_of(artifact, columns, pieces)
    if family == "tables":
        made = _of_table(artifact, given, stated, limits)
    else:
        made = completed_by_settings(family, path, artifact, pieces, stated)
    return Adopted(made.network, made.content, made.difference, (), made.original, source=artifact)


def _pieces(path: str, given: _Given, stated: Stated, limits: Limits) -> Pieces:
    files = [file for _, file in given]
    answer = stated.settings.get("target_scaler", "none")
    files += [str(answer)] if answer != "none" else []
    return Pieces((path,), tuple(read_companion(file, limits) for file in files))


def _of_table(artifact: Artifact, given: _Given, stated: Stated, limits: Limits) -> Whole:
    if stated.settings:
        raise UsageError("a row of a table has no settings", option=next(iter(stated.settings)))
    whole = {"", "*"}
    return completed(
        artifact.network,
        stated.columns,
        {name: _fitted(file, limits) for name, file in given if name not in whole},
        [_fitted(file, limits) for name, file in given if name in whole],
        rule=stated.rule,
        labels=stated.labels,
        threshold=stated.threshold,
        target=stated.target or "target",
    )


def _given(transforms: Sequence[str | Path] | Mapping[str, str | Path]) -> _Given:
    """Files with the columns that they are for; "" and ``*`` for the whole row, ``*`` last."""
    if not isinstance(transforms, dict):
        return [("", os.fspath(path)) for path in transforms]
    pairs = [(name, os.fspath(path)) for name, path in transforms.items()]
    return sorted(pairs, key=lambda pair: pair[0] == "*")


def _fitted(path: str, limits: Limits) -> Fitted:
    value = read_companion(path, limits).value
    if not isinstance(value, Record):
        raise UsageError("the file holds no transform", file=path)
    return fitted_of(value)
