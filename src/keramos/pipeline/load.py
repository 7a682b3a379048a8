"""A file -> a model that is ready and proven."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.compile.replace import replaced
from keramos.errors import MismatchError
from keramos.pipeline.model import Model
from keramos.pipeline.reading import reader
from keramos.runtime.verify import check_golden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keramos.compile.replace import Replacement


def load(
    path: str | Path,
    *,
    weights: str | Path | None = None,
    replace: Mapping[str, Replacement] | None = None,
    verify: bool = True,
    require_signature: str | Path | None = None,
) -> Model:
    """Open a Keras file as data and make it ready to answer.

    Args:
        path: any ``.h5``, ``.hdf5`` or ``.keras`` file of any Keras, or an architecture (``model.to_json()``).
        weights: the file of weights, where ``path`` is an architecture alone.
        replace: for layers that hold code, by name: what they compute, as an expression of x over functions of
            keras.ops (``"x / 127.5 - 1.0"``), or a function that appends it to the graph.
        verify: run the golden rows of a keramos file and compare with what Keras answered when it was written.
        require_signature: a file with a public key; then only files signed with its private key are opened
            (``NAME.sig`` next to each), and nothing else is parsed.

    Raises:
        ModelError: one of its subclasses says why the file cannot be used, and where.
        UsageError: a replacement names no layer, or is no such expression.
    """
    begun = perf_counter()
    artifact = read(path, weights=weights, bytes_of=reader(require_signature))
    network = replaced(artifact.network, replace) if replace else artifact.network
    model = Model(artifact, compile_network(network))
    if verify and artifact.content is not None:
        if artifact.seal == "broken":
            raise MismatchError(
                f"{path}: {artifact.seal_detail}; its schema, rule and golden rows may no longer fit. "
                "Save it again with keramos, or pass verify=False to use it as it is"
            )
        check_golden(model.session, artifact.content.golden, model.inputs)
    model.load_seconds = perf_counter() - begun
    return model
