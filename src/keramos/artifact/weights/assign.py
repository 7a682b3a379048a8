"""Give each layer of a Network its weights, by the two ways Keras stores them."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.keras.dialects.entries import ACTIVATION_KEYS, is_foreign_function
from keramos.artifact.keras.keras3_paths import inner_folders, own_folders
from keramos.artifact.weights.own_weights import unlike
from keramos.artifact.weights.weight_specs import is_foreign, may_have_weights, weights_of
from keramos.errors import MismatchError, quoted
from keramos.frozen import Frozen
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.weights.keras3_weights import Stored, Weight
    from keramos.types.network import Config, Layer, Network

    Array = NDArray[np.generic]


class Rules(Frozen, frozen=True):
    """What is done with each layer's weights: ``shapes`` refuses stated shapes before they are
    read, by their roles; ``settle`` turns a layer with weights as they were stored into one as
    current Keras has it. ``names_tell``: legacy weights have the names that current Keras gives
    them.
    """

    shapes: Callable[[Layer, Sequence[tuple[str, tuple[int, ...]]]], None]
    settle: Callable[[Layer], Layer]
    names_tell: bool


def bind_places(network: Network, stored: Stored, rules: Rules) -> Network:
    """Weights by place, as ``.keras`` archives keep them."""
    return _Places(stored, rules).network(network, "")


class _Places:
    """One walk over an archive's folders. A layer that two models share has a folder only where it
    comes first.
    """

    def __init__(self, stored: Stored, rules: Rules) -> None:
        self._stored = stored
        self._rules = rules
        self._met: dict[tuple[str, str], Layer] = {}

    def network(self, network: Network, folder: str) -> Network:
        places = list(self._stored.places(network.layers, f"{folder}layers"))
        for at, layer in places:
            _check_owner(layer, network, self._stored.owner(at), at)
        return replace(
            network, layers={layer.name: self._shared(layer, at) for at, layer in places}
        )

    def _shared(self, layer: Layer, folder: str) -> Layer:
        key = (layer.name, layer.kind)
        if key in self._met and not self._stored.holds(folder):
            return self._met[key]
        return self._met.setdefault(key, self._bound(layer, folder))

    def _bound(self, layer: Layer, folder: str) -> Layer:
        if layer.network is not None:
            return replace(layer, network=self.network(layer.network, f"{folder}/"))
        found = [
            weight for own in own_folders(layer, folder) for weight in self._stored.weights(own)
        ]
        specs, record = weights_of(layer), spec_of(layer.kind)
        if record is not None and record.copies:
            found = found[: len(specs)] if record.copies == "after" else found[-len(specs) :]
        _check_count(layer, found, folder)
        self._rules.shapes(
            layer, [(spec.name, weight.shape) for spec, weight in zip(specs, found, strict=False)]
        )
        weights = tuple(weight.read() for weight in found)
        inner = tuple(self._bound(part, below) for below, part in inner_folders(layer, folder))
        config = layer.config
        if record is not None and record.vocabulary:
            config = _with_vocabulary(layer, record.vocabulary, self._stored, folder)
        return self._rules.settle(
            replace(layer, config=config, weights=weights, inner=inner or layer.inner)
        )


def _check_owner(layer: Layer, network: Network, owner: object, folder: str) -> None:
    """Current Keras says beside the weights whose they are: those of another layer were swapped."""
    if isinstance(owner, str) and owner != layer.name and owner in network.layers:
        raise MismatchError(
            f"the path says that it holds the weights of layer {quoted(owner)}; the order was "
            "changed",
            path=folder,
            layer=layer.name,
            layer_kind=layer.kind,
            remedy="Save the model again",
        )


def _check_count(layer: Layer, weights: Sequence[Weight], folder: str) -> None:
    wanted = [weight.name for weight in weights_of(layer)]
    if may_have_weights(layer.kind) and len(wanted) != len(weights):
        listed = ", ".join(wanted) or "none"
        raise MismatchError(
            f"the layer needs {len(wanted)} weights ({listed})",
            received=str(len(weights)),
            path=folder,
            layer=layer.name,
            layer_kind=layer.kind,
        )


def _with_vocabulary(layer: Layer, option: str, stored: Stored, folder: str) -> Config:
    """A vocabulary learned from data lies beside the config, special tokens included."""
    words = stored.vocabulary(folder) if layer.config.get(option) is None else None
    if words is None:
        return layer.config
    idf = stored.named(folder, "idf_weights")
    known: Config = {
        option: [int(word) for word in words] if layer.kind == "IntegerLookup" else words
    }
    return {**layer.config, **known, **({} if idf is None else {"idf_weights": idf.tolist()})}


class Slot(Frozen, frozen=True):
    """A weight's place in a layer's flat list: the path of the layer that owns it, and its role
    there.
    """

    owner: tuple[str, ...]
    role: str
    trainable: bool


def slots(layer: Layer, path: tuple[str, ...] = (), *, trainable: bool = True) -> Iterator[Slot]:
    """Every weight of a layer and of what it holds, in the order in which Keras builds them."""
    free = trainable and layer.config.get("trainable", True) is not False
    here = (*path, layer.name)
    if layer.network is not None:
        for part in layer.network.layers.values():
            yield from slots(part, here, trainable=free)
        return
    frozen, beside = _lora(layer)
    for weight in weights_of(layer):
        yield Slot(here, weight.name, weight.trained and free and weight.name != frozen)
    for name in beside:
        yield Slot(here, name, free)
    for place, part in enumerate(layer.inner):
        yield from slots(part, (*here, str(place)), trainable=free)


def _lora(layer: Layer) -> tuple[str, tuple[str, ...]]:
    """The weight that LoRA leaves as it is, and those that it trains beside it."""
    if not layer.config.get("lora_rank"):
        return "", ()
    from keramos.artifact.weights.lora import adapted, parts  # noqa: PLC0415 (few models)

    return adapted(layer), parts(layer)


def _read(layer: Layer, name: str, stored: Mapping[str, Weight]) -> NDArray[np.generic]:
    """A weight, with what LoRA adds to it."""
    array = stored[name].read()
    if not layer.config.get("lora_rank"):
        return array
    from keramos.artifact.weights.lora import summed  # noqa: PLC0415 (few models)

    return summed(layer, name, array, stored)


_BESIDE_KERNEL = frozenset(
    f"{of}_{what}"
    for of in ("inputs", "kernel", "outputs_grad")
    for what in ("scale", "amax_history")
)
"""What a layer quantised to float8 keeps for training, beside its kernel and bias."""


def flat_order(layer: Layer, *, rebuilt: bool = False) -> list[Slot]:
    """The order of legacy files: all trainable weights, then all others.

    ``rebuilt``: as Keras builds a layer of float8 from a file, with what is beside the kernel
    first; a layer that was quantised when its kernel was there has it last.
    """
    found = list(slots(layer))
    if rebuilt:
        owned = [list(own) for _, own in groupby(found, attrgetter("owner"))]
        found = [slot for own in owned for slot in _beside_first(own)]
    return [slot for slot in found if slot.trainable] + [
        slot for slot in found if not slot.trainable
    ]


def _beside_first(own: list[Slot]) -> list[Slot]:
    if not any(slot.role == "inputs_scale" for slot in own):
        return own
    return sorted(own, key=lambda slot: slot.role not in _BESIDE_KERNEL)


def _order_of(layer: Layer, weights: Sequence[Weight]) -> list[Slot]:
    """The order that a legacy file has; where there are two, that which more names agree with."""
    if not any("inputs_scale" in weight.name for weight in weights):
        return flat_order(layer)
    leaves = [weight.name.removesuffix(":0").rpartition("/")[2] for weight in weights]
    orders = (flat_order(layer), flat_order(layer, rebuilt=True))
    return max(
        orders,
        key=lambda order: sum(slot.role == leaf for slot, leaf in zip(order, leaves, strict=False)),
    )


def bind_flat(
    layer: Layer, weights: Sequence[Weight], rules: Rules, *, built: bool = False
) -> Layer:
    """A layer with the weights of its group in a legacy file (``.h5``), whose names are a
    cross-check: a layer with weights that its class does not have is a custom layer of that name.
    ``built``: they are in the order in which Keras builds them.

    Raises:
        MismatchError: there are more or fewer weights than the config has places for, one has
            another shape than the config says, or its name contradicts its place.
    """
    weights = _without_idf(layer, weights)
    if not may_have_weights(layer.kind) and layer.network is None and not layer.inner:
        found = replace(layer, weights=tuple(weight.read() for weight in weights))
        return rules.settle(unlike(found, weights))
    wanted = list(slots(layer)) if built else _order_of(layer, weights)
    if len(wanted) != len(weights):
        if any(is_foreign(part.kind) for part in _parts(layer)):
            return layer
        if rules.names_tell and layer.network is None and not layer.inner:
            found = unlike(layer, weights, [slot.role for slot in wanted])
            if found.doubt:
                return found
        listed = ", ".join(slot.role for slot in wanted) or "none"
        raise MismatchError(
            f"the layer needs {len(wanted)} weights ({listed})",
            received=f"{len(weights)}{_listed(weights)}",
            layer=layer.name,
            layer_kind=layer.kind,
        )
    owned: dict[tuple[str, ...], dict[str, Weight]] = {}
    for slot, weight in zip(wanted, weights, strict=True):
        _check_name(layer, slot, weight.name)
        owned.setdefault(slot.owner, {})[slot.role] = weight
    return _fill(layer, owned, (), rules)


_VARIABLE = r"(?:.*/)?Variable(?:_\d+)?(?::0)?\Z"


def _without_idf(layer: Layer, weights: Sequence[Weight]) -> Sequence[Weight]:
    """The weights without those by frequency that tf.keras keeps beside a config which states
    them.
    """
    records = (spec_of(part.kind) for part in _parts(layer))
    if not any(record is not None and record.vocabulary for record in records):
        return weights
    return [weight for weight in weights if not re.match(_VARIABLE, weight.name)]


def _listed(weights: Sequence[Weight]) -> str:
    return f": {', '.join(weight.name for weight in weights)[:200]}" if weights else ""


def _parts(layer: Layer) -> Iterator[Layer]:
    yield layer
    below = layer.inner if layer.network is None else tuple(layer.network.layers.values())
    for part in below:
        yield from _parts(part)


def has_foreign(network: Network) -> bool:
    """Whether a layer of a network is code or a class that Keras does not have."""
    return any(
        is_foreign(part.kind) or part.kind == "Lambda"
        for top in network.layers.values()
        for part in _parts(top)
    )


def foreign_functions(network: Network) -> Iterator[tuple[Layer, str]]:
    """Layers whose activation is a function of the author's own, and its name."""
    for top in network.layers.values():
        for part in _parts(top):
            for key in ACTIVATION_KEYS:
                if is_foreign_function(part.config.get(key)):
                    yield part, str(part.config[key])[:_SHOWN]


_SHOWN = 100
_TELLING = (
    r"(recurrent_kernel|depthwise_kernel|pointwise_kernel|kernel|bias|gamma|beta|(?:moving|running)_mean"
    r"|moving_variance|running_std|embeddings)(?:_\d+)?(?::0)?\Z"
)
_SAME_AS = {
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "depthwise_kernel": "kernel",
}


def _check_name(layer: Layer, slot: Slot, name: str) -> None:
    """Refuse a name that says its array is something else than its place says: the order was
    tampered with.
    """
    told = re.search(_TELLING, name)
    if told is None:
        return
    word = told.group(1)
    if not slot.role.endswith((word, _SAME_AS.get(word, word))):
        raise MismatchError(
            f"the weight named {quoted(name)} is where {slot.role} belongs; names and order of "
            "the weights contradict each other",
            layer=layer.name,
            layer_kind=layer.kind,
        )


def _fill(
    layer: Layer,
    owned: dict[tuple[str, ...], dict[str, Weight]],
    path: tuple[str, ...],
    rules: Rules,
) -> Layer:
    here = (*path, layer.name)
    if layer.network is not None:
        layers = {
            name: _fill(part, owned, here, rules) for name, part in layer.network.layers.items()
        }
        return replace(layer, network=replace(layer.network, layers=layers))
    mine = owned.get(here, {})
    if rules.names_tell and (found := unlike(layer, mine.values())).doubt:
        return found
    rules.shapes(layer, [(role, weight.shape) for role, weight in mine.items()])
    names = [weight.name for weight in weights_of(layer)]
    weights = tuple(_read(layer, name, mine) for name in names)
    inner = tuple(
        _fill(part, owned, (*here, str(place)), rules) for place, part in enumerate(layer.inner)
    )
    return rules.settle(replace(layer, weights=weights, inner=inner))
