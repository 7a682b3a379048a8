"""What a keramos file holds, and what is known about any model file."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import UNSET, UnsetType
from msgspec.structs import force_setattr, replace

from keramos.frozen import Frozen
from keramos.types.adoption import Adoption
from keramos.types.evaluation import Evaluation
from keramos.types.network import Network
from keramos.types.schema import (
    ColumnPreparation,
    Notation,
    Preparation,
    Schema,
    TargetPreparation,
)
from keramos.types.training import (
    DecisionRule,
    GoldenRows,
    HeldOut,
    Metric,
    Provenance,
    SampleRow,
    TrainingTrace,
)

CONTENT_VERSION = 4
"""The newest version of content that can be read: 4 has missing categories that count as unseen; 3
has steps that the host takes; 2 has notations,
categories with blanks around them, or numbers from which one is subtracted. Other content is
written as version 1: older readers trim text, which changes no category without blanks around it,
but takes a padded cell for one.
"""
_BLANKS_KEPT = Notation(blanks="kept")
_UNRECORDED = Preparation(
    "minmax", matrix=False, inputs=(), target=TargetPreparation(), features=()
)


def as_they_are(schema: Schema) -> Preparation:
    """The preparation of a document that records none: no statistics and no prepared features.

    Numbers and booleans alone travel in one matrix; otherwise each column is an input of its own,
    named for it. Missing values are refused.
    """
    inputs = tuple(
        ColumnPreparation(column.name, column.name, column.kind, "refuse")
        for column in schema.columns
    )
    matrix = all(column.kind in {"number", "boolean"} for column in schema.columns)
    return replace(_UNRECORDED, matrix=matrix, inputs=inputs)


def _version(schema: Schema, preparation: Preparation) -> int:
    notations = [schema.target.notation, *(column.notation for column in schema.columns)]
    written = any(notation not in (UNSET, _BLANKS_KEPT) for notation in notations)
    less = any(column.kind == "number" and column.part for column in preparation.inputs)
    levels = [level for column in preparation.inputs for level in column.categories]
    padded = any(isinstance(level, str) and level != level.strip() for level in levels)
    host = (
        column.steps or column.picture or column.text or column.series
        for column in preparation.inputs
    )
    if any(column.null_policy == "unseen" for column in preparation.inputs):
        return CONTENT_VERSION
    if any(host) or any(column.kind == "text" for column in schema.columns):
        return 3
    return 2 if written or less or padded else 1


class Content(Frozen, frozen=True, kw_only=True):
    """What keramos adds to a Keras file: one JSON document, described in docs/format.md.

    A schema and a rule make a valid document; other parts are None where the file lacks them.
    Without ``preparation`` the columns enter the network as they are, see ``as_they_are``.
    """

    schema: Schema
    preparation: Preparation = _UNRECORDED
    rule: DecisionRule
    trace: TrainingTrace | None = None
    metrics: tuple[Metric, ...] | None = None
    provenance: Provenance | None = None
    sample: SampleRow | None = None
    golden: GoldenRows | None = None
    held_out: HeldOut | None = None
    adoption: Adoption | UnsetType = UNSET
    evaluation: Evaluation | UnsetType = UNSET
    version: int = 0

    def __repr__(self) -> str:
        """Target, columns and version; the parts have their own."""
        target, columns = self.schema.target, len(self.schema.columns)
        return f"Content(target {target.name!r}, {columns} columns, version {self.version})"

    def __post_init__(self) -> None:
        """Derive the preparation and the version where the document has none."""
        if self.preparation is _UNRECORDED:
            force_setattr(self, "preparation", as_they_are(self.schema))
        if not self.version:
            force_setattr(self, "version", _version(self.schema, self.preparation))


class WeightDigest(Frozen, frozen=True):
    """SHA-256 of one weight: over its dtype, its shape and its bytes in C order, little endian."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str


class Document(Frozen, frozen=True):
    """The content as it is stored, with the digests of the weights and of the model config."""

    content: Content
    weights: tuple[WeightDigest, ...]
    config_sha256: str


Way = Literal["config", "graph"]
"""What a network is read from: a Keras config with its weights, or a graph of operations."""


class Known(Frozen, frozen=True):
    """A digest that is computed already."""

    sha256: str

    def __call__(self) -> str:
        """The digest."""
        return self.sha256


class FileInfo(Frozen, frozen=True):
    """What a model file is. ``generation`` names the dialect that wrote it: keras1, keras2,
    tf_keras or keras3.

    ``container`` is the word of its form (hdf5, zip, json ...) and ``title`` the form for people.
    ``suffix`` is the extension under which Keras opens the form, "" where Keras opens none.
    ``size`` and ``sha256`` cover all its parts; ``digest`` computes the latter when it is asked
    for, since hashing a large graph takes as long as reading its model. ``weights_path`` is the
    path of separate weights. ``warnings`` lists oddities that do not keep it from opening. ``by``
    says what the network was read from where a form can hold both: config or graph, and
    ``by_reason`` why.
    """

    path: str
    container: str
    generation: str
    keras_version: str
    backend: str
    size: int
    digest: Callable[[], str]
    warnings: tuple[str, ...] = ()
    title: str = ""
    suffix: str = ""
    weights_path: str = ""
    by: Way | Literal[""] = ""
    by_reason: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 of a single file, else that of the listing of all parts with theirs."""
        return self.digest()

    def __reduce__(self) -> tuple[object, ...]:
        """A copy has the digest itself, and not the files that it is computed from."""
        values = [getattr(self, name) for name in self.__struct_fields__]
        values[self.__struct_fields__.index("digest")] = Known(self.sha256)
        return FileInfo, tuple(values)


SealState = Literal["absent", "intact", "broken"]
"""absent: no keramos content. intact: content and weights match their digests. broken: one was
changed after writing.
"""


class Endpoints(Frozen, frozen=True, eq=False):
    """The signatures of a graph: what each is asked by (``methods``, as TensorFlow Serving names
    them), the one that is read where none is named (``usual``, "" where there is none), and what
    reads the network of another.
    """

    usual: str
    methods: Mapping[str, str]
    network: Callable[[str], Network]


class Artifact(Frozen, frozen=True, eq=False):
    """A model file opened as data: the network, the keramos content, and the state of its seal.

    ``by_graph`` reads the same model from its graph, where the network is from a config and the
    file has a graph too. ``endpoints`` are the signatures of a graph with several.
    """

    network: Network
    info: FileInfo
    content: Content | None = None
    seal: SealState = "absent"
    seal_detail: str = ""
    by_graph: Callable[[], Network] | None = None
    endpoints: Callable[[], Endpoints] | None = None
