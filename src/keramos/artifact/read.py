"""A saved model -> Artifact: source, container, origin, network, weights, content."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import LayerGroups
from keramos.artifact.containers.table import form_of, model_source
from keramos.artifact.content.document import check_network, decode, seal_of
from keramos.artifact.file_info import file_info
from keramos.artifact.keras.dialects.origin import origin_of
from keramos.artifact.keras.read_config import parse_config, read_config
from keramos.artifact.limits import LIMITS
from keramos.artifact.weights.fill import fill, rules_of
from keramos.errors import LimitExceededError, ModelError, UnsupportedModelError, UsageError
from keramos.types.artifact import Artifact
from keramos.types.network import states_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keramos.artifact.containers.container import Container, Form, LeafGroups, WeightStore
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.types.network import Network

_OWN_NAME = "keramos"
"""What keramos calls the models that it makes."""

_LOST = (
    "keramos made this model, but another program saved it again and left out its schema, rule "
    "and golden rows: nothing proves it any more. Use the file that keramos wrote"
)


def read(
    path: str | Path,
    *,
    weights: str | Path | None = None,
    limits: Limits = LIMITS,
    source_of: Callable[[str, Limits], ModelSource] = model_source,
    by: str | None = None,
) -> Artifact:
    """The model at a path as data, in any form of ``containers.table.FORMS``, of any Keras.

    ``weights`` names the file of weights where ``path`` is an architecture alone
    (``model.to_json()``). ``source_of`` gives the bytes at a path; each path is read once. ``by``
    says what to read of a form that holds a config and a graph (``config``, ``graph``, or
    ``graph:NAME`` for a signature); by default the config, or the graph where the config cannot be
    read.

    Raises:
        ModelError: one of its subclasses says why the model cannot be used, and where.
        UsageError: weights are given for a model that has its own, or are missing for one that
            has none.
    """
    source = source_of(os.fspath(path), limits)
    with _located(source.path):
        form = form_of(source)
        container = _opened(source, form, by, limits)
        if container.graph is None and by is None:
            return _by_config(source, form, container, weights, limits, source_of)
        return _by_either(source, form, container, by, weights, limits, source_of)


def _opened(source: ModelSource, form: Form, by: str | None, limits: Limits) -> Container:
    """What a source holds, its graph alone where the form can tell and that is asked for."""
    if by is None or form.open_graph is None or by.partition(":")[0] != "graph":
        return form.open(source, limits)
    return form.open_graph(source, limits)


def _by_either(
    source: ModelSource,
    form: Form,
    container: Container,
    by: str | None,
    weights: str | Path | None,
    limits: Limits,
    source_of: Callable[[str, Limits], ModelSource],
) -> Artifact:
    """A model with a graph of operations, or of which the graph is asked for."""
    from keramos.artifact.read_graph import (  # noqa: PLC0415 (start-up time; most have none)
        graph_is_meant,
        read_graph,
        with_graph,
    )

    if graph_is_meant(container, by):
        return read_graph(source, form, container, by, limits)
    try:
        found = _by_config(source, form, container, weights, limits, source_of)
    except UnsupportedModelError as error:
        if by is not None or container.graph is None:
            raise
        why = f"the Keras config cannot be read: {error.what}"
        return read_graph(source, form, container, by, limits, why)
    return with_graph(found, container, by)


def _with_inputs(network: Network) -> tuple[Network, tuple[str, ...]]:
    """The network with a shape for every input, and a note for each that no layer states."""
    configs = [network.layers[ref.layer].config for ref in network.inputs]
    if all(states_shape(config) for config in configs):
        return network, ()
    from keramos.artifact.weights.infer_input import (  # noqa: PLC0415 (start-up time; most do)
        with_input_shapes,
    )

    return with_input_shapes(network)


def _by_config(
    source: ModelSource,
    form: Form,
    container: Container,
    weights: str | Path | None,
    limits: Limits,
    source_of: Callable[[str, Limits], ModelSource],
) -> Artifact:
    """The model that a config describes, with its weights."""
    with _located(source.path):
        config = _config(container, source)
        store = _weights(container, source, weights, limits, source_of)
        entry, notes = parse_config(config, container.training, limits)
        groups = store.groups()
        origin = _origin(container, store, groups, config)
        empty = read_config(entry, origin)
        filled = fill(empty, store, groups, container.assets, rules_of(empty, origin, limits))
        network, inferred = _with_inputs(filled)
    info = file_info(
        source,
        form,
        origin,
        weights_path="" if weights is None else os.fspath(weights),
        warnings=(*notes, *container.notes, *inferred, *_lost(container, network)),
    )
    if container.content is None:
        return Artifact(network, info)
    document = decode(container.content, source.path, limits)
    seal, detail = seal_of(document, network, config)
    if seal == "intact":
        check_network(document.content, network, source.path)
    return Artifact(network, info, document.content, seal, detail)


@contextmanager
def _located(source: str) -> Iterator[None]:
    """Errors inside name the source."""
    try:
        yield
    except RecursionError:
        raise LimitExceededError(
            "models are nested deeper than any real model", file=source
        ) from None
    except ModelError as error:
        error.at(file=source)
        raise


def _config(container: Container, source: ModelSource) -> bytes:
    if container.lacks is not None:
        raise container.lacks()
    if container.config is None:
        raise UnsupportedModelError(
            "the file has no model_config: it holds weights only",
            file=source.path,
            remedy="Save the whole model with model.save(...), or read the architecture's JSON "
            "file with weights=this file; keramos inspect lists its arrays",
        )
    return container.config


def _weights(
    container: Container,
    source: ModelSource,
    weights: str | Path | None,
    limits: Limits,
    source_of: Callable[[str, Limits], ModelSource],
) -> WeightStore:
    """The weights of the container itself, or those of the file that ``weights`` names."""
    if weights is None:
        if container.weights is None:
            raise UsageError(
                "the file is an architecture without weights",
                file=source.path,
                remedy="Name the file of its weights with weights=",
            )
        return container.weights
    if container.weights is not None:
        raise UsageError(
            "the file has weights of its own; weights= is for an architecture in JSON",
            file=source.path,
        )
    other = source_of(os.fspath(weights), limits)
    found = form_of(other).open(other, limits).weights
    if found is None:
        raise UnsupportedModelError("the file holds no weights", file=other.path)
    return found


def _origin(
    container: Container,
    store: WeightStore,
    groups: LayerGroups | LeafGroups | None,
    config: bytes,
) -> Origin:
    """Who wrote the model: as the container says, else as its weights say, else as words show."""
    version = container.keras_version or store.recorded("keras_version")
    backend = container.backend or store.recorded("backend")
    grouped = groups.names.values() if isinstance(groups, LayerGroups) else ()
    names = [name for group in grouped for name in group]
    return origin_of(version, backend, config.decode(), names)


def _lost(container: Container, network: Network) -> tuple[str, ...]:
    """A warning where another program saved a model of keramos again, without its content."""
    if container.content is not None or network.name != _OWN_NAME:
        return ()
    return (_LOST,)
