"""A model that is read from its graph of operations, in place of a Keras config or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.file_info import file_info
from keramos.artifact.keras.dialects.origin import Origin
from keramos.artifact.limits import LIMITS
from keramos.artifact.weights.validate import check_values
from keramos.errors import UsageError
from keramos.types.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.artifact.containers.container import Container, Form
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.types.network import Network

_GENERATION = "tensorflow"


def graph_is_meant(container: Container, by: str | None) -> bool:
    """Whether the graph is to be read, and not the config.

    Raises:
        UsageError: it is asked for where there is none, or ``by`` is no such word.
    """
    if by is None:
        return container.graph is not None and container.config is None
    way, _, _ = by.partition(":")
    if way != "graph":
        if by != "config":
            raise UsageError("it is config, graph or graph:NAME", option="by", received=by)
        return False
    if container.graph is None:
        raise UsageError(
            "the model is in a form without a graph of operations", option="by", received=by
        )
    return True


def read_graph(
    source: ModelSource, form: Form, container: Container, by: str | None, limits: Limits = LIMITS
) -> Artifact:
    """The model that the graph of a container describes; ``by`` may name an endpoint.

    Raises:
        ModelError: it cannot be read, or a weight is not finite.
    """
    if container.graph is None:
        raise UsageError("the model is in a form without a graph of operations", option="by")
    network = container.graph((by or "").partition(":")[2] or None)
    for layer in network.layers.values():
        check_values(layer, nonfinite=limits.nonfinite)
    origin = Origin(_GENERATION, "", container.backend or _GENERATION)
    return Artifact(network, file_info(source, form, origin, by="graph"))


def with_graph(artifact: Artifact, graph: Callable[[str | None], Network]) -> Artifact:
    """An artifact that was read from a config, with its graph beside it."""
    info = replace(artifact.info, by="config")
    return replace(artifact, info=info, by_graph=lambda: graph(None))
