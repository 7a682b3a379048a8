"""Estimators with scikit-learn's convention: cross validation, searches and pipelines take them.

Needs scikit-learn, which is not a dependency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from keramos.compile.emit import compile_network
from keramos.data.read import as_table
from keramos.errors import DataError, RowError
from keramos.inference.model import Model
from keramos.pipeline.train import train
from keramos.types.artifact import Artifact, FileInfo, Known
from keramos.types.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from keramos.types.schema import Scaling, Task

    Array = NDArray[Any]  # scikit-learn's arrays have any dtype

_UNWRITTEN = FileInfo("(not saved)", "memory", "keras3", "", "", 0, Known(""))


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: the plan's fields as parameters, ``fit`` and ``save``."""

    _task: Task | None

    def __init__(  # noqa: PLR0913 (scikit-learn wants each parameter by name)
        self,
        *,
        recipe: str = "auto",
        epochs: int = 10,
        batch_size: int = 0,
        hidden: tuple[int, ...] = (),
        learning_rate: float = 0.0,
        early_stopping: int = 0,
        loss: str = "",
        engine: str = "auto",
        scaling: Scaling | None = None,
        random_state: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.early_stopping = early_stopping
        self.loss = loss
        self.engine = engine
        self.scaling = scaling
        self.random_state = random_state

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one ``.h5`` or ``.keras`` file.

        Raises:
            NotFittedError: ``fit`` was not called.
            SaveError: the file could not be written.
        """
        check_is_fitted(self)
        self.run_.save(path)

    def _fit(self, features: object, y: Array, sample_weight: object) -> Self:
        column = None
        if sample_weight is not None:
            features, column = _weighted(features, sample_weight)
        try:
            self.run_ = train(
                features,
                y,
                task=self._task,
                weight_column=column,
                scaling=self.scaling,
                recipe=self.recipe,
                epochs=self.epochs,
                batch_size=self.batch_size,
                hidden=self.hidden,
                learning_rate=self.learning_rate,
                early_stopping=self.early_stopping,
                loss=self.loss,
                engine=self.engine,
                seed=int(check_random_state(self.random_state).randint(2**31)),
            )
        except DataError as error:
            raise ValueError(str(error)) from error  # what scikit-learn's users catch
        network = self.run_.network
        artifact = Artifact(network, _UNWRITTEN, self.run_.content, "intact")
        self.model_ = Model(artifact, compile_network(network))
        return self

    def _answers(self, x: object) -> Array:
        check_is_fitted(self)
        try:
            outputs: Array = np.asarray(self.model_.predict(self._features(x, reset=False)))
        except RowError as error:
            raise ValueError(str(error)) from error
        return outputs

    def _features(self, x: object, *, reset: bool) -> object:
        """A DataFrame as it is; anything else as a dict of columns of numbers, which after a fit
        with a DataFrame have its names, in its order. After a fit with an array a DataFrame is
        taken by position, with scikit-learn's warning.
        """
        if reset:
            self._framed = hasattr(x, "columns")
        if hasattr(x, "columns") and self._framed:
            validate_data(self, x, reset=reset, skip_check_array=True)
            return x
        checked: Array = validate_data(
            self,
            x,
            reset=reset,
            dtype="numeric",
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{at}" for at in range(checked.shape[1])]
        return dict(zip(names, checked.T, strict=True))

    def __sklearn_tags__(self) -> Tags:
        """Gaps are allowed, and the same seed is needed for the same answers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.random_state is None
        return tags


class KeramosClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]  # no types
    """A classifier of tables that saves itself as one ordinary Keras file.

    Parameters are the fields of ``keramos.TrainingPlan``; ``random_state`` is its seed. A fifth of
    the rows is held out, and its metrics are in the file.

    Example:
        >>> cross_val_score(KeramosClassifier(recipe="trees"), X, y)
        >>> KeramosClassifier().fit(X, y).save("model.h5")
    """

    _task = None

    def fit(
        self,
        X: object,  # noqa: N803 (scikit-learn's name)
        y: object,
        sample_weight: object = None,
    ) -> Self:
        """Train on features, shape (rows, columns), and the class of each row; rows count by
        ``sample_weight`` (rows,), 0 or more, also where they are held out.

        Raises:
            ValueError: there is one class only, or values that are no classes.
            DataError: the table cannot be used.
        """
        features = self._features(X, reset=True)
        check_consistent_length(X, y)
        labels = column_or_1d(_given(y), warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        self.classes_, places = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:  # noqa: PLR2004 (a choice needs two)
            raise ValueError(f"y has one class only, {self.classes_[0]!r}")
        self._task = "binary" if len(self.classes_) == 2 else "multiclass"  # noqa: PLR2004
        self._names = [_label(name) for name in self.classes_]
        return self._fit(
            features, np.array([self._names[place] for place in places]), sample_weight
        )

    def predict_proba(self, X: object) -> Array:  # noqa: N803 (scikit-learn's name)
        """The probability of each class in the order of ``classes_``, shape (rows, classes)."""
        scores = self._answers(X)
        if scores.shape[1] == 1:
            scores = np.hstack([1 - scores, scores])
        stored = [str(name) for name in self.run_.content.schema.target.classes]
        order = [stored.index(str(name)) for name in self._names]
        ordered: Array = scores[:, order]
        return ordered

    def predict(self, X: object) -> Array:  # noqa: N803 (scikit-learn's name)
        """The most probable class of each row."""
        check_is_fitted(self)
        best: Array = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return best


class KeramosRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]  # no types
    """A regressor of tables that saves itself as one ordinary Keras file; see
    ``KeramosClassifier``.
    """

    _task = "regression"

    def fit(
        self,
        X: object,  # noqa: N803 (scikit-learn's name)
        y: object,
        sample_weight: object = None,
    ) -> Self:
        """Train on features, shape (rows, columns), and the value of each row; rows count by
        ``sample_weight`` (rows,), 0 or more, also where they are held out.

        Raises:
            DataError: the table cannot be used.
        """
        features = self._features(X, reset=True)
        check_consistent_length(X, y)
        values = column_or_1d(_given(y), warn=True).astype(float)
        assert_all_finite(values, input_name="y")
        return self._fit(features, values, sample_weight)

    def predict(self, X: object) -> Array:  # noqa: N803 (scikit-learn's name)
        """The value of each row."""
        return self._answers(X)[:, 0].astype(float)


def _weighted(features: object, sample_weight: object) -> tuple[Table, str]:
    """The features with the weights of rows as a column, and its name."""
    table = as_table(features)
    weights = np.asarray(sample_weight, float)
    if weights.shape != (table.rows,):
        raise ValueError(
            f"sample_weight has the shape {weights.shape}, and there are {table.rows} rows"
        )
    if not weights.any():
        raise ValueError("sample_weight has zero weights only, so there is no row to learn from")
    name = "sample_weight"
    while name in table.columns:
        name += "_"
    column = Column(weights, np.isnan(weights))
    return Table(table.source, {**table.columns, name: column}, table.rows), name


def _given(y: object) -> object:
    if y is None:
        raise ValueError("this estimator requires y to be passed, but the target y is None")
    return y


def _label(name: object) -> str | int | bool:
    """A class as files store it: whole numbers and booleans as they are, others as text."""
    if isinstance(name, np.floating) and name == int(name):
        return int(name)
    if isinstance(name, (np.bool_, np.integer)):
        return name.item()
    return str(name)
