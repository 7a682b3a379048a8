"""A model that is read from its graph of operations, in place of a Keras config or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.containers.saved_model_files import SAVED_CONTENT
from keramos.artifact.content.document import decode
from keramos.artifact.file_info import file_info
from keramos.artifact.keras.dialects.origin import Origin
from keramos.artifact.limits import LIMITS
from keramos.artifact.sha256 import sha256
from keramos.artifact.weights.validate import check_values
from keramos.errors import LimitExceededError, UsageError
from keramos.types.artifact import Artifact

if TYPE_CHECKING:
    from keramos.artifact.containers.container import Container, Form
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.types.artifact import FileInfo
    from keramos.types.network import Network

_GENERATION = "tensorflow"
_ASKED, _RUNS = "as asked for", "every layer of it can run"


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
    source: ModelSource,
    form: Form,
    container: Container,
    by: str | None,
    limits: Limits = LIMITS,
    why: str = "there is no Keras config",
) -> Artifact:
    """The model that the graph of a container describes; ``by`` may name an endpoint, and ``why``
    says why it is not the one of the config where the caller did not ask for it.

    Raises:
        ModelError: it cannot be read, or a weight is not finite.
    """
    if container.graph is None:
        raise UsageError("the model is in a form without a graph of operations", option="by")
    network = container.graph((by or "").partition(":")[2] or None)
    for layer in network.layers.values():
        check_values(layer, nonfinite=limits.nonfinite)
    origin = Origin(_GENERATION, "", container.backend or _GENERATION)
    reason = why if by is None else _ASKED
    info = file_info(source, form, origin, by="graph", by_reason=reason)
    if container.content is None:
        return Artifact(network, info, endpoints=container.endpoints)
    return _with_content(network, info, container, limits)


def _with_content(
    network: Network, info: FileInfo, container: Container, limits: Limits
) -> Artifact:
    """An artifact with what keramos stored beside the graph, whose bytes its digest covers."""
    content = container.content or b""
    if len(content) > limits.content_bytes:
        raise LimitExceededError(
            f"the content has more than {limits.content_bytes:,} bytes, the limit (content_bytes)",
            received=f"{len(content):,}",
            path=SAVED_CONTENT,
        )
    document = decode(content, info.path, limits)
    digest = sha256(container.sealed)
    if digest == document.config_sha256:
        return Artifact(network, info, document.content, "intact")
    changed = "the graph was changed after keramos wrote it"
    return Artifact(network, info, document.content, "broken", changed)


def with_graph(artifact: Artifact, container: Container, by: str | None) -> Artifact:
    """An artifact that was read from a config, with the graph of its container beside it."""
    graph = container.graph
    if graph is None:
        return artifact
    info = replace(artifact.info, by="config", by_reason=_RUNS if by is None else _ASKED)
    ends = container.endpoints
    return replace(artifact, info=info, by_graph=lambda: graph(None), endpoints=ends)
