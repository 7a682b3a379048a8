"""What people see of a model, as plain values: pages, reports and the terminal show the same ones.

Texts are not markup; what shows them escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.prediction import TraceStep
    from keramos.types.seen import Occlusion, Seen
    from keramos.types.stored import StoredTensor
    from keramos.types.training import Metric, TrainingTrace

Pair = tuple[str, str]
"""A name and its value."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the data flow: shapes before and after, what happens, and one row on its way."""

    title: str
    before: str
    after: str
    note: str
    sample: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram: one label and one count a bar. ``edges`` has one entry more than counts for
    numbers, else none.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnCard:
    """One model input: what it is, what is allowed, and how the training rows spread over it.

    ``column`` and ``part`` are the column of the table and the part of a date; ``name`` is what
    people read.
    """

    name: str
    input: str
    column: str
    part: str
    kind: str
    unit: str
    reason: str
    nulls: str
    range: str
    missing: float
    bars: Bars


@dataclass(frozen=True, slots=True)
class Field:
    """One input of the form. ``name`` is the column, or for plain files the model input; ``value``
    what it starts with.

    ``choices`` are texts to choose from. ``optional``: may be left empty, which means missing.
    """

    name: str
    kind: Literal[
        "number", "choice", "boolean", "date", "text", "passage", "array", "picture", "rows"
    ]
    value: str
    unit: str = ""
    minimum: float = 0.0
    maximum: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Decisions on the kept held-out rows at each of ``thresholds``; ``rule`` is the position of
    the file's own threshold.

    ``true_positives`` and ``false_positives`` count positive and negative rows with a score of at
    least the threshold.
    """

    thresholds: tuple[float, ...]
    true_positives: tuple[int, ...]
    false_positives: tuple[int, ...]
    positives: int
    negatives: int
    rule: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rows with scores between ``low`` and ``high``: their mean score, and the share that was what
    the score says.
    """

    low: float
    high: float
    score: float
    share: float
    rows: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality on held-out rows. Parts that do not apply to the task, or that the file does not
    record, are empty.

    ``confusion[i][j]`` counts rows of class i that were called j. ``roc`` has (false, true)
    positive rates. ``residuals`` has (truth, answer) pairs. ``kept`` of ``rows`` held-out rows are
    in the file. ``class_scores`` are the mean scores of the decisions for each class.
    """

    metrics: tuple[Metric, ...]
    rows: int
    kept: int = 0
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    curve: ThresholdCurve | None = None
    roc: tuple[tuple[float, float], ...] = ()
    calibration: tuple[Calibration, ...] = ()
    class_scores: tuple[float | None, ...] = ()
    residuals: tuple[tuple[float, float], ...] = ()
    studies: tuple[Study, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """Something that was measured, as a table; the first cell of a line names it."""

    title: str
    note: str
    headings: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One golden row: the reference answer in the file and the answer of this process."""

    recorded: str
    recomputed: str
    difference: float


@dataclass(frozen=True, slots=True)
class Proof:
    """Why the file can be trusted, and where it comes from.

    ``holds`` is None where nothing was checked; ``badge`` says the same in a few words and
    ``sentence`` in full. ``reference`` names what gave the recorded answers of ``golden``.
    """

    holds: bool | None
    badge: str
    sentence: str
    golden: tuple[GoldenRow, ...]
    digests: tuple[Pair, ...]
    provenance: tuple[Pair, ...]
    plain_keras: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A program for one client of this model."""

    title: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about saving. ``right`` is the position of the true option; ``because`` explains
    it with numbers.
    """

    text: str
    options: tuple[str, ...]
    right: int
    because: str


@dataclass(frozen=True, slots=True)
class LayerLine:
    """One layer of the architecture."""

    name: str
    kind: str
    output: str
    parameters: int
    weights: str


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One call of a layer in a drawn network. ``name`` is unique; ``inner`` is that of a nested
    model. ``folded`` counts the layers that a node stands for, where it is a run of several.
    """

    name: str
    kind: str
    output: str
    parameters: int
    inner: NetworkGraph | None = None
    folded: int = 1


@dataclass(frozen=True, slots=True)
class NetworkGraph:
    """A network as nodes, in an order in which every input comes before its use, and edges between
    their positions.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ModelView:
    """Everything that is shown of one model file.

    ``stages``, ``trace``, ``quality`` and ``columns`` are empty where the file does not record
    them; ``absent`` says so in sentences. ``unsupported`` names what keeps a file from running.
    ``graph`` is None where there are too many layers to be drawn. ``plain`` is true for a file
    without keramos content.
    """

    name: str
    purpose: str
    facts: tuple[Pair, ...]
    stages: tuple[Stage, ...]
    trace: TrainingTrace | None
    quality: Quality | None
    columns: tuple[ColumnCard, ...]
    dropped: tuple[Pair, ...]
    fields: tuple[Field, ...]
    rule: str
    proof: Proof
    layers: tuple[LayerLine, ...]
    graph: NetworkGraph | None
    tensors: tuple[StoredTensor, ...]
    parameters: int
    inputs: tuple[Pair, ...]
    outputs: tuple[Pair, ...]
    snippets: tuple[Snippet, ...]
    absent: tuple[str, ...]
    plain: bool
    unsupported: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """What one layer gave for one row: ``values`` without the axis of rows, in the layer's own
    dtype.
    """

    layer: str
    kind: str
    values: NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Influence:
    """How the answer changes where a column keeps its ``value`` instead of the training rows' usual
    one.
    """

    column: str
    value: str
    usual: str
    change: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One row's way to its answer: load, input, prediction, decision; and what each layer gave.

    ``skipped`` layers are not shown. ``answer`` names what the influences are about. ``scores`` are
    the largest ones, by label. ``seen`` is what the network sees of a picture, a text or a series,
    ``occlusion`` where a picture mattered.
    """

    steps: tuple[TraceStep, ...]
    activations: tuple[Activation, ...]
    skipped: int
    influences: tuple[Influence, ...]
    answer: str
    scores: tuple[tuple[str, float], ...] = ()
    seen: Seen | None = None
    occlusion: Occlusion | None = None
