"""Every value of every option, one by one, answers as in real Keras."""

import pytest

from support.option_draws import engines, faults
from support.option_values import DRAWS, listed, shown

FAST = {"Dense", "Conv1D", "ReLU", "MaxPooling1D", "LocallyConnected1D", "MelSpectrogram"}
"""Classes that each run of tests computes; ``make test-all`` computes all."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow) for kind in DRAWS]
)
def test_every_value_of_every_option_answers_as_in_keras(kind, tmp_path):
    computed = {}
    for name in engines(kind):
        path = tmp_path / ("model.keras" if name == "keras" else "model.h5")
        wrong, reached = faults(kind, name, path)
        assert wrong == [], name
        for option, one in (item for variant in reached for item in variant.own.items()):
            computed.setdefault((kind, option, shown(one)), []).append(name)

    found = {place: list(dict.fromkeys(names)) for place, names in computed.items()}
    assert found == {place: names for place, names in listed().items() if place[0] == kind}
