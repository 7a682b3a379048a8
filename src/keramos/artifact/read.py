"""A model file -> Artifact. Magic bytes decide what it is, never its name."""

from __future__ import annotations

import hashlib
import importlib
import os
from typing import TYPE_CHECKING, cast

from keramos.artifact.containers.opening import model_bytes, open_container
from keramos.artifact.content.document import decode, seal_of
from keramos.artifact.keras.dialects.origin import origin_of
from keramos.artifact.keras.dialects.structure import network as network_of
from keramos.artifact.keras.foreign_code import refuse_foreign
from keramos.artifact.limits import LIMITS
from keramos.artifact.strict_json import parse_json
from keramos.artifact.weights.assign import Rules, bind_places, has_foreign
from keramos.artifact.weights.keras3_weights import Stored
from keramos.artifact.weights.legacy_layouts import settle
from keramos.artifact.weights.legacy_weights import bind_groups, root_of, weight_names
from keramos.artifact.weights.validate import check_shapes, check_values
from keramos.errors import (
    LimitExceededError,
    MismatchError,
    ModelError,
    UnsupportedModelError,
    UsageError,
)
from keramos.types.artifact import Artifact, FileInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keramos.artifact.containers.opening import Container
    from keramos.artifact.hdf5 import Hdf5
    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.artifact.limits import Limits
    from keramos.types.network import Config, Layer, Network

    Translate = Callable[[Entry, Config, Origin], tuple[str, Config]]

_OWN_NAME = "keramos"
"""What keramos calls the models that it makes."""

_LOST = (
    "keramos made this model, but another program saved it again and left out its schema, rule "
    "and golden rows: "
    "nothing proves it any more. Use the file that keramos wrote"
)
_DIALECTS = {"keras1": "keras1", "keras2": "keras2", "tf_keras": "keras2", "keras3": "keras3"}
"""Generation -> module of its dialect; one file speaks one of them, so only that one is loaded."""


def read(
    path: str | Path,
    *,
    weights: str | Path | None = None,
    limits: Limits = LIMITS,
    bytes_of: Callable[[str, Limits], bytes] = model_bytes,
) -> Artifact:
    """The model in a ``.h5``, ``.hdf5`` or ``.keras`` file of any Keras as data.

    ``weights`` names the file of weights where ``path`` is an architecture alone
    (``model.to_json()``). ``bytes_of`` gives the bytes of a file; each file is read once.

    Raises:
        ModelError: one of its subclasses says why the file cannot be used, and where.
        UsageError: weights are given for a file that has its own, or are not for one that has none.
    """
    source = os.fspath(path)
    data = bytes_of(source, limits)
    try:
        container = open_container(data, source, limits)
        file = _weights_of(container, source, weights, limits, bytes_of)
        network, origin = _network(container, file, source, limits)
    except RecursionError:
        raise LimitExceededError(
            f"{source}: models are nested deeper than any real model"
        ) from None
    except ModelError as error:
        raise (
            error if str(error).startswith(source) else type(error)(f"{source}: {error}")
        ) from error.__cause__
    info = FileInfo(
        path=source,
        container=container.kind,
        generation=origin.generation,
        keras_version=origin.version,
        backend=origin.backend,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        warnings=(*origin.notes, *_lost(container, network)),
    )
    if container.content is None or container.config is None:
        return Artifact(network, info)
    document = decode(container.content, source)
    seal, detail = seal_of(document, network, container.config)
    return Artifact(network, info, document.content, seal, detail)


def _lost(container: Container, network: Network) -> tuple[str, ...]:
    """What to say about a model that keramos made and another program saved again, without what lay
    beside it.
    """
    if container.content is not None or network.name != _OWN_NAME:
        return ()
    return (_LOST,)


def _weights_of(
    container: Container,
    source: str,
    weights: str | Path | None,
    limits: Limits,
    bytes_of: Callable[[str, Limits], bytes],
) -> Hdf5:
    """The HDF5 file that holds the weights."""
    if container.config is None:
        raise UnsupportedModelError(
            f"{source} has no model_config: it holds weights only. Save the whole model with "
            "model.save(...), "
            "or read the architecture's JSON file with weights=this file"
        )
    if weights is None:
        if container.weights is None:
            raise UsageError(
                f"{source} is an architecture without weights; name their file with weights="
            )
        return container.weights
    if container.weights is not None:
        raise UsageError(
            f"{source} has weights of its own; weights= is for an architecture in JSON"
        )
    other = os.fspath(weights)
    found = open_container(bytes_of(other, limits), other, limits).weights
    if found is None:
        raise UnsupportedModelError(f"{other} is not an HDF5 file of weights")
    return found


def _network(
    container: Container, file: Hdf5, source: str, limits: Limits
) -> tuple[Network, Origin]:
    text = cast("bytes", container.config)
    entry = parse_json(text, f"{source}, model config", limits)
    refuse_foreign(entry, "model config", model=True, limits=limits)
    if container.training is not None:
        training = parse_json(container.training, f"{source}, training config", limits)
        refuse_foreign(training, "training config", model=False, limits=limits)
    root = root_of(file)
    names = {} if root is None else weight_names(file, root)
    version = container.keras_version or file.text(root or "", "keras_version") or ""
    backend = container.backend or file.text(root or "", "backend") or ""
    origin = origin_of(
        version, backend, text.decode(), [name for group in names.values() for name in group]
    )
    module = importlib.import_module(
        f"keramos.artifact.keras.dialects.{_DIALECTS[origin.generation]}"
    )
    translate: Translate = module.translate
    network = network_of(entry, lambda layer, config: translate(layer, config, origin))

    def settled(layer: Layer) -> Layer:
        check_values(layer, nonfinite=limits.nonfinite)
        return settle(layer, origin)

    # Keras 1 kept weights in layouts of its own, which only settling tells apart; a model that
    # needs foreign code is
    # refused for that, whatever its weights are.
    early = origin.generation != "keras1" and not has_foreign(network)
    rules = Rules(check_shapes if early else lambda _layer, _named: None, settled)
    if root is not None:
        return bind_groups(network, file, root, rules), origin
    stored = Stored(file, container.assets)
    bound = bind_places(network, stored, rules)
    if (unused := stored.unused()) and not has_foreign(network):
        raise MismatchError(
            f"{', '.join(unused[:3])[:200]}: weights that no layer of the config has a place for"
        )
    return bound, origin
