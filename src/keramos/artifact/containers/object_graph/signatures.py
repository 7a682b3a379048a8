"""What a SavedModel without a Keras config holds, for people: signatures, operations, tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.object_graph.meta_graph import FILE
from keramos.artifact.tensor_bundle.data_types import NAMES
from keramos.errors import LayerProblem, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.artifact.containers.object_graph.meta_graph import MetaGraph
    from keramos.artifact.protobuf import Message

_HIDDEN = "__"
_NAME, _TYPE, _SHAPE = 1, 2, 3


def without_config(graph: MetaGraph) -> UnsupportedModelError:
    """The error about a SavedModel whose graph alone says what it computes; lists signatures."""
    operations = sorted(graph.operations())
    signatures = [
        LayerProblem(name, "signature", _signature(one))
        for name, one in sorted(graph.signatures().items())
        if not name.startswith(_HIDDEN)
    ]
    return UnsupportedModelError(
        "the SavedModel has no Keras config: only its graph of TensorFlow operations says what it "
        "computes",
        received=f"TensorFlow {graph.tensorflow or 'of unknown version'}, "
        f"{len(operations)} kinds of operations: {', '.join(operations)}",
        path=FILE,
        problems=signatures,
        remedy="Read it by its graph (by='graph', --by graph) if it has a signature, or save the "
        "Keras model itself with model.save('name.keras')",
    )


def _signature(signature: Message) -> str:
    """What a signature takes and gives."""
    takes, gives = (_ends(signature.mapped(number)) for number in (1, 2))
    return f"takes {takes or 'nothing'}; gives {gives or 'nothing'}"


def _ends(tensors: Mapping[str, Message]) -> str:
    return ", ".join(f"{name} {_tensor(one)}" for name, one in sorted(tensors.items()))


def _tensor(info: Message) -> str:
    shape = info.message(_SHAPE)
    sizes = [dim.signed(1) for dim in shape.messages(2)]
    axes = ", ".join("any" if size < 0 else str(size) for size in sizes)
    kind = NAMES.get(info.number(_TYPE), "of an unknown type")
    return kind if shape.has(3) else f"{kind} ({axes})"
