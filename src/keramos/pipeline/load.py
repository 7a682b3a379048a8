"""A file -> a model that is ready and proven."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError
from keramos.pipeline.model import Model
from keramos.runtime.verify import check_golden

if TYPE_CHECKING:
    from pathlib import Path


def load(path: str | Path, *, verify: bool = True) -> Model:
    """Open a Keras file as data and make it ready to answer.

    ``verify`` runs the golden rows of a keramos file and compares with what Keras answered when it was written.

    Raises:
        ModelError: one of its subclasses says why the file cannot be used, and where.
    """
    begun = perf_counter()
    artifact = read(path)
    model = Model(artifact, compile_network(artifact.network))
    if verify and artifact.content is not None:
        if artifact.seal == "broken":
            raise MismatchError(
                f"{path}: {artifact.seal_detail}; its schema, rule and golden rows may no longer fit. "
                "Save it again with keramos, or pass verify=False to use it as it is"
            )
        check_golden(model.session, artifact.content.golden, model.inputs)
    model.load_seconds = perf_counter() - begun
    return model
