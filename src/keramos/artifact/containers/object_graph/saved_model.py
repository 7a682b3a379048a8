"""SavedModel folders: the Keras config of the model, the weights of its layers, and its graph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.object_graph.keras_metadata import FILE as METADATA
from keramos.artifact.containers.object_graph.keras_metadata import read_metadata
from keramos.artifact.containers.object_graph.lookup_tables import LookupTables
from keramos.artifact.containers.object_graph.meta_graph import FILE, MetaGraph
from keramos.artifact.containers.object_graph.object_weights import BESIDE, ObjectWeights
from keramos.artifact.containers.object_graph.serving_graph import (
    Stored,
    endpoints_of,
    serving_network,
)
from keramos.artifact.containers.object_graph.signatures import without_config
from keramos.artifact.containers.object_graph.trackables import Places, read_trackables
from keramos.artifact.containers.saved_model_files import SAVED_CONTENT
from keramos.artifact.tensor_bundle import Bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.containers.object_graph.keras_metadata import KerasMetadata
    from keramos.artifact.containers.object_graph.meta_graph import SavedObject
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_VARIABLES = "variables/variables"


def open_saved_model(source: ModelSource, limits: Limits) -> Container:
    """Open the folder of a SavedModel.

    Raises:
        ModelError: it is damaged, or exceeds a limit.
    """
    graph = MetaGraph(source.part(FILE), limits)
    objects = graph.objects()
    metadata = read_metadata(objects, source.parts.get(METADATA), limits)
    stored = _stored(source, objects, limits)
    bundle, nodes, _ = stored
    if metadata is None or bundle is None:
        return _by_graph(source, graph, objects, stored)
    served = partial(serving_network, source, graph, objects, stored)
    ends = partial(endpoints_of, graph, served)
    places = Places(lambda node: objects[node].children, nodes, BESIDE)
    tables = LookupTables(source, graph, objects, (bundle, nodes), places)
    return Container(
        metadata.config,
        ObjectWeights(bundle, nodes, lambda node: _name(node, tables, metadata), tables.options),
        metadata.keras_version,
        metadata.backend,
        training=metadata.training,
        tensors=bundle.tensors,
        graph=served if graph.signatures() else None,
        endpoints=ends if graph.signatures() else None,
    )


def open_its_graph(source: ModelSource, limits: Limits) -> Container:
    """Open the folder of a SavedModel for its graph alone: a Keras config in it stays unread.

    Raises:
        ModelError: it is damaged, or exceeds a limit.
    """
    graph = MetaGraph(source.part(FILE), limits)
    objects = graph.objects()
    return _by_graph(source, graph, objects, _stored(source, objects, limits))


def _by_graph(
    source: ModelSource, graph: MetaGraph, objects: Sequence[SavedObject], stored: Stored
) -> Container:
    """What the graph gives."""
    served = partial(serving_network, source, graph, objects, stored)
    return Container(
        None,
        backend=f"tensorflow {graph.tensorflow}".rstrip(),
        tensors=tuple if stored.bundle is None else stored.bundle.tensors,
        lacks=partial(without_config, graph),
        content=source.parts.get(SAVED_CONTENT),
        sealed=source.part(FILE),
        graph=served,
        endpoints=partial(endpoints_of, graph, served),
    )


def _stored(source: ModelSource, objects: Sequence[SavedObject], limits: Limits) -> Stored:
    """The checkpoint; a frozen model has none and keeps its weights in its graph."""
    index = f"{_VARIABLES}.index"
    if index not in source.parts:
        return Stored(None)
    bundle = Bundle(source.part(index), _VARIABLES, source.part, limits)
    if not objects:
        return Stored(bundle)
    nodes = read_trackables(bundle, limits)
    return Stored(bundle, nodes, Places(lambda node: objects[node].children, nodes))


def _name(node: int, tables: LookupTables, metadata: KerasMetadata) -> str | None:
    """The name of the layer that a node of the checkpoint is."""
    saved = tables.saved(node)
    return None if saved is None else metadata.name(saved)
