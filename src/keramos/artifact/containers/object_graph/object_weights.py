"""The weights of a checkpoint, found by walking its objects beside the layers of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import LeafGroups, LeafWeights
from keramos.artifact.containers.hdf5_weights import is_for_answers
from keramos.errors import MismatchError, quoted
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.containers.object_graph.trackables import Trackable, Variable
    from keramos.artifact.tensor_bundle import Bundle
    from keramos.types.network import Config, Layer, Network
    from keramos.types.stored import StoredTensor

    Path = tuple[str, ...]

_LAYER = "layer-"
_VARIABLES = "variables"
BESIDE = frozenset(
    {
        *("variables", "trainable_variables", "non_trainable_variables", "regularization_losses"),
        *("keras_api", "signatures", "optimizer", "metrics", "state_spec", "states", "input_spec"),
        *("_random_generator", "_inbound_nodes", "_outbound_nodes", "root", "state_size"),
        *("__call__", "_default_save_signature", "call_and_return_all_conditional_losses"),
        "call_and_return_conditional_losses",
    }
)
"""Parts of a layer that are functions, lists of what stands elsewhere, or never read to predict."""


class ObjectWeights:
    """A ``WeightStore`` of a checkpoint of objects.

    ``name`` gives the name of the layer that a node is, where the model says it; else the order of
    layers decides. ``options`` gives what a layer at a node learned that is no weight.
    """

    def __init__(
        self,
        bundle: Bundle,
        nodes: Sequence[Trackable],
        name: Callable[[int], str | None] | None = None,
        options: Callable[[Layer, int], Config] | None = None,
    ) -> None:
        """``nodes`` are the objects of ``bundle``; node 0 is the model."""
        self._bundle = bundle
        self._nodes = nodes
        self._name = name
        self._options = options

    def groups(self) -> LeafGroups:
        """The weights of each layer of a network."""
        return LeafGroups(lambda network: dict(self._network(network, 0, ())))

    def unlisted(self) -> str | None:
        """Layers that a network lacks are refused where its own are looked up."""
        return None

    def paths(self) -> list[str]:
        """Keys of the variables of layers."""
        variables = (node.variable for node in self._nodes)
        return [one.key for one in variables if one is not None and one.key in self._bundle]

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape that the index states."""
        return self._bundle.shape(path)

    def array(self, path: str) -> NDArray[np.generic]:
        """A tensor, once its checksum is right."""
        return self._bundle.array(path)

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Every tensor of the checkpoint, those of optimizers too."""
        return self._bundle.tensors()

    def owner(self, path: str) -> object:  # noqa: ARG002 (the protocol)
        """Nothing: variables do not say whose they are."""
        return None

    def recorded(self, name: str) -> str:  # noqa: ARG002 (the protocol)
        """Nothing: checkpoints do not say which Keras wrote them."""
        return ""

    def _network(
        self, network: Network, node: int, path: Path
    ) -> Iterator[tuple[Path, LeafWeights]]:
        """The weights of the layers of a network whose object is ``node``."""
        places = self._places(network, node)
        for name, layer in network.layers.items():
            if name not in places:
                continue
            if layer.network is not None:
                yield from self._network(layer.network, places[name], (*path, name))
            elif layer.kind != "InputLayer":
                yield (*path, name), self._leaf(layer, places[name])

    def _places(self, network: Network, node: int) -> dict[str, int]:
        """Layer name -> node."""
        children = self._nodes[node].children
        numbers = sorted(
            int(name[len(_LAYER) :])
            for name in children
            if name.startswith(_LAYER) and name[len(_LAYER) :].isdecimal()
        )
        nodes = [children[f"{_LAYER}{number}"] for number in numbers]
        if self._name is None:
            return _by_order(network, nodes)
        found = {name: one for one in nodes if (name := self._name(one)) is not None}
        for name, one in found.items():
            if name not in network.layers and any(self._own(one, ())):
                raise MismatchError(
                    f"the model holds weights of a layer {quoted(name)} that its config lacks",
                    path=self._bundle.where,
                )
        return found

    def _leaf(self, layer: Layer, node: int) -> LeafWeights:
        children = self._nodes[node].children
        options = {} if self._options is None else self._options(layer, node)
        spec = spec_of(layer.kind)
        if spec is not None and not (spec.weights or layer.inner):
            return LeafWeights((), options=options)
        if _VARIABLES in children:
            listed = self._nodes[children[_VARIABLES]].listed()
            variables = [one for place in listed if (one := self._nodes[place].variable)]
            return LeafWeights(_for_answers(variables), options=options)
        return LeafWeights(_for_answers(self._built(layer, node)), built=True, options=options)

    def _built(self, layer: Layer, node: int) -> Iterator[Variable]:
        """The variables of a layer in the order in which Keras builds them: its own, then those of
        inner layers.
        """
        if layer.network is not None:
            places = self._places(layer.network, node)
            for name, part in layer.network.layers.items():
                if name in places:
                    yield from self._built(part, places[name])
            return
        inner = dict(self._inner(layer, node))
        yield from self._own(node, inner.values())
        for place, part in enumerate(layer.inner):
            if place in inner:
                yield from self._built(part, inner[place])

    def _inner(self, layer: Layer, node: int) -> Iterator[tuple[int, int]]:
        """Number and node of each inner layer."""
        spec, children = spec_of(layer.kind), self._nodes[node].children
        if spec is None:
            return
        names = list(spec.inner.values())
        if spec.inner_list and spec.inner_list in children:
            children = self._nodes[children[spec.inner_list]].children
            names = [str(place) for place in range(len(layer.inner))]
        for place, name in enumerate(names[: len(layer.inner)]):
            if name in children:
                yield place, children[name]

    def _own(self, node: int, without: Iterable[int]) -> Iterator[Variable]:
        """The variables below a node, in the order in which they were made."""
        met = {node, *without}
        waiting = [node]
        while waiting:
            here = self._nodes[waiting.pop()]
            if here.variable is not None:
                yield here.variable
            below = [child for name, child in here.children.items() if name not in BESIDE]
            fresh = [child for child in dict.fromkeys(below) if child not in met]
            met.update(fresh)
            waiting.extend(reversed(fresh))


def _for_answers(variables: Iterable[Variable]) -> tuple[tuple[str, str], ...]:
    """Key and name of those that predictions read."""
    return tuple(
        (one.key, one.name or one.key.partition("/.ATTRIBUTES")[0])
        for one in variables
        if is_for_answers(one.name)
    )


def _by_order(network: Network, nodes: Sequence[int]) -> dict[str, int]:
    """Layer name -> node where only their order is known; inputs may be left out of either.

    Raises:
        MismatchError: there are not as many nodes as layers.
    """
    names = list(network.layers)
    inputs = [name for name in names if network.layers[name].kind == "InputLayer"]
    for known in (names, [name for name in names if name not in inputs]):
        if len(known) == len(nodes):
            return dict(zip(known, nodes, strict=True))
    raise MismatchError(
        f"the config has {len(names)} layers ({', '.join(names)[:200]})",
        received=f"a checkpoint of {len(nodes)}",
    )
