"""Nodes and functions of a graph, as every form of graph gives them.

Source: tensorflow/core/framework/{graph,node_def,function}.proto. In the main graph an input is
``node`` or ``node:1``; in a function it is an argument's name, or ``node:output:0`` with the name
of an output of the operation. Control inputs (``^node``) carry no value and stand apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from keramos.errors import CorruptModelError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WHERE = "the graph of TensorFlow operations"

_OUTPUTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("FusedBatchNorm", "FusedBatchNormV2"),
        ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"),
    ),
    "CombinedNonMaxSuppression": (
        *("nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"),
    ),
    "FusedBatchNormV3": (
        *("y", "batch_mean", "batch_variance"),
        *("reserve_space_1", "reserve_space_2", "reserve_space_3"),
    ),
    "MaxPoolWithArgmax": ("output", "argmax"),
    "Merge": ("output", "value_index"),
    "NonMaxSuppressionV4": ("selected_indices", "valid_outputs"),
    "NonMaxSuppressionV5": ("selected_indices", "selected_scores", "valid_outputs"),
    "RaggedGather": ("output_nested_splits", "output_dense_values"),
    "RaggedRange": ("rt_nested_splits", "rt_dense_values"),
    "SoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "SparseSoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "SparseFillEmptyRows": (
        *("output_indices", "output_values", "empty_row_indicator", "reverse_index_map"),
    ),
    "SparseReshape": ("output_indices", "output_shape"),
    "StringNGrams": ("ngrams", "ngrams_splits"),
    "StringSplit": ("indices", "values", "shape"),
    "StringSplitV2": ("indices", "values", "shape"),
    "Switch": ("output_false", "output_true"),
    "TensorArrayV3": ("handle", "flow"),
    "TensorListConcat": ("tensor", "lengths"),
    "TensorListConcatV2": ("tensor", "lengths"),
    "TensorListPopBack": ("output_handle", "tensor"),
    "TopK": ("values", "indices"),
    "TopKV2": ("values", "indices"),
    "UnicodeDecode": ("row_splits", "char_values"),
    "UnicodeDecodeWithOffsets": ("row_splits", "char_values", "char_to_byte_starts"),
    "Unique": ("y", "idx"),
    "UniqueV2": ("y", "idx"),
    "UniqueWithCounts": ("y", "idx", "count"),
}
"""Operations with several outputs of one tensor each -> their names. All others have one output,
or one list of outputs.
"""


_LISTS: Mapping[str, Sequence[str]] = {
    "ParseExample": ("sparse_indices", "sparse_values", "sparse_shapes", "dense_values"),
    "ParseExampleV2": (
        *("sparse_indices", "sparse_values", "sparse_shapes", "dense_values"),
        *("ragged_values", "ragged_row_splits"),
    ),
    "ParseSingleExample": ("sparse_indices", "sparse_values", "sparse_shapes", "dense_values"),
}
"""Operations with several outputs, each a list of tensors."""

_TYPES = {
    "dense_values": "Tdense",
    "ragged_row_splits": "ragged_split_types",
    "ragged_values": "ragged_value_types",
}
"""Output -> the attribute that lists its types; the others have one for each of sparse_types."""


class FunctionName(NamedTuple):
    """A function that an attribute names."""

    name: str


class Node(Frozen, frozen=True, eq=False):
    """One operation; ``attributes`` are read when they are asked for. ``controls`` are the nodes
    that run before it without giving it a value.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Callable[[], Mapping[str, object]]
    controls: tuple[str, ...] = ()


class Function(NamedTuple):
    """A function: names of its arguments, and the edges that it returns."""

    arguments: tuple[str, ...]
    returned: tuple[str, ...]
    nodes: Mapping[str, Node]


class Definitions(Protocol):
    """A graph and its functions.

    Raises:
        ModelError: from both: what is asked for is damaged or does not exist.
    """

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of the main graph by name."""

    def function(self, name: str) -> Function:
        """A function of the library."""

    def has_function(self, name: str) -> bool:
        """Whether the library has a function of this name."""


def node_of(
    name: str, op: str, texts: Sequence[str], attributes: Callable[[], Mapping[str, object]]
) -> Node:
    """A node whose inputs are written as texts, control inputs among them."""
    controls = tuple([one[1:] for one in texts if one[:1] == "^"])
    inputs = tuple([one for one in texts if one[:1] != "^"] if controls else texts)
    return Node(name, op, inputs, attributes, controls)


def named(nodes: Sequence[Node]) -> dict[str, Node]:
    """Nodes by their names.

    Raises:
        CorruptModelError: two have one name.
    """
    found = {node.name: node for node in nodes}
    if len(found) != len(nodes):
        names = [node.name for node in nodes]
        twice = next(name for name in names if names.count(name) > 1)
        raise CorruptModelError("the graph has two nodes of one name", received=twice, path=WHERE)
    return found


def _listed_outputs(node: Node) -> list[str]:
    """The name of each tensor of an operation that gives several lists of them."""
    found: list[str] = []
    for name in _LISTS.get(node.op, ()):
        types = node.attributes().get(_TYPES.get(name, "sparse_types"))
        found += [name] * (len(types) if isinstance(types, list | tuple) else 0)
    return found


def edge_of(text: str, nodes: Mapping[str, Node]) -> tuple[str, int]:
    """Node and number of the output that an input names.

    Raises:
        CorruptModelError: the number is not one.
    """
    if ":" not in text:
        return text, 0
    name, _, rest = text.partition(":")
    output, _, number = rest.rpartition(":")
    if not number.isdecimal() or len(number) > 6 or ":" in output:  # noqa: PLR2004 (node:output:number)
        raise CorruptModelError("an input names no output", received=repr(text[:80]), path=WHERE)
    if not output or name not in nodes:
        return name, int(number)
    op = nodes[name].op
    outputs = _listed_outputs(nodes[name]) if op in _LISTS else _OUTPUTS.get(op, ())
    return name, int(number) + (outputs.index(output) if output in outputs else 0)
