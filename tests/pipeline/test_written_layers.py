"""Each class of layer is written in each form, or refused by name; what is written answers in its
own program as in Keras.

``written_layers.txt`` lists the forms; ``python -m support.written_layers`` (in ``tests``) writes
it again.
"""

import re

import pytest

from keramos.keras_layers.registry import LAYERS
from keramos.pipeline.written_forms import TARGETS
from keramos.report.written_layers import written_layers
from support.option_values import DRAWS
from support.tfjs import run_in_tfjs
from support.written_layers import NAMES, checked, sample, written, wrong

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

FAST = ("Conv2D", "LSTM", "StringLookup")
"""Classes that each run of tests writes; ``make test-all`` writes all."""
KINDS = [
    pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow)
    for kind in sorted(LAYERS)
    if kind in DRAWS
]


def test_the_table_has_every_class_that_keras_makes_and_every_form():
    table = written_layers()
    assert set(table) == {kind for kind in LAYERS if kind in DRAWS}
    assert set().union(*table.values()) == {target.word for target in TARGETS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_written_as_the_table_says_and_answers_there_as_in_keras(kind, tmp_path):
    found, faults = checked(kind, tmp_path)

    assert {form for form, why in found.items() if not why} == written_layers()[kind]
    assert faults == []
    for why in filter(None, found.values()):
        assert re.search(rf"{kind}|layer '|computation: \w+|texts|Lambda", why), why


@pytest.mark.slow
def test_layers_written_for_tensorflow_js_answer_there_as_in_keras(tmp_path):
    samples = []
    for kind, forms in written_layers().items():
        if "tfjs" in forms:
            (tmp_path / kind).mkdir()
            one = sample(kind, tmp_path / kind)
            assert written(one, tmp_path / kind)["tfjs"] == ""
            samples.append((kind, one, tmp_path / kind / NAMES["tfjs"] / "model.json"))

    made = run_in_tfjs([(path, list(one.rows.values())) for _, one, path in samples], tmp_path)

    faults = {
        kind: found
        for (kind, one, _), answers in zip(samples, made, strict=True)
        if (found := wrong(answers, one.expected))
    }
    assert faults == {}
