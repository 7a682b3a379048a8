"""How layers are connected: the nodes of a Functional model, in the form of Keras 3 and in the
older one.

Keras 3: ``{"args": [...], "kwargs": {...}}`` with tensors as ``__keras_tensor__``. Before: nested
lists whose leaves are ``[layer, node, tensor, {kwargs}]``, a constant being ``["_CONSTANT_VALUE",
-1, value, {kwargs}]``.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.entries import config_of
from keramos.errors import CorruptModelError, quoted
from keramos.frozen import Frozen
from keramos.types.attributes import items
from keramos.types.network import Call, TensorRef, refs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import TypeGuard

    from keramos.types.network import Layer

_CONSTANT = "_CONSTANT_VALUE"
_TRIPLE = 3
_SHOWN = 12  # layers of a loop in a message


class Node(Frozen, frozen=True):
    """One call of a layer, before its place in the order is known."""

    args: tuple[object, ...]
    kwargs: dict[str, object]


def read_node(node: object, names: Collection[str], *, keep_list: bool) -> Node:
    """One entry of ``inbound_nodes``. ``keep_list`` leaves a list of one tensor a list, as
    operations of tf.* need.

    Raises:
        CorruptModelError: it is neither form.
    """
    if isinstance(node, dict):
        args, kwargs = node.get("args", []), node.get("kwargs", {})
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise CorruptModelError(
                "the layer is called without a list and an object of arguments",
                received=f"{repr(args)[:80]} and {repr(kwargs)[:80]}",
            )
        named = {key: _argument(item) for key, item in kwargs.items()}
        return Node(tuple(_argument(item) for item in args), _given(named))
    if not isinstance(node, list) or not node:
        raise CorruptModelError(
            "a connection is not a list or {args, kwargs}", received=repr(node)[:80]
        )
    first = _old_argument(node)
    if isinstance(first, list) and len(first) == 1 and not keep_list:
        first = first[0]
    return Node(
        (first,), _given({key: _old_keyword(item, names) for key, item in _keywords(node).items()})
    )


def _given(kwargs: Mapping[str, object]) -> dict[str, object]:
    """None is the default of every keyword that Keras records."""
    return {key: item for key, item in kwargs.items() if item is not None}


def _argument(item: object) -> object:
    """A call argument with every ``__keras_tensor__`` as a TensorRef."""
    if isinstance(item, list):
        return [_argument(part) for part in item]
    if not isinstance(item, dict):
        return item
    if item.get("class_name") == "__keras_tensor__":
        return read_ref(config_of(item).get("keras_history"))
    return {key: _argument(part) for key, part in item.items()}


def _is_leaf(item: object) -> TypeGuard[list[object]]:
    return (
        isinstance(item, list)
        and len(item) >= _TRIPLE
        and isinstance(item[0], str)
        and isinstance(item[1], int)
    )


def _old_argument(item: object) -> object:
    if _is_leaf(item):
        return item[2] if item[0] == _CONSTANT else read_ref(item)
    if isinstance(item, list):
        return [_old_argument(part) for part in item]
    if isinstance(item, dict):
        return {key: _old_argument(part) for key, part in item.items()}
    raise CorruptModelError("a connection is not [layer, call, output]", received=repr(item)[:80])


def _keywords(item: object) -> Mapping[str, object]:
    """Keyword arguments stand in every leaf alike; the first one's are taken."""
    if _is_leaf(item):
        named = [part for part in item[_TRIPLE:] if isinstance(part, dict)]
        if len(item) > _TRIPLE + 1 or len(named) < len(item) - _TRIPLE:
            raise CorruptModelError(
                "the name of a tensor is not [layer, call, output, keywords]",
                received=str(item)[:80],
            )
        return named[0] if named else {}
    parts = item.values() if isinstance(item, dict) else items(item, "inbound_nodes")
    return next((found for part in parts if (found := _keywords(part))), {})


def _old_keyword(item: object, names: Collection[str]) -> object:
    """A keyword's value: a triple that begins with a layer's name is a tensor."""
    if _is_leaf(item):
        if item[0] == _CONSTANT:
            return item[2]
        if len(item) == _TRIPLE and item[0] in names:
            return read_ref(item)
    if isinstance(item, list):
        return [_old_keyword(part, names) for part in item]
    if isinstance(item, dict):
        return {key: _old_keyword(part, names) for key, part in item.items()}
    return item


def read_ref(history: object) -> TensorRef:
    """``[layer, node, tensor]`` as a reference.

    Raises:
        CorruptModelError: it is not that, or counts from below 0.
    """
    match history[:_TRIPLE] if isinstance(history, list) else None:
        case [str(name), int(node), int(tensor)] if (
            node >= 0
            and tensor >= 0
            and not isinstance(node, bool)
            and not isinstance(tensor, bool)
        ):
            return TensorRef(name, node, tensor)
    raise CorruptModelError(
        "the name of a tensor is not [layer, call, output]",
        received=str(history)[:80],
    )


def read_ends(shape: object) -> tuple[TensorRef, ...]:
    """Input or output tensors of a model: one triple, a list, or a dict of them, nested in any way.

    Keras takes the entries of a dict in the order of its sorted keys.
    """
    if isinstance(shape, list) and shape and isinstance(shape[0], str):
        return (read_ref(shape),)
    if not isinstance(shape, list | dict):
        raise CorruptModelError("the inputs or outputs are not a list", received=repr(shape)[:80])
    parts = [shape[key] for key in sorted(shape)] if isinstance(shape, dict) else shape
    return tuple(ref for part in parts for ref in read_ends(part))


def read_structure(shape: object) -> object:
    """What a model was built with, its tensors as places in ``read_ends`` of the same; None for a
    tensor or a list of tensors.
    """
    if not isinstance(shape, dict) and all(map(_is_leaf, _listed(shape))):
        return None
    return _structure(shape, count())


def _listed(shape: object) -> list[object]:
    return [shape] if _is_leaf(shape) else items(shape, "input_layers and output_layers")


def _structure(shape: object, places: Iterator[int]) -> object:
    if isinstance(shape, dict):
        found = {key: _structure(shape[key], places) for key in sorted(shape)}
        return {key: found[key] for key in shape}
    if _is_leaf(shape):
        return next(places)
    return [_structure(part, places) for part in _listed(shape)]


def moved_ref(ref: TensorRef, offsets: Mapping[str, int]) -> TensorRef:
    """The same tensor with the call numbers of some layers lowered."""
    return TensorRef(ref.layer, ref.node - offsets.get(ref.layer, 0), ref.tensor)


def moved(item: object, offsets: Mapping[str, int]) -> object:
    """The same arguments with the call numbers of some layers lowered."""
    match item:
        case TensorRef():
            return moved_ref(item, offsets)
        case list():
            return [moved(part, offsets) for part in item]
        case dict():
            return {key: moved(part, offsets) for key, part in item.items()}
    return item


def order(
    nodes: Mapping[str, Sequence[Node]], layers: Mapping[str, Layer], model: str
) -> tuple[Call, ...]:
    """All calls so that every tensor exists before it is used; calls of one layer keep their order.

    Raises:
        CorruptModelError: a tensor that nothing makes, or a loop.
    """
    waiting: dict[tuple[str, int], set[tuple[str, int]]] = {}
    users: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for name, calls in nodes.items():
        for number, node in enumerate(calls):
            needs = {(ref.layer, ref.node) for ref in refs([node.args, node.kwargs])} | (
                {(name, number - 1)} if number else set()
            )
            waiting[name, number] = needs
            for need in needs:
                users.setdefault(need, []).append((name, number))
    ready = deque((name, 0) for name, layer in layers.items() if layer.kind == "InputLayer")
    ready.extend(place for place, needs in waiting.items() if not needs)
    done: list[Call] = []
    while ready:
        place = ready.popleft()
        if place in waiting:
            del waiting[place]
            node = nodes[place[0]][place[1]]
            done.append(Call(place[0], node.args, node.kwargs))
        for user in users.get(place, ()):
            needs = waiting.get(user, set())
            needs.discard(place)
            if user in waiting and not needs:
                ready.append(user)
    if waiting:
        raise CorruptModelError(f"model {quoted(model)}: {_stuck(waiting)}")
    return tuple(done)


def _stuck(waiting: Mapping[tuple[str, int], set[tuple[str, int]]]) -> str:
    """Why calls wait for ever: one for a tensor that nothing makes, or some for each other in a
    loop.
    """
    place, seen = next(iter(waiting)), dict[tuple[str, int], None]()
    while place not in seen:
        seen[place] = None
        missing = sorted(need for need in waiting[place] if need not in waiting)
        if missing:
            (layer, call), user = missing[0], place[0]
            return (
                f"layer '{user}' takes the output of call {call} of layer '{layer}', which there "
                "is not"
            )
        place = min(waiting[place])
    loop = list(seen)[list(seen).index(place) :]
    names = [name for name, _ in (place, *reversed(loop))]
    shown = names if len(names) <= _SHOWN else [*names[:_SHOWN], "...", names[-1]]
    return f"its layers form a loop: {' -> '.join(shown)}"
