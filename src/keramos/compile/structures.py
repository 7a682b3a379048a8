"""Inputs and outputs of a model in the structure with which it was built: by key, by name, or in
order.

Keras goes by the keys of ``Model({"key": tensor})``, whatever the names of its InputLayers are
(``_standardize_inputs`` in keras.src.models.functional).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MismatchError, quoted
from keramos.types.attributes import items
from keramos.types.network import TensorRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

    from keramos.types.network import Network
    from keramos.types.prediction import Array, Outputs

_SHOWN = 200


def input_names(network: Network) -> tuple[str, ...]:
    """The names of a network's inputs: its keys where it is built with a dict of tensors, else the
    names of its InputLayers.
    """
    return _names(network.inputs, network.input_structure)


def output_names(network: Network) -> tuple[str, ...]:
    """The names of a network's outputs: its keys where it is built with a dict of tensors, else
    the names of the layers that they come from.
    """
    return _names(network.outputs, network.output_structure)


def _names(ends: Sequence[TensorRef], structure: object) -> tuple[str, ...]:
    if isinstance(structure, dict) and all(isinstance(part, int) for part in structure.values()):
        return tuple(sorted(structure, key=structure.__getitem__))
    return tuple(ref.layer for ref in ends)


def predicted(outputs: Sequence[Array], network: Network) -> Outputs:
    """Outputs in ``Network.output_structure``, as Keras' ``predict`` gives them: a list of one part
    is that part (``unpack_singleton`` in keras.src.models.functional), a dict of one key is a dict.
    """
    structure = network.output_structure
    if predicts_array(network):
        return outputs[0]
    if structure is None:
        return list(outputs)
    if isinstance(structure, list) and len(structure) == 1:
        return _packed(outputs, structure[0])
    return _packed(outputs, structure)


class _OneOutput(dict[str, "Outputs"]):
    """A dict with one key, which NumPy takes for what it holds: a model with one output is often
    used as if it gave an array.
    """

    def __array__(
        self,
        dtype: DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001 (NumPy's signature)
    ) -> NDArray[np.generic]:
        (only,) = self.values()
        array = np.asarray(only, dtype=dtype)
        return array.copy() if copy else array


def predicts_array(network: Network) -> bool:
    """Whether ``predict`` gives one array and not a structure of them.

    A TensorFlow graph names each of its outputs: such a name is not the key of a dict that an
    author chose.
    """
    if len(network.outputs) != 1:
        return False
    of_graph = network.layers[network.outputs[0].layer].graph is not None
    return network.output_structure is None or of_graph


def _packed(outputs: Sequence[Array], structure: object) -> Outputs:
    match structure:
        case int(place):
            return outputs[place]
        case dict():
            found = {key: _packed(outputs, structure[key]) for key in sorted(structure)}
            return _OneOutput(found) if len(found) == 1 else found
    return [_packed(outputs, part) for part in items(structure, "output_structure")]


def arranged(given: Mapping[str, object] | Sequence[object], network: Network) -> list[object]:
    """What is given as the inputs of a network, in the order of ``Network.inputs``.

    A dict may have more keys than the network has inputs; they are not read. A sequence of another
    structure is in this order already, which is that of Keras' ``model.inputs``.

    Raises:
        MismatchError: a key is absent.
    """
    names, structure = input_names(network), network.input_structure
    if structure is not None:
        found = _by_structure(given, structure)
        if found is not None:
            return [found[place] for place in range(len(names))]
    if isinstance(given, Mapping):
        return _by_name(given, names)
    return list(given)


def _by_name(given: Mapping[str, object], names: Sequence[str]) -> list[object]:
    absent = [name for name in names if name not in given]
    if absent:
        raise MismatchError(
            f"the model needs input {', '.join(map(quoted, absent))}"[:_SHOWN],
            received=f"keys {', '.join(map(str, given))}"[:_SHOWN],
            remedy=f"Give a dict with the keys {', '.join(names)}"[:_SHOWN],
        )
    return [given[name] for name in names]


def _by_structure(given: object, structure: object) -> dict[int, object] | None:
    """Place -> tensor, or None where what is given has another structure."""
    if isinstance(structure, int):
        return {structure: given}
    if isinstance(structure, dict):
        if not isinstance(given, Mapping) or not structure.keys() <= given.keys():
            return None
        pairs = [(given[key], part) for key, part in structure.items()]
    else:
        parts = items(structure, "input_structure")
        if not isinstance(given, list | tuple) or len(given) != len(parts):
            return None
        pairs = list(zip(given, parts, strict=True))
    found: dict[int, object] = {}
    for one, part in pairs:
        below = _by_structure(one, part)
        if below is None:
            return None
        found |= below
    return found


def called_with(args: Sequence[object], network: Network) -> list[TensorRef]:
    """The tensors of a nested model's call, in the order of ``Network.inputs``.

    TensorFlow took the entries of a dict without the names of inputs in the order of their keys.
    """
    given = args[0] if len(args) == 1 else args
    tensors = _flat(given)
    if isinstance(given, Mapping) or network.input_structure is not None:
        found = None
        if network.input_structure is not None:
            found = _by_structure(given, network.input_structure)
        if found is None and isinstance(given, Mapping):
            names = [ref.layer for ref in network.inputs]
            found = {place: given.get(name) for place, name in enumerate(names)}
        if found is not None and all(isinstance(one, TensorRef) for one in found.values()):
            tensors = _flat([found[place] for place in range(len(found))])
    return tensors


def _flat(item: object) -> list[TensorRef]:
    """The tensors of nested lists and dicts in the order in which Keras flattens them."""
    if isinstance(item, TensorRef):
        return [item]
    parts: list[object] = []
    if isinstance(item, Mapping):
        parts = [item[key] for key in sorted(item)]
    elif isinstance(item, list | tuple):
        parts = list(item)
    return [ref for part in parts for ref in _flat(part)]
