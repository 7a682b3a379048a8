"""A transform from outside the package: one class and one row of the table, and it is fitted,
stored, restored and computed by Keras as keramos' own.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from keramos.compile.emit import compile_network
from keramos.data.conform import conform
from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.prepare.feeds import feeds
from keramos.prepare.fit import fit
from keramos.prepare.front import front
from keramos.runtime.session import Session
from keramos.tabular.transform import NumberTransform
from keramos.tabular.transforms import TRANSFORMS
from keramos.types.schema import Preparation
from support.transform_suite import TransformSuite


@dataclass(frozen=True, slots=True)
class Winsor(NumberTransform):
    """Numbers beyond the 5th and 95th percentile become these; the range becomes 0 to 1."""

    name = "winsor"
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def fit(cls, values):
        return cls(*(tuple(part.tolist()) for part in np.nanpercentile(values, [5, 95], axis=0)))

    def _width(self):
        return [b - a if b > a else 1.0 for a, b in zip(self.low, self.high, strict=True)]

    def apply(self, values):
        return np.clip((values - self.low) / self._width(), 0, 1), None

    def layers(self, plan, x):
        offset, scale = [-a for a in self.low], [1 / width for width in self._width()]
        x = plan.add("Rescaling", "above_low", {"scale": 1.0, "offset": offset}, x)
        x = plan.add("Rescaling", "of_range", {"scale": scale, "offset": 0.0}, x)
        clip = {"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}
        return plan.add("ReLU", "winsor", clip, x), None


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(TRANSFORMS, Winsor.name, Winsor)


class TestWinsor(TransformSuite):
    transform = Winsor


TABLE = {
    "income": [*range(100, 159), 10**6],
    "age": [None if i % 7 == 0 else 20 + i % 40 for i in range(60)],
    "y": [i % 2 for i in range(60)],
}


def prepared():
    source = as_table(TABLE)
    schema = infer_schema(source, "y")
    typed = conform(source, schema, need_target=True).table
    y = np.array(TABLE["y"], "float32")
    return typed, fit(typed, schema, y, scaling="minmax", transforms=["winsor"])


def test_a_preparation_applies_it_between_filling_and_scaling_and_keeps_it_in_the_file():
    typed, preparation = prepared()
    stored = msgspec.json.encode(preparation)
    again = msgspec.json.decode(stored, type=Preparation)

    (matrix,) = Session(compile_network(front(again))).run(feeds(typed, again).feeds)

    assert [record.name for record in again.transforms] == ["impute", "winsor", "minmax"]
    assert again.features == ("income", "age", "age is missing")
    income = matrix[:, 0]
    assert sorted(income)[-3:] == [1, 1, 1], "an outlier is no more than the 95th percentile"
    assert np.unique(income).size > 40
    assert matrix.shape == (60, 3)


def test_a_file_without_further_transforms_is_written_as_before():
    source = as_table(TABLE)
    schema = infer_schema(source, "y")
    typed = conform(source, schema, need_target=True).table
    preparation = fit(typed, schema, np.array(TABLE["y"], "float32"), scaling="minmax")

    assert b"transforms" not in msgspec.json.encode(preparation)


def test_a_file_with_a_transform_that_is_absent_or_has_other_numbers_is_refused(monkeypatch):
    _, preparation = prepared()
    stored = msgspec.json.encode(preparation)
    wrong = msgspec.json.decode(stored.replace(b'"low":[', b'"low":[1.0,'), type=Preparation)

    with pytest.raises(CorruptModelError, match="winsor needs 2 numbers"):
        front(wrong)
    monkeypatch.delitem(TRANSFORMS, "winsor")
    with pytest.raises(UnsupportedModelError, match="'winsor'"):
        front(preparation)
