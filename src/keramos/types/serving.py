"""What a server of models knows and offers: names of versions, their states, and the places where
other rooms plug in.

States are those of TensorFlow Serving (``tensorflow_serving/apis/get_model_status.proto``), with
the same numbers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.artifact import Artifact, Content
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Decision, Feeds, PredictionTrace

Outputs = list["NDArray[np.generic]"]
"""A model's outputs in its own order; the first axis of each is the rows."""


class State(IntEnum):
    """The life of one version."""

    UNKNOWN = 0
    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


class VersionStatus(Frozen, frozen=True):
    """Where one version is in its life. ``code`` is a gRPC status name, ``OK`` unless something
    went wrong.
    """

    version: int
    state: State
    code: str = "OK"
    message: str = ""


class ModelRef(Frozen, frozen=True):
    """What a request asks for: a version by number, or by label, or else the newest that is
    available.
    """

    name: str
    version: int | None = None
    label: str = ""


_DIGITS = 19
_LARGEST = 2**63 - 1


def whole_number(text: str) -> int | None:
    """A number that a client wrote in digits; None for other text and for numbers beyond int64.

    Digits are counted before they are read: Python refuses to read thousands of them.
    """
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > _DIGITS or int(digits) > _LARGEST:
        return None
    return int(digits)


class Predictor(Protocol):
    """A loaded model, as ``keramos.load`` gives it."""

    artifact: Artifact
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    load_seconds: float

    @property
    def content(self) -> Content | None:
        """What keramos stored beside the network, or None for a plain Keras file."""

    def feeds(self, x: object) -> Feeds:
        """Model inputs from rows, columns, a table or arrays."""

    def run(self, fed: Feeds) -> Outputs:
        """Outputs for model inputs."""

    def decide(self, rows: object) -> list[Decision]:
        """Label, score and rule of each row."""

    def trace(self, row: Mapping[str, object]) -> PredictionTrace:
        """The four steps to the decision about one row."""


class Served(Protocol):
    """One version that answers requests."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> int:
        """The version's number."""

    @property
    def model(self) -> Predictor:
        """The loaded model."""


class Catalogue(Protocol):
    """Everything that is served, to look at."""

    def names(self) -> Sequence[str]:
        """Names of all models, also of those with no available version."""

    def statuses(self, name: str) -> Sequence[VersionStatus]:
        """All known versions of a model, the newest first. NotServedError: there is no such
        model.
        """

    def labels(self, name: str) -> Mapping[str, int]:
        """Label -> version."""

    def get(self, ref: ModelRef) -> Served:
        """The version that answers ``ref``. NotServedError, NotReadyError: there is none, or it is
        not open.
        """

    def opened(self, ref: ModelRef) -> Served:
        """As ``get``; a version that is not open is opened."""


class Observer(Protocol):
    """Sees what was answered, after the answers have left; it can neither delay nor change them."""

    def __call__(self, model: str, version: int, feeds: Feeds, outputs: Outputs) -> None:
        """One run: the model's inputs and outputs, of one or more requests."""


class Page(Frozen, frozen=True):
    """An answer for people: ``headers`` are further pairs such as ``("cache-control",
    "no-store")``.
    """

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Pages(Protocol):
    """Pages for people, asked for every GET and POST that no protocol answers."""

    def __call__(self, path: str, query: str) -> Page | None:
        """The page at a decoded path and an undecoded query, or None where there is none."""

    def posted(self, path: str, query: str, content_type: str, body: bytes) -> Page | None:
        """The page for a form, or None where no page takes one at a path."""
