"""What every transform of numbers must do. A test class inherits from ``TransformSuite`` and names
the transform; nothing else is needed.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.tabular.plan import Plan
from keramos.tabular.transforms import TRANSFORMS
from keramos.types.network import Network, TensorRef
from keramos.types.schema import MISSING_NUMBER

RNG = np.random.default_rng(0)
NAMES = ("size", "year", "same")
TRAINING = np.column_stack(
    [RNG.normal(3, 5, 200), RNG.integers(1990, 2030, 200), np.full(200, 7.0)]
)
NEW = np.column_stack([RNG.normal(3, 50, 30), RNG.integers(1900, 2100, 30), RNG.normal(7, 1, 30)])


def network_of(transform):
    """The transform alone as a network, shape (rows, 3) -> (rows, features)."""
    plan = Plan()
    numbers, further = transform.layers(plan, plan.input("x", "float32", len(NAMES)))
    plan.join("prepared", [numbers] if further is None else [numbers, further])
    outputs = (TensorRef(plan.calls[-1].layer),)
    return Network("transform", plan.layers, tuple(plan.calls), tuple(plan.inputs), outputs)


def fed(values):
    """Numbers as the model receives them."""
    return {"x": np.where(np.isnan(values), MISSING_NUMBER, values).astype("float32")}


class TransformSuite:
    """The promises of a transform."""

    transform: type
    gaps = False
    """Whether it takes missing numbers."""

    def values(self, values):
        if not self.gaps:
            return values
        values = values.copy()
        values[::4, 0] = np.nan
        return values

    @pytest.fixture
    def fitted(self):
        return self.transform.fit(self.values(TRAINING))

    def by_numpy(self, fitted, values):
        numbers, further = fitted.apply(values)
        return numbers if further is None else np.concatenate([numbers, further], 1)

    @pytest.mark.parametrize("rows", [TRAINING, NEW], ids=["training rows", "new rows"])
    def test_the_layers_compute_what_numpy_computes(self, fitted, rows):
        values = self.values(rows)

        (answer,) = Session(compile_network(network_of(fitted))).run(fed(values))

        np.testing.assert_allclose(answer, self.by_numpy(fitted, values), rtol=1e-5, atol=1e-5)

    @pytest.mark.oracle
    def test_keras_computes_the_same_from_the_saved_file(self, fitted, tmp_path):
        from keramos.training.keras_engine.answers import keras_outputs

        values, path = self.values(NEW), tmp_path / "m.keras"
        write(path, network_of(fitted), None)

        answer = keras_outputs(path, fed(values))[0]

        np.testing.assert_allclose(answer, self.by_numpy(fitted, values), rtol=1e-5, atol=1e-5)

    def test_the_stored_numbers_give_the_transform_back(self, fitted):
        stored = json.loads(json.dumps(fitted.parameters()))

        again = self.transform.restored({name: tuple(part) for name, part in stored.items()})

        assert again == fitted
        assert all(len(part) == len(NAMES) for part in stored.values())

    def test_it_is_fitted_on_present_values_only(self, fitted):
        assert all(np.isfinite(part).all() for part in fitted.parameters().values())

    def test_each_further_feature_has_a_name(self, fitted):
        _, further = fitted.apply(self.values(TRAINING))

        names = fitted.further(NAMES)

        assert len(names) == (0 if further is None else further.shape[1])
        assert len(set(names)) == len(names)

    def test_it_is_a_row_of_the_table(self):
        assert TRANSFORMS[self.transform.name] is self.transform
