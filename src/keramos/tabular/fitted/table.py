"""The fitted transforms, one row each. To add one: a file beside this one, and a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError, located
from keramos.tabular.fitted.attributes import attribute, cells, count, feature_names, flag
from keramos.tabular.fitted.chain import Chain
from keramos.tabular.fitted.column_transformer import Branch, ColumnTransformer
from keramos.tabular.fitted.function_transformer import FunctionTransformer
from keramos.tabular.fitted.k_bins_discretizer import KBinsDiscretizer
from keramos.tabular.fitted.label_binarizer import LabelBinarizer
from keramos.tabular.fitted.label_encoder import LabelEncoder
from keramos.tabular.fitted.max_abs_scaler import MaxAbsScaler
from keramos.tabular.fitted.min_max_scaler import MinMaxScaler
from keramos.tabular.fitted.normalizer import Normalizer
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.tabular.fitted.ordinal_encoder import OrdinalEncoder
from keramos.tabular.fitted.pca import PCA
from keramos.tabular.fitted.polynomial_features import PolynomialFeatures
from keramos.tabular.fitted.power_transformer import PowerTransformer
from keramos.tabular.fitted.quantile_transformer import QuantileTransformer
from keramos.tabular.fitted.robust_scaler import RobustScaler
from keramos.tabular.fitted.selection import SelectKBest, VarianceThreshold
from keramos.tabular.fitted.simple_imputer import SimpleImputer
from keramos.tabular.fitted.standard_scaler import StandardScaler
from keramos.types.companions import Record

if TYPE_CHECKING:
    from keramos.tabular.fitted.fitted import Fitted

FITTED: dict[str, type[Fitted]] = {
    one.name: one
    for one in (
        FunctionTransformer,
        KBinsDiscretizer,
        LabelBinarizer,
        LabelEncoder,
        MaxAbsScaler,
        MinMaxScaler,
        Normalizer,
        OneHotEncoder,
        OrdinalEncoder,
        PCA,
        PolynomialFeatures,
        PowerTransformer,
        QuantileTransformer,
        RobustScaler,
        SelectKBest,
        SimpleImputer,
        StandardScaler,
        VarianceThreshold,
    )
}
"""Class -> the transform."""

REFUSED = {
    "KNNImputer": "it needs all training rows for each answer",
    "IterativeImputer": "it runs fitted models for each answer",
    "MultiLabelBinarizer": "a cell of it holds several labels",
    "TargetEncoder": "its codes depend on how it was fitted",
    "SplineTransformer": "splines are not supported",
    "FeatureUnion": "unions are not supported; use a ColumnTransformer",
    "TruncatedSVD": "it is not supported; use PCA",
    "FeatureHasher": "hashed features are not supported",
}
"""Class -> why it is refused."""

_MOST_PARTS = 500


def is_transform(value: object) -> bool:
    """Whether a value of a pickle is an estimator of scikit-learn."""
    return isinstance(value, Record) and value.kind.module.startswith("sklearn.")


def fitted_of(record: Record) -> Fitted:
    """The transform that a record describes.

    Raises:
        UnsupportedModelError: its class is not in the table, or an option of it is not supported.
        CorruptModelError: an attribute is not what it must be.
        LimitExceededError: it has more parts or columns than a transform may have.
    """
    name = record.kind.name
    try:
        return _Parts().fitted(record)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptModelError(
            f"the attributes of the {name} contradict each other ({type(error).__name__})"
        ) from error
    except (MemoryError, RecursionError):
        raise LimitExceededError(f"the {name} has more parts than a transform may have") from None


@dataclass(slots=True)
class _Parts:
    """Reads transforms and the transforms in them, up to a number of all together."""

    left: int = _MOST_PARTS

    def fitted(self, record: Record) -> Fitted:
        self.left -= 1
        if self.left < 0:
            raise LimitExceededError("the transform has more parts than a transform may have")
        with located(path=record.kind.name):
            if record.kind.name == "Pipeline":
                return self.chain(record)
            if record.kind.name == "ColumnTransformer":
                return self.branches(record)
            kind = FITTED.get(record.kind.name)
            if kind is None:
                reason = REFUSED.get(record.kind.name, "no such transform is supported")
                raise UnsupportedModelError(f"a {record.kind.name} is refused: {reason}")
            return kind.read(record)

    def chain(self, record: Record) -> Chain:
        steps = [cells(step, "steps") for step in cells(attribute(record, "steps"), "steps")]
        return Chain(tuple(self.part(step[-1]) for step in steps if step and step[-1] is not None))

    def part(self, value: object) -> Fitted:
        if value == "passthrough":
            return FunctionTransformer()
        if not isinstance(value, Record):
            raise CorruptModelError("a step of a pipeline is not a transform")
        return self.fitted(value)

    def branches(self, record: Record) -> ColumnTransformer:
        names = feature_names(record)
        size = len(names) or count(record, "n_features_in_", "_n_features")
        found = []
        for entry in cells(attribute(record, "transformers_"), "transformers_"):
            label, transform, columns = cells(entry, "transformers_")
            if transform == "drop":
                continue
            places = _places(columns, names, size)
            if places:
                found.append(Branch(str(label), self.part(transform), places))
        prefixed = flag(record, "verbose_feature_names_out", default=False)
        return ColumnTransformer(names or ("",) * size, tuple(found), prefixed)


def _places(columns: object, names: tuple[str, ...], size: int) -> tuple[int, ...]:
    """Places of columns that are given by name, place, slice or mask."""
    if isinstance(columns, slice):
        if isinstance(columns.start or columns.stop, str):
            raise UnsupportedModelError("a range of columns is given by names")
        return tuple(range(size)[columns])
    if isinstance(columns, (str, int)) and not isinstance(columns, bool):
        columns = [columns]
    listed = cells(columns, "columns")
    if listed and all(isinstance(one, (bool, np.bool_)) for one in listed):
        return tuple(place for place, kept in enumerate(listed) if kept)
    return tuple(_place(one, names, size) for one in listed)


def _place(column: object, names: tuple[str, ...], size: int) -> int:
    if isinstance(column, str):
        if column not in names:
            raise CorruptModelError("a branch takes a column that does not exist", column=column)
        return names.index(column)
    if isinstance(column, int) and -size <= column < size:
        return column % size
    raise CorruptModelError("a branch takes a column that does not exist")
