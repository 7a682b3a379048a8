"""How a network was trained, and what training observed."""

from typing import Literal, TypedDict

from msgspec import UNSET, UnsetType

from keramos.errors import UsageError
from keramos.frozen import Frozen

_MOST_TIME = 1e9


class TrainingPlan(Frozen, frozen=True):
    """How to train: every choice that decides the result.

    ``batch_size`` 0, ``learning_rate`` 0 and no ``hidden`` units let keramos choose for the table.
    ``early_stopping`` stops after that many epochs without a better loss on rows set aside from the
    training rows. ``engine`` is a name in ``keramos.training.engines``, or ``auto``; ``recipe`` a
    name in ``keramos.training.recipes``, where an empty one lets keramos choose. Recipes other than
    ``tutorial`` show their course in ``epochs`` equal parts: two passes over the rows or 30 rounds
    of boosting each, at most. ``time`` is the processor time in seconds that such a recipe may
    take, 0 for no bound; results then depend on the speed of the machine. ``loss`` is a word of
    ``keramos.training.loss_words`` for a regression, empty for that of the task.
    """

    epochs: int = 10
    batch_size: int = 0
    hidden: tuple[int, ...] = ()
    learning_rate: float = 0.0
    seed: int = 0
    early_stopping: int = 0
    class_weight: bool = False
    engine: str = "auto"
    recipe: str = ""
    time: float = 0.0
    loss: str = ""

    def __post_init__(self) -> None:
        """Refuse values outside their range.

        Raises:
            UsageError: names the number, what it must be and what was received.
        """
        rules = (
            ("epochs", self.epochs, self.epochs >= 1, "1 or more"),
            (
                "batch size",
                self.batch_size,
                self.batch_size >= 0,
                "1 or more, or 0 to let keramos choose",
            ),
            (
                "hidden",
                self.hidden,
                all(units >= 1 for units in self.hidden),
                "positive unit counts such as 64,32",
            ),
            (
                "learning rate",
                self.learning_rate,
                0 <= self.learning_rate < 1,
                "above 0 and below 1",
            ),
            ("seed", self.seed, 0 <= self.seed < 2**32, "between 0 and 4294967295"),
            (
                "early stopping",
                self.early_stopping,
                self.early_stopping >= 0,
                "a number of epochs, or 0 for none",
            ),
            ("time", self.time, 0 <= self.time < _MOST_TIME, "seconds, or 0 for no bound"),
        )
        for name, value, good, wanted in rules:
            if not good:
                raise UsageError(f"{name} must be {wanted}", option=name, received=str(value))


class PlanFields(TypedDict, total=False):
    """The fields of a plan as keyword arguments of ``keramos.train``."""

    epochs: int
    batch_size: int
    hidden: tuple[int, ...]
    learning_rate: float
    seed: int
    early_stopping: int
    class_weight: bool
    engine: str
    recipe: str
    time: float
    loss: str


class Epoch(Frozen, frozen=True):
    """One epoch: ``loss`` and ``metric`` on the training rows, the same on held-out rows, seconds,
    observation.

    ``metric`` is what ``TrainingTrace.metric`` names. The observation is computed from this and
    earlier epochs.
    """

    number: int
    loss: float
    metric: float
    held_out_loss: float
    held_out_metric: float
    seconds: float
    observation: str


class Candidate(Frozen, frozen=True):
    """A kind of model that a recipe tried on training rows set aside: its ``loss`` there, its
    ``weight`` in the answer (0: left out), and the processor time that trying it took.

    ``held_out_loss`` is that of this model alone, trained on all training rows, and ``size`` the
    bytes of its weights; None where it was not trained again.
    """

    name: str
    loss: float
    weight: float
    seconds: float
    held_out_loss: float | None = None
    size: int | None = None


_SHOWN = 12


class TrainingTrace(Frozen, frozen=True):
    """The course of training. ``plan`` holds the values that were used (batch size, hidden units
    ...). ``candidates`` are those that the recipe compared, in the order in which it tried them.
    """

    loss: str
    metric: str
    epochs: tuple[Epoch, ...]
    plan: TrainingPlan
    parameters: int
    seconds: float
    backend: str
    candidates: tuple[Candidate, ...] = ()

    def __repr__(self) -> str:
        """The epochs, one line each; of many the first and the last."""
        lines = [
            f"  {one.number:>5}  {one.loss:8.4f}  {one.held_out_loss:8.4f}  {one.observation}"
            for one in self.epochs
        ]
        if len(lines) > _SHOWN:
            lines = [*lines[: _SHOWN - 2], f"  ... {len(lines) - _SHOWN + 1} more", lines[-1]]
        title = f"training trace: {len(self.epochs)} epochs, loss {self.loss}, {self.backend}"
        return "\n".join([title, "  epoch      loss  held-out  observation", *lines])


class Metric(Frozen, frozen=True):
    """One metric on the held-out rows, beside the ``baseline`` that a constant guess reaches.

    ``low`` to ``high`` is a 95 % bootstrap interval over held-out rows; None in files without one.
    """

    name: str
    value: float
    baseline: float
    better: Literal["higher", "lower"]
    low: float | None = None
    high: float | None = None


HELD_OUT_KEPT = 2000
"""The most held-out rows that a file keeps."""


class HeldOut(Frozen, frozen=True):
    """Truths and answers of held-out rows; of more than ``HELD_OUT_KEPT`` ``rows``, evenly spread.

    ``truths``: the class' position or the target's value. ``scores``: the probability of the
    positive class (binary), the largest score (multiclass) or the answer itself (regression), exact
    in float32. ``chosen``: the position of the class with the largest score; empty but for
    multiclass.
    """

    rows: int
    truths: tuple[float, ...]
    scores: tuple[float, ...]
    chosen: tuple[int, ...] = ()

    def __repr__(self) -> str:
        """How many rows there were and how many are kept."""
        return f"HeldOut({self.rows} rows, {len(self.truths)} kept)"


class Conformal(Frozen, frozen=True):
    """An interval, or a set of classes, that holds the truth for a share ``level`` of rows like
    those of the table.

    ``margin`` comes from ``rows`` validation rows. A value lies within ``margin`` of the answer; a
    class is in the set where its probability is at least 1 - ``margin``, and the decided one
    always. ``coverage`` is the share of ``held_out_rows`` held-out rows whose truth was held,
    ``size`` the width of the intervals or the mean number of classes in a set.
    """

    level: float
    margin: float
    rows: int
    coverage: float = 0.0
    held_out_rows: int = 0
    size: float = 0.0


class DecisionRule(Frozen, frozen=True):
    """How a score becomes a decision.

    ``threshold``: binary; label ``labels[1]`` when score >= ``threshold``, else ``labels[0]``.
    ``argmax``: the label with the largest score, the first of equals. ``value``: the output itself,
    in ``unit``; several outputs are values with ``names`` (unset: there is one). ``origin`` says in
    one sentence how the rule was chosen; ``interval`` how sure an answer is, where that was
    measured.
    """

    kind: Literal["threshold", "argmax", "value"]
    origin: str
    labels: tuple[str | int | bool, ...] = ()
    threshold: float = 0.5
    unit: str = ""
    interval: Conformal | None = None
    names: tuple[str, ...] | UnsetType = UNSET

    @property
    def several(self) -> tuple[str, ...]:
        """The names of several values; () for one, and for labels."""
        return self.names or ()

    @property
    def units(self) -> int:
        """Numbers that the network gives for a row."""
        return len(self.labels) if self.kind == "argmax" else max(1, len(self.several))


class GoldenRows(Frozen, frozen=True):
    """Rows with reference answers, kept to prove the file at every load.

    ``reference`` names what gave the answers: ``keras``, ``numpy``, ``keramos`` (when the file was
    made) or ``original parts``.

    ``inputs`` has one list of cells for each model input, in order (a matrix input gives one list
    of rows). ``outputs`` has shape (rows, units). An answer agrees when ``abs(a - b) <= absolute +
    relative * abs(b)``.
    """

    inputs: tuple[tuple[object, ...], ...]
    outputs: tuple[tuple[float, ...], ...]
    absolute: float = 1e-6
    relative: float = 1e-5
    reference: str = "keras"

    def __repr__(self) -> str:
        """How many rows, and what answered them."""
        return f"GoldenRows({len(self.outputs)} rows, answers of {self.reference_name})"

    @property
    def reference_name(self) -> str:
        """The reference as people write it."""
        names = {"keras": "Keras", "numpy": "NumPy", "original parts": "the original parts"}
        return names.get(self.reference, self.reference)


class Provenance(Frozen, frozen=True):
    """Where the file comes from. Digests are SHA-256 in hexadecimal; ``created`` is UTC, ISO 8601;
    ``split`` says how the held-out rows were chosen, empty where it is not recorded; ``weights`` is
    the column that says how much each row counts, empty where all count the same; ``start`` is the
    name of the file that training went on from, empty where it began anew.
    """

    source: str
    data_digest: str
    rows: int
    training_rows: int
    held_out_rows: int
    training_index_digest: str
    seed: int
    versions: tuple[tuple[str, str], ...]
    created: str
    split: str = ""
    weights: str = ""
    start: str = ""


class SampleRow(Frozen, frozen=True):
    """One held-out row as (name, value) pairs: ``raw`` from the table, ``prepared`` as the network
    sees it.
    """

    raw: tuple[tuple[str, str], ...]
    prepared: tuple[tuple[str, float], ...]
