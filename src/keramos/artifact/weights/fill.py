"""Fill a network with its weights, whichever of Keras' two layouts they have."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import LeafGroups
from keramos.artifact.weights.assign import Rules, bind_places, foreign_functions, has_foreign
from keramos.artifact.weights.keras3_weights import Stored
from keramos.artifact.weights.legacy_weights import bind_groups
from keramos.artifact.weights.validate import check_shapes, check_values
from keramos.errors import ForeignCodeError, MismatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.artifact.containers.container import LayerGroups, WeightStore
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.artifact.limits import Limits
    from keramos.types.network import Layer, Network


def fill(
    network: Network,
    store: WeightStore,
    groups: LayerGroups | LeafGroups | None,
    assets: Mapping[str, bytes],
    rules: Rules,
) -> Network:
    """The network with the weights of a store: by layer where it has ``groups``, else by paths.

    Raises:
        MismatchError: config and weights do not fit together.
        ForeignCodeError: the same, in a network that calls functions of its author's own: these are
            the reason to name, whatever the weights are.
    """
    with _foreign_first(network):
        if isinstance(groups, LeafGroups):
            # Most files keep their weights otherwise.
            from keramos.artifact.weights.leaf_weights import (  # noqa: PLC0415 (start-up time)
                bind_leaves,
            )

            return bind_leaves(network, store, groups, rules)
        if groups is not None:
            return bind_groups(network, store, groups, rules)
        stored = Stored(store, assets)
        filled = bind_places(network, stored, rules)
        if (unused := stored.unused()) and not has_foreign(network):
            raise MismatchError(
                "no layer of the config has a place for these weights",
                received=", ".join(unused[:3])[:200],
            )
        return filled


@contextmanager
def _foreign_first(network: Network) -> Iterator[None]:
    """A mismatch in a network that calls functions of its author's own names these instead."""
    try:
        yield
    except MismatchError:
        foreign = next(foreign_functions(network), None)
        if foreign is None:
            raise
        layer, function = foreign
        raise ForeignCodeError(
            f"the layer calls {function}, which is not a function of Keras. Nothing was run or "
            "imported",
            layer=layer.name,
            layer_kind=layer.kind,
            remedy=f"Say what the layer computes with replace={{{layer.name!r}: 'an expression of "
            "x'}",
        ) from None


def rules_of(network: Network, origin: Origin, limits: Limits) -> Rules:
    """How weights of this origin are checked and brought to the layouts of current Keras."""

    def settled(layer: Layer) -> Layer:
        check_values(layer, nonfinite=limits.nonfinite)
        if origin.generation == "keras3":
            return layer
        from keramos.artifact.weights.legacy_layouts import settle  # noqa: PLC0415 (start-up time)

        return settle(layer, origin)

    shapes = check_shapes if _shapes_are_final(network, origin) else _unchecked
    return Rules(shapes, settled, names_tell=origin.generation != "keras1")


def _shapes_are_final(network: Network, origin: Origin) -> bool:
    """Whether stated shapes can be compared with the config before weights are read."""
    if origin.generation == "keras1":
        return False  # its layouts differ from current ones until weights are settled
    return not has_foreign(network)  # foreign code is the reason to name, whatever the weights are


def _unchecked(_layer: Layer, _named: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    """No check: the compiler compares the settled weights."""
