"""Nodes of graphs are read in one pass as the reader of any message reads them."""

import hypothesis.strategies as st
from hypothesis import example, given

from keramos.artifact.containers.graph_def.attributes import AttributeReader, Attributes
from keramos.artifact.containers.graph_def.definitions import node_of
from keramos.artifact.containers.graph_def.node_fields import NodeReader
from keramos.artifact.limits import LIMITS
from keramos.artifact.protobuf import Budget, Message
from keramos.errors import ModelError

TEXTS = st.sampled_from([b"", b"a", b"^a", b"x:0", b"MatMul", b"\xff", b"n" * 127, b"n" * 130])
NAMES = st.sampled_from([b"T", b"N", b"_x", b"Tin"])
VALUES = st.sampled_from([b"", b"\x30\x01", b"\x18\x05", b"\x28\x01", b"\x18\x85\x01", b"\x30"])


def field(number, data, wire=2):
    """One field with its length."""
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | wire]) + length + data


ATTRIBUTES = st.builds(
    lambda name, value: field(5, field(1, name) + field(2, value)), NAMES, VALUES
)
INPUTS = st.builds(lambda text: field(3, text), TEXTS)
FIELDS = st.one_of(
    ATTRIBUTES,
    INPUTS,
    st.builds(field, st.integers(1, 7), TEXTS),
    st.binary(max_size=3),
    st.just(b"\x08\x01"),
)


def by_message(data):
    """The node as its message gives it."""
    message = Message(data, Budget(LIMITS, "g"))
    values = Attributes(message.parts(5), AttributeReader(Budget(LIMITS, "g"), LIMITS))
    return node_of(message.text(1), message.text(2), message.texts(3), values)


def outcome(read, data):
    """The texts and attributes of a node, or the code of its error."""
    try:
        node = read(data)
        return node.name, node.op, node.inputs, node.controls, dict(node.attributes())
    except ModelError as error:
        return error.code


USUAL = st.tuples(
    st.builds(lambda text: field(1, text), TEXTS),
    st.builds(lambda text: field(2, text), TEXTS),
    st.lists(INPUTS, max_size=3).map(b"".join),
    st.lists(ATTRIBUTES, max_size=3).map(b"".join),
).map(b"".join)


@given(st.one_of(USUAL, st.lists(FIELDS, max_size=6).map(b"".join)), st.integers(0, 3))
@example(field(1, b"n") + field(2, b"A") + field(2, b"B"), 0)  # the last counts
@example(field(1, b"n") + field(2, b"A") + field(5, b"") + field(3, b"late"), 0)
@example(field(1, b"n") + field(2, b"A") + b"\x1a\x80\x00", 0)  # a length in two bytes
def test_a_node_is_read_as_its_message_is(data, cut):
    data = data[: len(data) - cut]
    reader = NodeReader(AttributeReader(Budget(LIMITS, "g"), LIMITS))
    found = outcome(lambda one: reader.nodes([one])[0], data)
    assert found == outcome(by_message, data)
    assert found == outcome(lambda one: reader.nodes([one])[0], data)  # known by now
