"""The lookup tables of a graph: their keys and values, as the model's initialiser would fill them.

Source: tensorflow/python/ops/lookup_ops.py. TensorFlow 2 fills a table by a function of its object,
TensorFlow 1 by a node of the main graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.containers.graph_def.definitions import edge_of
from keramos.artifact.containers.object_graph.meta_graph import FILE
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.operation_graph import TABLE, GraphNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.containers.object_graph.lookup_tables import LookupTables, Token
    from keramos.artifact.containers.object_graph.meta_graph import MetaGraph
    from keramos.artifact.sources import ModelSource

TABLES = frozenset({"HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2"})
_IMPORTS = frozenset({"InitializeTable", "InitializeTableV2", "LookupTableImportV2"})
_FILES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
_TYPES = frozenset({"bool", "float32", "float64", "int32", "int64", "str"})
"""Types of keys and values."""

_WHOLE_LINE, _LINE_NUMBER = -2, -1
_SAME = frozenset({"Identity", "StopGradient"})


def table_node(
    node: Node,
    columns: tuple[Sequence[Token] | NDArray[np.generic], Sequence[Token] | NDArray[np.generic]],
) -> GraphNode:
    """The node that stands for a table.

    Raises:
        CorruptModelError: it has a key twice, or not as many keys as values.
    """
    attributes = node.attributes()
    types = [str(attributes.get(name)) for name in ("key_dtype", "value_dtype")]
    keys, values = (
        _column(node, column, kind) for column, kind in zip(columns, types, strict=True)
    )
    if keys.shape != values.shape or len(set(keys.tolist())) != len(keys):
        raise CorruptModelError(
            "the lookup table has a key twice, or not as many keys as values",
            received=f"{keys.size:,} and {values.size:,}",
            layer=node.name,
        )
    return GraphNode(node.name, TABLE, (), {"keys": keys, "values": values})


def _column(
    node: Node, column: Sequence[Token] | NDArray[np.generic], kind: str
) -> NDArray[np.generic]:
    """Keys or values in the type that the table states."""
    if kind in _TYPES:
        try:
            return np.array(list(column), object if kind == "str" else kind)
        except (TypeError, ValueError, OverflowError):
            pass  # refused with the other wrong types
    raise CorruptModelError(
        "the lookup table holds values of another type than it states, or of none that tables have",
        received=kind[:80],
        layer=node.name,
    )


class GraphTables:
    """The tables of one graph."""

    def __init__(
        self,
        source: ModelSource,
        graph: MetaGraph,
        nodes: Mapping[str, Node],
        objects: LookupTables | None,
    ) -> None:
        """``objects`` finds the tables of TensorFlow 2 by their objects."""
        self._source = source
        self._graph = graph
        self._nodes = nodes
        self._objects = objects

    def node(self, table: Node, captured: int | None) -> GraphNode:
        """What stands for a table; ``captured`` is its object, where a function captures it.

        Raises:
            UnsupportedModelError: nothing says what it holds.
        """
        if captured is not None and self._objects is not None:
            return table_node(table, self._objects.columns(captured))
        for node in self._nodes.values():
            if node.op in _IMPORTS | _FILES and edge_of(node.inputs[0], {})[0] == table.name:
                return table_node(table, self._filled(node))
        raise UnsupportedModelError(
            "nothing in the model says what the lookup table holds",
            layer=table.name,
            layer_kind=table.op,
        )

    def _filled(
        self, node: Node
    ) -> tuple[Sequence[Token] | NDArray[np.generic], Sequence[Token] | NDArray[np.generic]]:
        if node.op in _IMPORTS:
            keys, values = (self._constant(text).ravel() for text in node.inputs[1:3])
            return keys, values
        attributes = node.attributes()
        columns = [attributes.get(name) for name in ("key_index", "value_index")]
        lines = self._lines(node.inputs[1])
        numbers = list(range(len(lines)))
        if columns == [_WHOLE_LINE, _LINE_NUMBER]:
            return lines, numbers
        if columns == [_LINE_NUMBER, _WHOLE_LINE]:
            return numbers, lines
        raise UnsupportedModelError(
            "only files with one word a line are read as vocabularies",
            received=f"columns {columns}",
            layer=node.name,
        )

    def _constant(self, text: str) -> NDArray[np.generic]:
        name, _ = edge_of(text, {})
        node = self._nodes.get(name)
        for _ in range(8):  # as many nodes that only hand it on
            if node is None or node.op not in _SAME:
                break
            node = self._nodes.get(edge_of(node.inputs[0], {})[0])
        value = None if node is None or node.op != "Const" else node.attributes().get("value")
        if not isinstance(value, np.ndarray):
            raise UnsupportedModelError(
                "the lookup table is filled from no constant", layer=name, path=FILE
            )
        return value

    def _lines(self, text: str) -> list[str]:
        """The lines of the file in ``assets/`` that a constant names."""
        names = self._graph.asset_files()
        name, _ = edge_of(text, {})
        found = names.get(name)
        if found is None:
            raise UnsupportedModelError(
                "the lookup table is filled from a file that is not among the assets",
                layer=name,
                path=FILE,
            )
        data = self._source.part(f"assets/{found}")
        try:
            return data.decode("utf-8").splitlines()
        except UnicodeDecodeError:
            raise CorruptModelError("the vocabulary is not UTF-8", path=f"assets/{found}") from None
