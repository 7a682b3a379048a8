"""Everything that one keramos file holds, and what is known about any model file."""

from dataclasses import dataclass
from typing import Literal

from keramos.types.network import Network
from keramos.types.schema import Preparation, Schema
from keramos.types.training import (
    DecisionRule,
    GoldenRows,
    HeldOut,
    Metric,
    Provenance,
    SampleRow,
    TrainingTrace,
)

CONTENT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What keramos adds to a Keras file: one JSON document, described in docs/format.md.

    Fields with a default came later: files without them are as good, and older readers pass over
    them.
    """

    schema: Schema
    preparation: Preparation
    rule: DecisionRule
    trace: TrainingTrace
    metrics: tuple[Metric, ...]
    provenance: Provenance
    sample: SampleRow
    golden: GoldenRows
    held_out: HeldOut | None = None
    version: int = CONTENT_VERSION


@dataclass(frozen=True, slots=True)
class WeightDigest:
    """SHA-256 of one weight: over its dtype, its shape and its bytes in C order, little endian."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Document:
    """The content as it is stored: with a digest for each weight it belongs to, and one of the
    model config's text.
    """

    content: Content
    weights: tuple[WeightDigest, ...]
    config_sha256: str


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a model file is. ``generation`` names the dialect that wrote it: keras1, keras2,
    tf_keras or keras3.

    ``container`` is the word of its form (hdf5, zip, json ...) and ``title`` the form for people.
    ``suffix`` is the extension under which Keras opens the form, "" where Keras opens none.
    ``size`` and ``sha256`` cover all its parts. ``weights_path`` is the path of separate weights.
    ``warnings`` lists what is odd about it though it opens.
    """

    path: str
    container: str
    generation: str
    keras_version: str
    backend: str
    size: int
    sha256: str
    warnings: tuple[str, ...] = ()
    title: str = ""
    suffix: str = ""
    weights_path: str = ""


SealState = Literal["absent", "intact", "broken"]
"""absent: no keramos content. intact: content and weights are as written together. broken: one was
changed since.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """A model file opened as data: the network, what keramos stored beside it, and whether both
    belong together.
    """

    network: Network
    info: FileInfo
    content: Content | None = None
    seal: SealState = "absent"
    seal_detail: str = ""
