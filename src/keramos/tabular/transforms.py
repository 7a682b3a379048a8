"""The transforms, one row each, and those of a file. To add one: a file beside this one, and a row
here.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, cast

import msgspec

from keramos.errors import CorruptModelError, UnsupportedModelError, quoted
from keramos.tabular.impute import Impute
from keramos.tabular.kinds import KINDS
from keramos.tabular.min_max import MinMax
from keramos.tabular.one_hot import OneHot
from keramos.tabular.standard import Standard
from keramos.tabular.target_statistics import TargetStatistics

if TYPE_CHECKING:
    from keramos.tabular.transform import NumberTransform
    from keramos.types.schema import ColumnPreparation, Preparation, TransformRecord

TRANSFORMS: dict[str, type[NumberTransform]] = {
    transform.name: transform for transform in (Impute, MinMax, Standard)
}
"""Name in files -> the transform of numbers. Categories are one-hot encoded."""


def number_inputs(preparation: Preparation) -> list[ColumnPreparation]:
    """The model inputs that are numbers, in order."""
    return [column for column in preparation.inputs if not KINDS[column.kind].is_category]


def number_transforms(preparation: Preparation) -> list[NumberTransform]:
    """What is done to the numbers, in order; those of a file that names none follow from the
    statistics of its inputs.

    Raises:
        UnsupportedModelError: the file names a transform that is not in the table.
        CorruptModelError: the numbers of a transform are not those of the inputs.
    """
    if isinstance(preparation.transforms, msgspec.UnsetType):
        return _from_statistics(preparation)
    size = len(number_inputs(preparation))
    return [_restored(record, size) for record in preparation.transforms]


def _restored(record: TransformRecord, size: int) -> NumberTransform:
    if record.name not in TRANSFORMS:
        raise UnsupportedModelError(
            f"the preparation has the transform {quoted(record.name)}, which this keramos lacks",
            path="content.preparation.transforms",
            remedy="Upgrade keramos",
        )
    transform = TRANSFORMS[record.name]
    wanted = {field.name for field in fields(transform)}  # type: ignore[arg-type]  # a dataclass
    sizes = {len(numbers) for numbers in record.parameters.values()}
    if record.parameters.keys() != wanted or sizes - {size}:
        raise CorruptModelError(
            f"the transform {record.name} needs {size} numbers for each of {sorted(wanted)}",
            path="content.preparation.transforms",
        )
    return transform.restored(record.parameters)


def _from_statistics(preparation: Preparation) -> list[NumberTransform]:
    columns = number_inputs(preparation)
    nullable = tuple(float(column.null_policy == "median") for column in columns)
    fill = [Impute(tuple(column.median for column in columns), nullable)] if any(nullable) else []
    return [*fill, _SCALINGS[preparation.scaling](columns)]


def _min_max(columns: list[ColumnPreparation]) -> NumberTransform:
    return MinMax(
        tuple(column.minimum for column in columns), tuple(column.maximum for column in columns)
    )


def _standard(columns: list[ColumnPreparation]) -> NumberTransform:
    return Standard(
        tuple(column.mean for column in columns), tuple(column.deviation for column in columns)
    )


_SCALINGS = {"minmax": _min_max, "standard": _standard}


def one_hots(preparation: Preparation) -> list[OneHot]:
    """The vocabularies of the categories that have a cell for each level, in order."""
    return [
        OneHot(column.input, column.categories, _null_code(column), column.null_policy == "level")
        for column in preparation.inputs
        if KINDS[column.kind].is_category and not column.statistics
    ]


def target_statistics(preparation: Preparation) -> list[TargetStatistics]:
    """The categories whose levels have numbers, in order."""
    return [
        TargetStatistics(
            column.input,
            column.categories,
            _null_code(column),
            column.null_policy == "level",
            column.statistics,
        )
        for column in preparation.inputs
        if column.statistics
    ]


def _null_code(column: ColumnPreparation) -> str | int:
    return cast("str | int", KINDS[column.kind].null_code)  # a category's, never a float
