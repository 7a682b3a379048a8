"""The drawing of a network: each layer once, shapes on edges, nested models and runs folded."""

import re

import pytest

from keramos.drawing.network_graph import folded, network_graph
from keramos.drawing.network_picture import network_picture
from keramos.pipeline.inspect import describe
from keramos.pipeline.load import load
from keramos.types.view import GraphNode, NetworkGraph

pytestmark = pytest.mark.unit


def graph_of(shared, file):
    found = describe(load(shared / "museum" / file).artifact)
    return network_graph(found.artifact.network, found.layers)


def boxes(drawn):
    """(x, y) of each box, in the order of the drawing."""
    found = re.findall(r'<rect x="([\d.-]+)" y="([\d.-]+)" width="150"', str(drawn))
    return [(float(x), float(y)) for x, y in found]


def test_a_nested_model_is_one_box_with_a_graph_of_its_own(shared):
    found = graph_of(shared, "keras-3.15.1-tensorflow/functional_nested.keras")
    inner = [node.inner for node in found.nodes if node.inner]

    assert [node.name for node in found.nodes].count("sequential") == 2  # called twice
    assert [node.kind for node in inner[0].nodes] == ["InputLayer", "Dense", "BatchNormalization"]
    assert [node.output for node in inner[0].nodes] == ["? x 5", "? x 3", "? x 3"]


@pytest.mark.parametrize(
    "file",
    ["keras-3.15.1-tensorflow/merge_layers.keras", "keras-2.2.4-tensorflow/resnet_block.hdf5"],
)
def test_boxes_do_not_overlap_and_stand_below_what_they_take(shared, file):
    found = graph_of(shared, file)
    places = boxes(network_picture(found))

    assert len(places) == len(found.nodes)
    for at, (x, y) in enumerate(places):
        assert all(y != other_y or abs(x - other_x) >= 150 for other_x, other_y in places[:at])


def test_names_of_a_file_are_text(shared):
    evil = '<script>"&'
    graph = NetworkGraph(
        (GraphNode(evil, evil, evil, 1), GraphNode("b", "Dense", "", 0)), ((0, 1),)
    )

    assert "<script" not in str(network_picture(graph))


def chain(length):
    nodes = tuple(GraphNode(f"l{at}", "Dense", "? x 1", 10) for at in range(length))
    return NetworkGraph(nodes, tuple((at, at + 1) for at in range(length - 1)))


def test_a_long_run_of_layers_is_folded_and_a_short_one_is_not():
    assert folded(chain(40)) == chain(40)
    (run,) = folded(chain(41)).nodes
    assert (run.name, run.kind, run.parameters, run.folded) == ("l0 to l40", "41 layers", 410, 41)


def test_what_branches_stays_when_runs_are_folded():
    long = chain(50)
    forked = NetworkGraph(
        (*long.nodes, GraphNode("skip", "Add", "", 0)), (*long.edges, (10, 50), (49, 50))
    )
    found = folded(forked)

    assert [node.folded for node in found.nodes] == [11, 39, 1]
    assert set(found.edges) == {(0, 1), (0, 2), (1, 2)}
