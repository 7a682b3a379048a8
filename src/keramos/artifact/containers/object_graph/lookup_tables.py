"""The vocabularies of lookup layers, wherever TensorFlow kept them: tables in the checkpoint,
constants of the graph, or files in ``assets/``.

Source: ops/lookup_ops.py of TensorFlow, layers/preprocessing/index_lookup.py of Keras 2.3 to 2.15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.object_graph.meta_graph import FILE
from keramos.artifact.containers.object_graph.tensors import tensor_values
from keramos.artifact.tensor_bundle.data_types import STRING
from keramos.errors import CorruptModelError, MismatchError, UnsupportedModelError
from keramos.keras_layers.index import WITH_VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.artifact.containers.object_graph.meta_graph import MetaGraph, SavedObject
    from keramos.artifact.containers.object_graph.trackables import Places, Trackable
    from keramos.artifact.protobuf import Message
    from keramos.artifact.sources import ModelSource
    from keramos.artifact.tensor_bundle import Bundle
    from keramos.types.network import Config, Layer

    Token = str | int

_TABLES = frozenset({"_table", "lookup_table"})
_BELOW = ("_lookup_layer", "_index_lookup_layer")
_IDF = ("idf_weights", "tf_idf_weights", "_idf_weights")
_TABLE = "table"
_IMPORT, _FROM_FILE = "LookupTableImportV2", "InitializeTableFromTextFileV2"
_WHOLE_LINE, _LINE_NUMBER = -2, -1
_ATTRIBUTE, _INTEGER, _TENSOR = 5, 3, 8


class LookupTables:
    """What the lookup layers of one model learned."""

    def __init__(
        self,
        source: ModelSource,
        graph: MetaGraph,
        objects: Sequence[SavedObject],
        checkpoint: tuple[Bundle | None, Sequence[Trackable]],
        places: Places,
    ) -> None:
        """``places`` maps nodes of ``objects`` to those of the checkpoint."""
        self._source = source
        self._graph = graph
        self._objects = objects
        self._bundle, self._nodes = checkpoint
        self._places = places
        self._limits = graph.limits

    def saved(self, node: int) -> int | None:
        """The node of the objects that a node of the checkpoint is."""
        return self._places.back(node)

    def options(self, layer: Layer, node: int) -> Config:
        """The options that a layer at a node of the checkpoint learned."""
        here = self.saved(node) if layer.kind in WITH_VOCABULARY else None
        if here is None:
            return {}
        found: Config = {}
        if layer.config.get("vocabulary") is None:
            table = next(self._tables(here), None)
            if table is not None:
                found["vocabulary"] = words_of(layer, self._pairs(table))
        if layer.config.get("output_mode") == "tf_idf" and not layer.config.get("idf_weights"):
            found |= self._idf(layer, here, found)
        return found

    def _tables(self, node: int) -> Iterator[int]:
        """The table of a lookup layer, or of the lookup layer that it holds."""
        children = self._objects[node].children
        yield from (children[name] for name in children if name in _TABLES)
        for name in _BELOW:
            if name in children:
                yield from self._tables(children[name])

    def _pairs(self, table: int) -> dict[Token, Token]:
        """Key -> value of a table.

        Raises:
            UnsupportedModelError: the graph fills it in a way that is not known.
            CorruptModelError: it has a key twice.
        """
        keys, values = self.columns(table)
        found = dict(zip(keys, values, strict=False))
        if len(found) != len(keys) or len(keys) != len(values):
            raise CorruptModelError(
                "the lookup table has a key twice, or not as many keys as values",
                received=f"{len(keys):,} and {len(values):,}",
                path=FILE,
            )
        return found

    def columns(self, table: int) -> tuple[list[Token], list[Token]]:
        """Keys and values of a table by its object.

        Raises:
            UnsupportedModelError: the graph fills it in a way that is not known.
        """
        stored = self._checkpoint_key(table)
        if stored is not None:
            return self._tokens(f"{stored}-keys"), self._tokens(f"{stored}-values")
        children = self._objects[table].children
        if "_initialize" not in children:
            raise UnsupportedModelError(
                "nothing in the model says what the lookup table holds", path=FILE
            )
        return self._initialised(self._objects[children["_initialize"]].message)

    def _checkpoint_key(self, table: int) -> str | None:
        there = self._places.get(table)
        values = {} if there is None else self._nodes[there].values
        return values[_TABLE].key if _TABLE in values else None

    def _tokens(self, key: str) -> list[Token]:
        """A column of a table in the checkpoint."""
        if self._bundle is None:
            raise CorruptModelError("the model has no checkpoint", path=FILE)
        if self._bundle.entry(key).dtype == STRING:
            return [_text(data) for data in self._bundle.texts(key)]
        return [int(value) for value in self._bundle.array(key).ravel()]

    def _initialised(self, function: Message) -> tuple[list[Token], list[Token]]:
        """The columns that the function which fills a table gives it."""
        name = next(iter(function.message(6).texts(1)), "") or function.message(8).text(1)
        bound = self._graph.bound_inputs(name)
        body = self._graph.function(name)
        arguments = [argument.text(1) for argument in body.message(1).messages(2)]
        given = dict(zip(arguments[len(arguments) - len(bound) :], bound, strict=True))
        for operation in body.messages(3):
            inputs = [given.get(one.partition(":")[0]) for one in operation.texts(3)]
            if operation.text(2) == _IMPORT and len(inputs) > 2 and None not in inputs[1:3]:  # noqa: PLR2004 (table, keys, values)
                return self._constant(inputs[1]), self._constant(inputs[2])
            if operation.text(2) == _FROM_FILE and len(inputs) > 1 and inputs[1] is not None:
                return self._file(operation, inputs[1])
        raise UnsupportedModelError(
            "the graph fills the lookup table in an unknown way",
            received=", ".join(operation.text(2) for operation in body.messages(3))[:200],
            path=FILE,
        )

    def _constant(self, node: int | None) -> list[Token]:
        """The values of a constant of the graph."""
        name = self._objects[node or 0].message.message(9).text(1)
        value = self._graph.node(name).mapped(_ATTRIBUTE).get("value")
        if value is None:
            raise CorruptModelError("the lookup table is filled from no constant", path=FILE)
        return [
            one if isinstance(one, str) else int(one)
            for one in tensor_values(value.message(_TENSOR), self._limits)
        ]

    def _file(self, operation: Message, node: int) -> tuple[list[Token], list[Token]]:
        """The lines of a file in ``assets/`` and their numbers."""
        options = operation.mapped(_ATTRIBUTE)
        columns = [options[key].signed(_INTEGER) for key in ("key_index", "value_index")]
        if columns != [_WHOLE_LINE, _LINE_NUMBER]:
            raise UnsupportedModelError(
                "only files with one word a line are read as vocabularies",
                received=f"columns {columns}",
                path=FILE,
            )
        names = self._graph.assets()
        number = self._objects[node].message.message(5).number(1)
        if number >= len(names):
            raise CorruptModelError(
                f"the model has {len(names):,} assets", received=f"number {number:,}", path=FILE
            )
        lines = _text(self._source.part(f"assets/{names[number]}")).splitlines()
        return list(lines), list(range(len(lines)))

    def _idf(self, layer: Layer, here: int, found: Config) -> Config:
        """Weights by frequency, where they are a variable; those of unknown words come first."""
        for node in (here, *(self._objects[here].children.get(name) for name in _BELOW)):
            children = {} if node is None else self._objects[node].children
            for name in _IDF:
                there = self._places.get(children.get(name, -1))
                variable = None if there is None else self._nodes[there].variable
                if variable is not None:
                    return self._with_unknown(layer, variable.key, found)
        return {}

    def _with_unknown(self, layer: Layer, key: str, found: Config) -> Config:
        if self._bundle is None:
            return {}
        weights = [float(value) for value in self._bundle.array(key).ravel()]
        words = found.get("vocabulary") or layer.config.get("vocabulary")
        if not isinstance(words, list):
            return {}
        lacking = len(weights) - len(words)
        unknown = [layer.config.get("oov_token", "[UNK]")] * max(lacking, 0)
        return {"vocabulary": [*unknown, *words], "idf_weights": weights[max(-lacking, 0) :]}


def words_of(layer: Layer, pairs: Mapping[Token, Token]) -> list[Token]:
    """The words of a vocabulary in the order of their numbers, without special tokens.

    Raises:
        MismatchError: the numbers leave some out, or are texts.
    """
    if layer.config.get("invert"):
        pairs = {word: number for number, word in pairs.items()}
    special = {layer.config.get("oov_token", "[UNK]"), layer.config.get("mask_token", "")}
    numbers = {number: word for word, number in pairs.items() if word not in special}
    places = sorted(place for place in numbers if isinstance(place, int))
    if len(places) != len(numbers) or (
        places and places != list(range(places[0], places[0] + len(places)))
    ):
        raise MismatchError(
            "the lookup table does not number its words one after the other",
            received=str(list(numbers)[:8]),
            layer=layer.name,
            layer_kind=layer.kind,
        )
    return [numbers[place] for place in places]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise CorruptModelError(
            "a word of the vocabulary is not UTF-8", received=repr(data[:40]), path=FILE
        ) from None
