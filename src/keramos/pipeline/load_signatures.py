"""A model with all the signatures that its graph serves, as TensorFlow Serving answers them."""

from __future__ import annotations

from os import fspath
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec import field
from msgspec.structs import replace as changed

from keramos.compile.emit import compile_network
from keramos.errors import KeramosError, LimitExceededError
from keramos.frozen import Frozen
from keramos.inference.model import Model
from keramos.pipeline.load import proven
from keramos.pipeline.reading import about, opened, reader
from keramos.types.artifact import Artifact
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from keramos.types.artifact import Endpoints
    from keramos.types.limits import Limits
    from keramos.types.network import Compiled

_MOST = 16
"""Signatures of one model that are loaded beside its usual one."""


class Signature(Frozen, frozen=True):
    """What a signature computes, and the method of TensorFlow Serving by which it is asked."""

    model: Model
    method: str = ""


class Signatures(Frozen, frozen=True):
    """The usual signature of a model, the others by name, and why some cannot answer."""

    usual: Signature
    name: str = ""
    others: Mapping[str, Signature] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def load_signatures(
    path: str | Path,
    *,
    replace: Mapping[str, str] | None = None,
    require_signature: str | Path | None = None,
    served_as: tuple[str, int] | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Signatures:
    """As ``load``, with the other signatures of a graph. One that cannot answer does not keep the
    rest from it; where layers are replaced or ``by`` names one signature, there are no others.

    Raises:
        ModelError: the usual signature cannot be used.
    """
    begun = perf_counter()
    source_of = reader(require_signature, served_as=served_as)
    artifact = opened(path, replacements=replace, limits=limits, source_of=source_of, by=by)
    with about(path):
        compiled = compile_network(artifact.network, limits=limits)
    alone = changed(artifact, endpoints=None)
    model = proven(alone, compiled, fspath(path), verify=True)
    model.limits, model.replacements, model.by = limits, dict(replace or {}), by
    found = Signatures(Signature(model))
    if artifact.endpoints is not None and not replace and by in (None, "graph"):
        found = _all(artifact.endpoints(), Signature(model), compiled, limits)
    model.load_seconds = perf_counter() - begun
    return found


def _all(ends: Endpoints, usual: Signature, compiled: Compiled, limits: Limits) -> Signatures:
    others: dict[str, Signature] = {}
    refused: dict[str, str] = {}
    for name, found in _others(ends, usual.model, compiled, limits):
        if isinstance(found, Model):
            others[name] = Signature(found, ends.methods[name])
        else:
            refused[name] = str(found)
    own = Signature(usual.model, ends.methods.get(ends.usual, ""))
    return Signatures(own, ends.usual, others, refused)


def _others(
    ends: Endpoints, usual: Model, compiled: Compiled, limits: Limits
) -> Iterator[tuple[str, Model | KeramosError]]:
    """Each other signature: its model, which is the usual one where both compute the same, or the
    error that says why it has none.
    """
    left = limits.weight_bytes
    for number, name in enumerate(one for one in ends.methods if one != ends.usual):
        try:
            if number >= _MOST:
                raise _too_much(f"more than {_MOST + 1} signatures")
            with about(usual.artifact.info.path):
                network = ends.network(name)
                made = compile_network(network, limits=limits)
            if made == compiled:  # as serve and serving_default of Keras 3
                yield name, usual
                continue
            left -= len(made.onnx)
            if left < 0:
                raise _too_much("signatures with more weights together than the limit weight_bytes")
            info = changed(usual.artifact.info, by="graph")
            yield name, Model(Artifact(network, info), made)
        except KeramosError as error:
            yield name, error


def _too_much(what: str) -> LimitExceededError:
    return LimitExceededError(
        f"the model has {what}", remedy="Serve this one by itself, with --by graph:NAME"
    )
