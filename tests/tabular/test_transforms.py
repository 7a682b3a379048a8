"""The transforms of the table keep the promises of every transform."""

import numpy as np
import pytest

from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.tabular.impute import Impute
from keramos.tabular.min_max import MinMax
from keramos.tabular.one_hot import OneHot, vocabulary_of
from keramos.tabular.plan import Plan
from keramos.tabular.standard import Standard
from keramos.types.network import Network
from keramos.types.schema import MISSING_INTEGER
from support.transform_suite import TransformSuite


class TestMinMax(TransformSuite):
    transform = MinMax

    def test_the_training_range_becomes_0_to_1(self, fitted):
        low, high = fitted.apply(np.array([fitted.minimum, fitted.maximum]))[0]

        assert low.tolist() == [0, 0, 0]
        assert high.tolist() == [1, 1, 0]


class TestStandard(TransformSuite):
    transform = Standard


class TestImpute(TransformSuite):
    transform = Impute
    gaps = True

    def test_only_columns_with_gaps_in_training_get_an_indicator(self, fitted):
        assert fitted.further(("a", "b", "c")) == ("a is missing",)


ONE_HOTS = {
    "text": (OneHot("c", ("red", "blue"), "", missing_level=True), ["red", "", "blue", "pink"]),
    "text that is always there": (OneHot("c", ("[UNK]",), "", missing_level=False), ["[UNK]", "x"]),
    "integers": (
        OneHot("c", (7, -1), MISSING_INTEGER, missing_level=True),
        [7, MISSING_INTEGER, -1, 3],
    ),
}


@pytest.mark.parametrize("case", ONE_HOTS)
def test_the_lookup_layer_computes_what_python_computes(case):
    one_hot, cells = ONE_HOTS[case]
    text = isinstance(cells[0], str)
    plan = Plan()
    output = one_hot.layers(plan, plan.input("c", "string" if text else "int64", 1))
    network = Network("n", plan.layers, tuple(plan.calls), tuple(plan.inputs), (output,))

    fed = {"c": np.array(cells, object if text else "int64")[:, None]}
    (answer,) = Session(compile_network(network)).run(fed)

    assert answer.tolist() == one_hot.apply(cells)
    assert len(one_hot.features()) == answer.shape[1]


def test_a_vocabulary_is_ordered_by_frequency_and_rare_levels_share_one():
    words = [f"w{i % 25}" for i in range(100)] + ["w3", "rare"]

    levels, others = vocabulary_of(words)

    assert next(iter(levels)) == "w3"
    assert (len(levels), others) == (25, 1)
