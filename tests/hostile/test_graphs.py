"""Graphs of TensorFlow that try to grow without end, to loop, or to reach outside."""

import time

import pytest

from hostile.graph_def import HOSTILE, call, doubling, model, nested_branches
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.compile.emit import compile_network
from keramos.errors import ModelError


def opened(data):
    source = ModelSource("m", {"saved_model.pb": data}, folder=True)
    return compile_network(read("m", source_of=lambda *_: source).network)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_graph_is_refused_at_once(case):
    begun = time.process_time()

    with pytest.raises(ModelError):
        opened(model(*HOSTILE[case]))

    assert time.process_time() - begun < 1


def test_branches_behind_each_other_cost_what_they_hold():
    begun = time.process_time()

    opened(model(nested_branches(200), "y:0"))

    assert time.process_time() - begun < 1


def test_the_same_frame_around_an_honest_graph_opens():
    found = opened(model([call("y", "f3", "x")], "y:0", doubling(4)))

    assert [(one.name, one.shape) for one in found.outputs] == [("y", (None, 2))]
