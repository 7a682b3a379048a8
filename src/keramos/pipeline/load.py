"""A file -> a model that is ready and proven."""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, escaped, quoted
from keramos.inference.model import Model
from keramos.pipeline.reading import about, named, opened, reader
from keramos.runtime.verify import check_fit, check_golden
from keramos.tabular.float32 import indistinct
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from keramos.compile.replacements import Replacement
    from keramos.pipeline.model_bytes import Readable
    from keramos.types.artifact import Artifact
    from keramos.types.limits import Limits
    from keramos.types.network import Compiled
    from keramos.types.schema import Preparation


def load(
    path: str | PathLike[str] | bytes | Readable,
    *,
    weights: str | PathLike[str] | bytes | Readable | None = None,
    replace: Mapping[str, Replacement] | None = None,
    verify: bool = True,
    require_signature: str | Path | None = None,
    served_as: tuple[str, int] | None = None,
    by: str | None = None,
    limits: Limits = LIMITS,
) -> Model:
    """Open a Keras file as data and make it ready to answer.

    Args:
        path: any ``.h5``, ``.hdf5`` or ``.keras`` file of any Keras, or an architecture
            (``model.to_json()``); a URL (``s3://``, ``https://`` ..., with the extra ``remote``);
            the bytes of a file, or a file that is open for reading bytes.
        weights: the file of weights, where ``path`` is an architecture alone.
        replace: for layers that hold code, by name: what they compute, as an expression of x over
            functions of keras.ops (``"x / 127.5 - 1.0"``), or a function that appends it to the
            graph.
        verify: run the golden rows of a keramos file and compare with what Keras answered when it
            was written.
        require_signature: a file with a public key; then only files signed with its private key are
            opened (``NAME.sig`` next to each), and nothing else is parsed.
        served_as: the name and version of the model in a server; a signature for a named model must
            be for this one.
        by: ``config`` or ``graph``, for forms that hold both (SavedModel); by default the config
            where everything in it can run, else the graph. ``graph:NAME`` takes the signature of
            that name, where ``serving_default`` is not meant.
        limits: bounds on what the file may declare, where it is larger than those that keramos
            keeps by itself.

    Raises:
        ModelError: one of its subclasses says why the file cannot be used, and where.
        UsageError: a replacement names no layer of the model, or is not a valid expression.
    """
    begun = perf_counter()
    source_of = reader(require_signature, served_as=served_as)
    signed = require_signature is not None
    name, beside, source_of = named(path, weights, source_of, signed=signed)
    artifact = opened(
        name,
        weights=beside,
        replacements=replace,
        limits=limits,
        source_of=source_of,
        by=by,
    )
    with about(name):
        compiled = compile_network(artifact.network, limits=limits)
    model = proven(changed(artifact, endpoints=None), compiled, name, verify=verify)
    model.limits, model.replacements, model.by = limits, dict(replace or {}), by
    model.load_seconds = perf_counter() - begun
    return model


def proven(artifact: Artifact, compiled: Compiled, path: str, *, verify: bool) -> Model:
    """A model that is compiled already, proven by its golden rows.

    Raises:
        ModelError: it answers otherwise than they say, or its content does not fit.
    """
    with about(path):
        if artifact.content is not None:
            check_fit(artifact.content, compiled)
        model = Model(artifact, compiled)
        _prove(model, path, verify=verify)
        if artifact.content is not None:
            _warn(artifact.content.preparation, path)
    return model


def _warn(preparation: Preparation, path: str) -> None:
    """Say which columns float32 makes one number of, which no error shows."""
    for column in preparation.inputs:
        if indistinct(column):
            warnings.warn(
                f"{escaped(path)}: column {quoted(column.column)} has training values from "
                f"{column.minimum:.17g} to {column.maximum:.17g}, which are hardly more than one "
                "number in float32; train the model again, or subtract a number first",
                stacklevel=4,
            )


def _prove(model: Model, path: str, *, verify: bool) -> None:
    artifact = model.artifact
    if verify and artifact.content is not None:
        if artifact.seal == "broken":
            raise MismatchError(
                f"{artifact.seal_detail}; its schema, rule and golden rows may no longer fit",
                file=path,
                remedy="Save it again with keramos, or pass verify=False to use it as it is",
            )
        if artifact.content.golden is not None:
            check_golden(model.session, artifact.content, model.inputs)
