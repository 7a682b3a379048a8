"""Graphs as TensorFlow.js keeps them: GraphDef as JSON, constants in the manifest of weights.

Source: tfjs-converter/src/operations/operation_mapper.ts and executor/graph_model.ts. Numbers of 64
bits are texts, texts are base64, and dtypes have their names in TensorFlow (``DT_FLOAT``).
"""

from __future__ import annotations

import base64
import binascii
from functools import cached_property, partial
from typing import TYPE_CHECKING, cast

from keramos.artifact.containers.graph_def.definitions import (
    WHERE,
    Function,
    FunctionName,
    edge_of,
    named,
    node_of,
)
from keramos.artifact.containers.graph_def.frames import structured
from keramos.artifact.containers.graph_def.graph_network import GraphInput, graph_network
from keramos.artifact.containers.graph_def.inline import Inliner, Weights
from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.artifact.limits import Limits
    from keramos.types.network import Network

    Json = dict[str, object]
    Constants = Mapping[str, Callable[[], NDArray[np.generic]]]

_DTYPES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_STRING": "str"}
_KINDS = ("s", "i", "f", "b", "type", "shape", "tensor", "func", "list")
_PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})


class JsonGraph:
    """``Definitions`` of a graph in JSON; ``constants`` gives the arrays of the manifest."""

    def __init__(self, topology: Json, constants: Constants) -> None:
        """``topology`` is the modelTopology."""
        self._topology = topology
        self._constants = constants
        self._library = {
            str(_object(one.get("signature")).get("name")): one
            for one in _objects(_object(topology.get("library") or {}).get("function"))
        }

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of the main graph by name."""
        return named([self._node(one) for one in _objects(self._topology.get("node"))])

    def has_function(self, name: str) -> bool:
        """Whether the library has a function of this name."""
        return name in self._library

    def function(self, name: str) -> Function:
        """A function of the library.

        Raises:
            CorruptModelError: there is none of that name.
        """
        if name not in self._library:
            raise CorruptModelError("the graph has no such function", received=name, path=WHERE)
        found = self._library[name]
        signature, returned = _object(found["signature"]), _object(found.get("ret") or {})
        arguments, outputs = (
            [str(one.get("name")) for one in _objects(signature.get(key))]
            for key in ("inputArg", "outputArg")
        )
        if lacking := [one for one in outputs if one not in returned]:
            raise CorruptModelError(
                "a function does not return its output", received=lacking[0], path=WHERE
            )
        return Function(
            tuple(arguments),
            tuple(str(returned[one]) for one in outputs),
            named([self._node(one) for one in _objects(found.get("nodeDef"))]),
        )

    def _node(self, one: Json) -> Node:
        name, read = str(one.get("name")), partial(self._attributes, str(one.get("name")), one)
        return node_of(name, str(one.get("op")), _texts(one.get("input")), read)

    def _attributes(self, name: str, one: Json) -> dict[str, object]:
        given = _object(one.get("attr") or {})
        found = {key: _value(_object(item)) for key, item in given.items() if key[:1] != "_"}
        if one.get("op") == "Const":
            if name not in self._constants:
                raise CorruptModelError("the manifest has no values of the constant", layer=name)
            found["value"] = self._constants[name]()
        return found


def _object(item: object) -> Json:
    if not isinstance(item, dict):
        raise CorruptModelError(
            "a part of the graph is not an object", received=repr(item)[:80], path=WHERE
        )
    return item


def _objects(items: object) -> list[Json]:
    if items is None:
        return []
    if not isinstance(items, list):
        raise CorruptModelError(
            "a part of the graph is not a list", received=repr(items)[:80], path=WHERE
        )
    return [_object(item) for item in items]


def _texts(items: object) -> list[str]:
    return [str(item) for item in items] if isinstance(items, list) else []


def _value(item: Json) -> object:
    """A plain value of an attribute."""
    kind = next((one for one in _KINDS if one in item), None)
    return None if kind is None else _READERS[kind](item[kind])


def _text(item: object) -> str | bytes:
    try:
        data = base64.b64decode(str(item), validate=True)
    except binascii.Error:
        raise CorruptModelError(
            "a text of the graph is not base64", received=repr(item)[:80], path=WHERE
        ) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def type_name(item: object) -> str:
    """A dtype by its name in TensorFlow, or by its number."""
    word = str(item)
    return _DTYPES.get(word, word.removeprefix("DT_").lower())


def shape_of(item: object) -> tuple[int, ...] | None:
    """Sizes of a shape, -1 for free ones; None where their number is free too."""
    shape = _object(item)
    if shape.get("unknownRank"):
        return None
    return tuple(int(str(one.get("size", 0))) for one in _objects(shape.get("dim")))


def _list(item: object) -> list[object]:
    return [
        _READERS[kind](one)
        for kind, group in _object(item).items()
        if kind in _KINDS
        for one in cast("list[object]", group)
    ]


_READERS: dict[str, Callable[[object], object]] = {
    "s": _text,
    "i": lambda item: int(str(item)),
    "f": lambda item: float(str(item)),
    "b": bool,
    "type": type_name,
    "shape": shape_of,
    "tensor": lambda _: None,
    "func": lambda item: FunctionName(str(_object(item).get("name"))),
    "list": _list,
}
"""Kind of an attribute -> what reads it."""


def json_network(found: Json, constants: Constants, limits: Limits) -> Network:
    """The network of a ``model.json`` that holds a graph.

    Raises:
        ModelError: the graph is damaged, or exceeds a limit.
    """
    graph = JsonGraph(_object(found.get("modelTopology")), constants)
    more = found.get("userDefinedMetadata")
    signature = found.get("signature") or (more.get("signature") if isinstance(more, dict) else {})
    inputs, outputs = (
        _ends(_object(_object(signature or {}).get(key) or {})) for key in ("inputs", "outputs")
    )
    if not inputs:
        names = [node.name for node in graph.nodes.values() if node.op in _PLACEHOLDERS]
        inputs = {name: (name, {}) for name in names}
    if not outputs:
        outputs = {name: (name, {}) for name in _sinks(graph)}
    weights = Weights()
    inliner = Inliner(structured(graph, limits), limits, {}, weights)
    flat = inliner.main(
        [edge for edge, _ in inputs.values()], [edge for edge, _ in outputs.values()]
    )
    ends = [_input(graph, name, edge, info) for name, (edge, info) in inputs.items()]
    return graph_network("graph", flat, weights.arrays, ends, list(outputs))


def _ends(given: Json) -> dict[str, tuple[str, Json]]:
    """Name -> the edge of an end, and what is stated of it."""
    found = {name: _object(info) for name, info in given.items()}
    return {name: (str(info.get("name", name)), info) for name, info in found.items()}


def _sinks(graph: JsonGraph) -> Sequence[str]:
    """The nodes whose results no other takes."""
    taken = {edge_of(text, {})[0] for node in graph.nodes.values() for text in node.inputs}
    return [
        node.name
        for node in graph.nodes.values()
        if node.name not in taken and node.op not in {*_PLACEHOLDERS, "Const", "NoOp"}
    ]


def _input(graph: JsonGraph, name: str, edge: str, info: Json) -> GraphInput:
    node = graph.nodes.get(edge_of(edge, {})[0])
    if node is None:
        raise CorruptModelError("the signature names no node", layer=name)
    attributes = node.attributes()
    stated = info.get("tensorShape")
    sizes = attributes.get("shape") if stated is None else shape_of(stated)
    dtype = attributes.get("dtype") or type_name(info.get("dtype", "DT_FLOAT"))
    if sizes is None:
        raise UnsupportedModelError("the number of axes of the input is free", layer=name)
    shape = tuple(None if size < 0 else size for size in cast("tuple[int, ...]", sizes))
    return GraphInput(name, str(dtype), shape)
