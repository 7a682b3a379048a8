"""How the bytes of a model are read: as they are, or only if they are signed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.containers.table import any_source, model_source
from keramos.artifact.read import read
from keramos.compile.faults import faults
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    MismatchError,
    ModelError,
    UnsafeModelError,
    UnsupportedModelError,
    UsageError,
)
from keramos.platform.urls import is_url
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.compile.replacements import Replacement
    from keramos.pipeline.model_bytes import Readable
    from keramos.types.artifact import Artifact
    from keramos.types.network import Network


_REMEDIES: tuple[tuple[type[ModelError], str], ...] = (
    (LimitExceededError, "Raise the limit if the file is yours (limits= or --limit)"),
    (UnsafeModelError, "Do not trust the file; save the model again"),
    (UnsupportedModelError, "Change that in the program that makes the model, and save it again"),
    (CorruptModelError, "Copy the file or save the model again"),
    (MismatchError, "Save the model again, config and weights together"),
)
"""What to do about an error that has no remedy of its own; the first class that fits counts."""

_NONE = type(None)
_CONTRADICTIONS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@contextmanager
def about(path: str | Path) -> Iterator[None]:
    """Errors about a model name its file and say what to do.

    An exception that no rule foresaw is an error about the file too.

    Raises:
        ModelError: the file cannot be used.
    """
    source = os.fspath(path)
    try:
        yield
    except ModelError as error:
        remedy = next((words for kind, words in _REMEDIES if isinstance(error, kind)), None)
        error.at(file=source, remedy=remedy)
        raise
    except (MemoryError, RecursionError) as error:
        raise LimitExceededError(
            "the file needs more memory or depth than there is",
            file=source,
            received=type(error).__name__,
            remedy="Give the process more if the file is yours",
        ) from error
    except _CONTRADICTIONS as error:
        raise CorruptModelError(
            "the parts of the file contradict each other",
            file=source,
            received=f"{type(error).__name__}: {str(error)[:200]}",
            remedy="Save the model again",
        ) from error


def source_at(path: str, limits: Limits) -> ModelSource:
    """The bytes of a model at a path, or behind a URL."""
    if not is_url(path) or os.path.lexists(path):
        return model_source(path, limits)
    # Most models are files of this machine.
    from keramos.pipeline.model_bytes import source_behind  # noqa: PLC0415 (start-up time)

    return source_behind(path, limits)


def reader(
    key: str | Path | None,
    signature: str | Path | None = None,
    served_as: tuple[str, int] | None = None,
) -> Callable[[str, Limits], ModelSource]:
    """What reads the bytes at a path; with a public key, only of models that are signed for it."""
    if key is None:
        return source_at
    # Checking signatures takes long to import, and most models are opened without.
    from keramos.signing.signing import signed_source  # noqa: PLC0415 (start-up time)

    return partial(
        signed_source, key=key, signature=signature, served_as=served_as, source_of=_unparsed
    )


def _unparsed(path: str, limits: Limits) -> ModelSource:
    """The bytes at a path or behind a URL as they are."""
    if not is_url(path) or os.path.lexists(path):
        return any_source(path, limits)
    from keramos.pipeline.model_bytes import source_behind  # noqa: PLC0415 (few are URLs)

    return source_behind(path, limits, parsed=False)


def named(
    path: str | PathLike[str] | bytes | Readable,
    weights: str | PathLike[str] | bytes | Readable | None,
    source_of: Callable[[str, Limits], ModelSource],
    *,
    signed: bool = False,
) -> tuple[str, str | None, Callable[[str, Limits], ModelSource]]:
    """The names of a model and of its weights in messages, and what reads them; ``source_of`` reads
    paths.

    Raises:
        UsageError: one is of no kind that is read, or signatures are wanted, which lie beside files
            only.
    """
    if isinstance(path, (str, PathLike)) and isinstance(weights, (str, PathLike, _NONE)):
        return fspath(path), None if weights is None else fspath(weights), source_of
    # Most models are files.
    from keramos.pipeline.model_bytes import instead_of_paths  # noqa: PLC0415 (start-up time)

    return instead_of_paths(path, weights, source_of, signed=signed)


def opened(
    path: str | Path,
    *,
    weights: str | Path | None = None,
    replacements: Mapping[str, Replacement] | None = None,
    limits: Limits = LIMITS,
    source_of: Callable[[str, Limits], ModelSource] = source_at,
    by: str | None = None,
) -> Artifact:
    """The model at a path. Where a form holds a config and a graph, the config counts if everything
    in it can run, else the graph; ``by`` forces one, and may name a signature (``graph:NAME``).

    Raises:
        ModelError: it cannot be read.
        UsageError: a replacement names no layer, the form has no such way, or the limits are not
            ``Limits``.
    """
    if not isinstance(limits, type(LIMITS)):
        raise UsageError(
            "limits are keramos.Limits, as in keramos.Limits(weight_bytes=8589934592)",
            option="limits",
            received=type(limits).__name__,
        )
    with about(path):
        artifact = read(path, weights=weights, limits=limits, source_of=source_of, by=by)
    artifact = with_replacements(artifact, replacements)
    if by is not None or artifact.by_graph is None or not any(faults(artifact.network)):
        return artifact
    with about(path):
        return _graph_instead(artifact, artifact.by_graph)


def _graph_instead(artifact: Artifact, by_graph: Callable[[], Network]) -> Artifact:
    """The same model by its graph, or as it is where that cannot run either."""
    try:
        network = by_graph()
        unable = any(faults(network))
    except UnsupportedModelError:
        unable = True
    if unable:
        return artifact
    found = next(iter(faults(artifact.network)))
    why = f"the Keras config holds what cannot run: {found}"
    info = replace(artifact.info, by="graph", by_reason=why)
    return replace(artifact, network=network, info=info, by_graph=None)


def with_replacements(
    artifact: Artifact, replacements: Mapping[str, Replacement] | None
) -> Artifact:
    """The artifact with some layers replaced, by name.

    Raises:
        UsageError: no layer has such a name.
    """
    if not replacements:
        return artifact
    from keramos.compile.replacements import replaced  # noqa: PLC0415 (start-up time)

    return replace(artifact, network=replaced(artifact.network, replacements))
