"""SavedModel folders that Keras 2 wrote: its config of the model, and the weights of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.object_graph.keras_metadata import FILE as METADATA
from keramos.artifact.containers.object_graph.keras_metadata import read_metadata
from keramos.artifact.containers.object_graph.lookup_tables import LookupTables
from keramos.artifact.containers.object_graph.meta_graph import FILE, MetaGraph
from keramos.artifact.containers.object_graph.object_weights import ObjectWeights
from keramos.artifact.containers.object_graph.signatures import without_config
from keramos.artifact.containers.object_graph.trackables import in_step, read_trackables
from keramos.artifact.tensor_bundle import Bundle

if TYPE_CHECKING:
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
    index = f"{_VARIABLES}.index"
    if metadata is None:
        frozen = index not in source.parts  # a frozen model keeps its weights in its graph
        tensors = tuple if frozen else _bundle(source, index, limits).tensors
        return Container(None, tensors=tensors, lacks=without_config(graph))
    bundle = _bundle(source, index, limits)
    nodes = read_trackables(bundle, limits)
    places = in_step([one.children for one in objects], nodes)
    names = {places[at]: name for at, name in metadata.names.items() if at in places}
    tables = LookupTables(source, graph, objects, (bundle, nodes), places)
    return Container(
        metadata.config,
        ObjectWeights(bundle, nodes, names, tables.options),
        metadata.keras_version,
        metadata.backend,
        training=metadata.training,
        tensors=bundle.tensors,
    )


def _bundle(source: ModelSource, index: str, limits: Limits) -> Bundle:
    return Bundle(source.part(index), _VARIABLES, source.part, limits)
