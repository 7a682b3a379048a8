"""The signatures of a served version by name, as TensorFlow Serving has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serving.core.served import PREDICTS
from keramos.serving.protocols.tensorflow.bodies import (
    CLASSIFIES,
    DEFAULT,
    REGRESSES,
    own_names,
    signature_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.serving.core.served import Served

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
METHODS = {DEFAULT: PREDICTS, CLASSIFIES: CLASSIFY, REGRESSES: REGRESS}
"""The methods of the signatures of a file with a rule."""


def signature_of(served: Served, asked: str) -> Served:
    """What answers a signature of a version; the usual one where none is asked for.

    Raises:
        RequestError: there is none of that name, or it cannot answer; in TensorFlow Serving's words
            and ours.
    """
    name = asked or DEFAULT
    if name in served.others:
        return served.others[name]
    if name == DEFAULT or name in own_names(served):
        return served
    said = f'Serving signature name: "{name}" '
    if name in served.refused:
        raise RequestError(f"{said}cannot be served: {served.refused[name]}")
    raise RequestError(
        f"{said}not found in signature def; there is {', '.join(signature_names(served))}"
    )


def all_signatures(served: Served) -> Iterator[tuple[str, Served, str]]:
    """Each signature that answers: its name, what answers it, and its method."""
    for name in own_names(served):
        known = served.model.content is not None
        yield name, served, METHODS[name] if known else served.method
    for name, other in served.others.items():
        yield name, other, other.method
