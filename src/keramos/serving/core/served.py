"""A served model version, and the registry of all of them as protocols see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import field

from keramos.errors import NotReadyError
from keramos.frozen import Frozen
from keramos.serving.core.counters import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.inference.model import Model
    from keramos.serving.core.observers import Observers
    from keramos.types.prediction import Feeds
    from keramos.types.serving import ModelRef, Outputs, VersionStatus

Cells = tuple[object, ...]
"""The cells of one row, in the order of the model's columns."""


PREDICTS = "tensorflow/serving/predict"
"""The method of a signature that takes tensors and gives tensors."""


class RowTypes(Frozen, frozen=True, eq=False):
    """``row`` is the type that msgspec decodes a row as; ``cells`` gives the cells of decoded rows
    and how many keys their objects have; ``feeds`` the model's inputs for many rows of cells.
    """

    row: object
    cells: Callable[[Sequence[object]], tuple[list[Cells], int]]
    feeds: Callable[[list[Cells]], Feeds]
    columns: int


class Served(Frozen, frozen=True, eq=False):
    """One version that answers requests. ``seconds`` is the time of one warm run of one row;
    ``types`` are the types of its rows, where rows can be decoded by type. ``shares`` says whether
    requests may share a run.

    ``signature`` is the name of the signature of TensorFlow that it answers, "" where it has none,
    and ``method`` what that is asked by; ``others`` answer the model's other signatures, of which
    none is ``usual``, and ``refused`` says why some cannot.
    """

    name: str
    version: int
    model: Model
    seconds: float
    types: RowTypes | None
    shares: bool
    counts: Counts = field(default_factory=Counts)
    signature: str = ""
    method: str = PREDICTS
    usual: bool = True
    others: Mapping[str, Served] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


class UnopenedError(NotReadyError):
    """A version that is served and not open. ``open`` opens it, which takes the time of loading;
    then the registry gives it, or says why it cannot be served.
    """

    def __init__(self, name: str, version: int, opens: Callable[[], None]) -> None:
        """``opens`` may be called by several threads at once."""
        super().__init__(f"version {version} of model '{name}' is not open yet")
        self.open = opens


class Registry(Protocol):
    """Every served model version, to look up and to run."""

    observers: Observers
    unserved: Counts
    load_failures: dict[str, int]
    changed: list[Callable[[], None]]

    def names(self) -> tuple[str, ...]:
        """Names of all models, also of those with no available version, in order."""

    def statuses(self, name: str) -> tuple[VersionStatus, ...]:
        """All known versions of a model, the newest first. NotServedError: there is no such
        model.
        """

    def labels(self, name: str) -> Mapping[str, int]:
        """Label -> version. NotServedError: there is no such model."""

    def get(self, ref: ModelRef) -> Served:
        """The version that answers ``ref``. NotServedError, NotReadyError: there is none;
        UnopenedError: it must be opened before.
        """

    def opened(self, ref: ModelRef) -> Served:
        """As ``get``; a version that is not open is opened, which takes the time of loading."""

    def all_served(self) -> tuple[Served, ...]:
        """Every version that answers, by name and number."""

    def counts(self) -> Mapping[str, Mapping[int, Counts]]:
        """Model -> version -> what it has answered since the start."""

    def ready(self) -> bool:
        """Whether a model answers and none is loading its first version."""

    def failed(self) -> int:
        """How many models do not answer because a version of theirs cannot be served."""

    def run(self, served: Served, feeds: Feeds) -> Outputs:
        """Outputs of one run. MismatchError: an array does not fit the model's inputs."""
