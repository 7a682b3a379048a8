"""A Keras model as plain data, in one vocabulary: the class names and config keys of current Keras
3.

Readers of every generation produce this; the compiler and the writers consume it. Nothing here runs
anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from keramos.frozen import Frozen
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.legacy import Legacy
    from keramos.types.operation_graph import OperationGraph

Config = dict[str, object]
"""A layer's config: JSON values only, with the keys and meanings of current Keras 3."""


def quantization_mode(config: Mapping[str, object]) -> str | None:
    """``int8`` and so on, from a dtype policy such as ``int8_from_float32`` or
    ``int4/32_from_float32``.
    """
    mode, word, _ = str(config.get("dtype")).partition("_from_")
    return mode.partition("/")[0] if word else None


def states_shape(config: Mapping[str, object]) -> bool:
    """Whether the config of an input says its shape."""
    return config.get("batch_shape", config.get("batch_input_shape")) is not None


class TensorRef(Frozen, frozen=True):
    """Output ``tensor`` of the ``node``-th call of ``layer`` (both count from 0), as Keras numbers
    them.
    """

    layer: str
    node: int = 0
    tensor: int = 0


def refs(item: object) -> list[TensorRef]:
    """Every TensorRef in a call's arguments, in order."""
    match item:
        case TensorRef():
            return [item]
        case list() | tuple():
            return [ref for part in item for ref in refs(part)]
        case dict():
            return [ref for part in item.values() for ref in refs(part)]
    return []


class Layer(Frozen, frozen=True, eq=False):
    """One layer with its weights.

    ``kind`` is the Keras 3 class name (``Dense``); operations of ``keras.ops`` use ``ops.`` plus
    their class name (``ops.Add``). ``weights`` are in Keras 3 order (the layer's own, trainable
    before non-trainable), without those of ``inner`` or ``network``. ``inner`` holds wrapped layers
    and cells in the order Keras builds them (Bidirectional: forward, backward; TimeDistributed:
    one; RNN: its cells). ``network`` is set for a nested model. ``legacy`` says what an older
    version meant otherwise. ``replacement`` is what a user gave instead of the layer: an expression
    over its inputs, or a function of the layer's call. ``graph`` is what a layer of kind
    ``tf.graph`` computes. ``doubt`` says of a ``custom.`` class that
    has the name of a built-in one why it is not taken as that.
    """

    name: str
    kind: str
    config: Config = field(default_factory=dict)
    weights: tuple[NDArray[np.generic], ...] = ()
    inner: tuple[Layer, ...] = ()
    network: Network | None = None
    legacy: Legacy = CURRENT
    replacement: str | Callable[..., object] | None = None
    doubt: str = ""
    graph: OperationGraph | None = None


class Call(Frozen, frozen=True):
    """One call of a layer. ``args`` and ``kwargs`` hold TensorRefs, JSON constants, and lists or
    dicts of both.

    A layer's calls are numbered by their order in ``Network.calls``.
    """

    layer: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object] = field(default_factory=dict)


class Network(Frozen, frozen=True, eq=False):
    """A model: layers by name, their calls in an order in which every input exists before it is
    used.

    ``inputs`` and ``outputs`` are in the order of Keras' ``model.inputs`` and ``model.outputs``.
    Input layers are layers of kind ``InputLayer`` and have no call. ``sequential`` says how Keras
    would write it. ``input_structure`` and ``output_structure`` are what the model was built with
    where that is not a list of tensors: dicts and lists, nested in any way, whose leaves are places
    in ``inputs`` or ``outputs``.
    """

    name: str
    layers: Mapping[str, Layer]
    calls: tuple[Call, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    sequential: bool = False
    input_structure: object = None
    output_structure: object = None

    def __repr__(self) -> str:
        """Name and size: weights are not printed."""
        return f"Network({self.name!r}, {len(self.layers)} layers, {len(self.calls)} calls)"


class TensorSpec(Frozen, frozen=True):
    """An input or output of a model: shape with None where the size is free (the first is the
    rows), numpy dtype name.

    ``dtype`` is ``float32``, ``int64``, ``str`` and so on.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


class HostStep(Frozen, frozen=True):
    """What no ONNX operator computes, done on whole arrays before the graph runs: hashing, text.

    ``kind`` is a row of the runtime's table of such functions and ``config`` its parameters, JSON
    values only. ``operands`` are ONNX names. They are fed, or results of earlier steps, or else
    outputs of ``before``, an ONNX model with the inputs ``before_feeds``. ``result`` is the ONNX
    input that the step's array feeds.
    """

    kind: str
    config: Mapping[str, object]
    operands: tuple[str, ...]
    result: str
    before: bytes | None = None
    before_feeds: tuple[str, ...] = ()


class Compiled(Frozen, frozen=True):
    """A network as ONNX: the serialised ModelProto and its inputs and outputs in Keras' order.

    ``inputs`` and ``outputs`` carry Keras' names; ``feed_names`` and ``fetch_names`` are the ONNX
    names. ``steps`` run before the graph, in order; without them the ONNX model is complete by
    itself. ``runtime_checks`` are further ONNX outputs, of booleans that must all be true, each
    with the message for a run where one is not.
    """

    onnx: bytes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    feed_names: tuple[str, ...]
    fetch_names: tuple[str, ...]
    steps: tuple[HostStep, ...] = ()
    runtime_checks: tuple[tuple[str, str], ...] = ()
