"""``saved_model.pb``: the one graph that is served, its signatures and its objects.

Source: tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and saved_object_graph.proto.
Functions and operations are parsed only where somebody asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.object_graph.trackables import children_of
from keramos.artifact.protobuf import Budget, Message
from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.artifact.limits import Limits

FILE = "saved_model.pb"
_SERVE = "serve"
_KERAS = "_tf_keras_"
_INFO, _GRAPH, _SIGNATURES, _ASSETS, _OBJECTS = 1, 2, 5, 6, 7
_TAGS, _VERSION = 4, 5
_USER_OBJECT = 4


class SavedObject(NamedTuple):
    """A node of the object graph. ``identifier`` says what a class of TensorFlow made it; ``metadata``
    is the text that Keras wrote with it before TensorFlow 2.5.
    """

    children: Mapping[str, int]
    identifier: str
    metadata: str
    message: Message

    @property
    def is_keras(self) -> bool:
        """Whether Keras made it."""
        return self.identifier.startswith(_KERAS)


class MetaGraph:
    """The graph with the tag ``serve``."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Find it in the bytes of ``saved_model.pb``.

        Raises:
            CorruptModelError: there is none.
            UnsafeModelError: there are several, so tools disagree on what the model is.
        """
        self._limits = limits
        self._message = _served(Message(data, Budget(limits, FILE)))

    @property
    def tensorflow(self) -> str:
        """The version of TensorFlow that wrote it."""
        return self._message.message(_INFO).text(_VERSION)

    @property
    def graph(self) -> Message:
        """The GraphDef."""
        return self._message.message(_GRAPH)

    def signatures(self) -> dict[str, Message]:
        """The SignatureDefs by name."""
        return self._message.mapped(_SIGNATURES)

    def assets(self) -> list[str]:
        """Names of the files in ``assets/``, in the order of their numbers."""
        return [asset.text(2) for asset in self._message.messages(_ASSETS)]

    def objects(self) -> Sequence[SavedObject]:
        """The nodes of the object graph; none in what TensorFlow 1 wrote.

        Raises:
            LimitExceededError: there are more than ``objects``.
            CorruptModelError: a node has a part that does not exist.
        """
        nodes = self._message.message(_OBJECTS).many(1)
        if len(nodes) > self._limits.objects:
            raise LimitExceededError(
                f"the model has more than {self._limits.objects:,} objects, the limit (objects)",
                received=f"{len(nodes):,}",
                path=FILE,
            )
        budget = Budget(self._limits, FILE)
        return [_object(Message(node, budget), len(nodes)) for node in nodes]


def _served(model: Message) -> Message:
    graphs = list(model.messages(2))
    tagged = [one for one in graphs if _SERVE in one.message(_INFO).texts(_TAGS)]
    if len(tagged) > 1:
        raise UnsafeModelError(
            "the model has two graphs with the tag 'serve', so tools disagree on what it is",
            received=str(len(tagged)),
            path=FILE,
            remedy="Save the model again",
        )
    if not tagged:
        raise CorruptModelError(
            "the model has no graph with the tag 'serve'", received=str(len(graphs)), path=FILE
        )
    return tagged[0]


def _object(node: Message, total: int) -> SavedObject:
    user = node.message(_USER_OBJECT)
    return SavedObject(children_of(node, total, FILE), user.text(1), user.text(3), node)
