"""What the columns of a table are, and what preparation learned about them."""

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType, field

from keramos.frozen import Frozen
from keramos.types.texts import Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ColumnKind = Literal[
    "number",
    "integer_category",
    "string_category",
    "boolean",
    "date",
    "image",
    "text",
    "series",
]
Task = Literal["binary", "multiclass", "regression"]
Scaling = Literal["minmax", "standard"]
NullPolicy = Literal["refuse", "median", "level", "unseen"]
Gaps = Literal["impute", "refuse"]
"""What a caller decides about missing values of a column, against what its training rows say."""
"""refuse: a missing value makes the row bad. median: the training median plus a 0/1 indicator.
level: missing is a category of its own."""

Label = str | int | bool
"""A class of the target, or a category of a column."""

MATRIX_INPUT = "features"
"""Name of the one input of a model whose columns are all numbers."""

MISSING_NUMBER = -(2.0**127)
"""What stands for a missing number in the model's float32 input; exact in float32, see
docs/format.md.
"""

MISSING_INTEGER = -(2**31)
"""What stands for a missing integer category in the model's int64 input."""

MISSING_TEXT = ""
"""What stands for a missing string category in the model's string input."""


class Notation(Frozen, frozen=True):
    """How the text of a column is written, where that is not the plain form of its kind.

    ``decimal`` and ``thousands`` are the marks in numbers (a blank stands for every kind of blank),
    ``sign`` is what stands before or after them (``$``, ``EUR``, ``%``) and names their unit.
    ``order`` is that of dates: ``dmy``, ``mdy``, ``ymd``, or ``name`` where the month is a word.
    ``missing`` lists further texts that mean a missing cell. ``blanks`` around text are ``kept`` as
    part of a category, or trimmed; around numbers, dates and booleans they mean nothing.
    """

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    sign: str = ""
    order: Literal["", "dmy", "mdy", "ymd", "name"] = ""
    missing: tuple[str, ...] = ()
    blanks: Literal["trimmed", "kept"] = "trimmed"


class ColumnSchema(Frozen, frozen=True):
    """One feature column: its name in the table, its kind, and why it was taken for that.
    ``notation`` is set where its text is not written in the plain form, ``gaps`` where the caller
    decided about missing values.
    """

    name: str
    kind: ColumnKind
    reason: str
    unit: str = ""
    notation: Notation | UnsetType = UNSET
    gaps: Gaps | UnsetType = UNSET


class DroppedColumn(Frozen, frozen=True):
    """A column that the model does not use, and why."""

    name: str
    reason: str


class TargetSchema(Frozen, frozen=True):
    """The column to predict. ``classes`` is empty for regression; the order is the order of the
    model's outputs.

    For a binary task ``classes[1]`` is the positive class: the score is its probability.
    """

    name: str
    task: Task
    reason: str
    classes: tuple[Label, ...] = ()
    unit: str = ""
    notation: Notation | UnsetType = UNSET


class Schema(Frozen, frozen=True):
    """What a table is: features in model order, the target, and what was left out."""

    columns: tuple[ColumnSchema, ...]
    target: TargetSchema
    dropped: tuple[DroppedColumn, ...] = ()


class Histogram(Frozen, frozen=True):
    """How the training rows spread over a column.

    Numbers: ``edges`` has one entry more than ``counts``. Categories: ``edges`` is empty and
    ``counts`` follows ``Preparation.categories``, then one count for rare levels that share the
    out-of-vocabulary level.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class ColumnStep(Frozen, frozen=True):
    """What the host does to a column before the network has it: the name of a row in
    ``tabular.column_steps``, and its numbers.
    """

    name: str
    parameters: dict[str, tuple[float, ...]] = field(default_factory=dict)


class Picture(Frozen, frozen=True):
    """How a picture becomes the input of a network: decoded, fitted to ``width`` x ``height``, then
    ``x / divide - subtract``; where there are ``means`` and ``deviations``, one for each colour,
    ``(x - mean) / deviation`` then.

    ``mode`` is the order of colours. ``fit`` is ``crop`` (the middle part with the proportions
    that are wanted) or ``stretch``; ``method`` a name in ``tabular.media``. ``orientation`` says
    whether the camera's turn is applied, ``order`` whether colours are converted before the picture
    is resized or after it.
    """

    width: int
    height: int
    mode: Literal["RGB", "BGR", "L"] = "RGB"
    fit: Literal["crop", "stretch"] = "crop"
    method: Literal[
        "nearest",
        "box",
        "bilinear",
        "bicubic",
        "lanczos",
        "cv-linear",
        "cv-area",
        "tf-bilinear",
    ] = "lanczos"
    divide: float = 1.0
    subtract: float = 0.0
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    orientation: Literal["ignore", "apply"] = "ignore"
    order: Literal["convert", "resize"] = "convert"


class Series(Frozen, frozen=True):
    """How rows in the order of time become the input of a network: the last ``window`` rows of
    ``columns``, as numbers.

    ``answer`` is the column whose next value the network gives, "" where that is none of them.
    ``fitted`` says on what the scale was fitted: ``training`` (the network's own layers scale), or
    ``request``: the host scales each column of a series, all its rows, to ``low`` .. ``high``, and
    the answer depends on how many rows are sent.
    """

    columns: tuple[str, ...]
    window: int
    answer: str = ""
    fitted: Literal["training", "request"] = "training"
    low: float = 0.0
    high: float = 1.0


class ColumnPreparation(Frozen, frozen=True):
    """What was learned about one model input from the training rows only.

    A date column gives one of these for each part (``part`` is ``year``, ``month``, ``day``,
    ``weekday`` or ``hour``); every other column gives exactly one, where ``part`` may be
    ``minus_N`` for a number from which N is subtracted first. ``minimum`` .. ``deviation`` describe
    the training values that are not missing, after that, in the column's own unit (a boolean is 0
    or 1); they are 0 for categories. ``categories`` is the vocabulary in model order, without the
    missing and the out-of-vocabulary level. ``unknown`` is ``refuse`` where a category outside of
    it makes the row bad. ``statistics`` are the numbers of an unseen level, of each
    category and of a missing one, where they stand for the level in place of a cell for each.
    ``steps`` are what the host does to the numbers first, ``picture`` to an
    image, ``text`` to a text (unset: the network takes the text itself), ``series`` to a series. A
    series whose scale is fitted on the request gives the further parts ``minimum`` and ``range``:
    those of the answer's column in it, or of all columns where the answer is no single one.
    """

    column: str
    input: str
    kind: ColumnKind
    null_policy: NullPolicy
    part: str = ""
    minimum: float = 0.0
    maximum: float = 0.0
    mean: float = 0.0
    median: float = 0.0
    deviation: float = 0.0
    categories: tuple[str | int, ...] = ()
    missing_rows: int = 0
    histogram: Histogram = Histogram((), ())
    unknown: Literal["refuse"] | UnsetType = UNSET
    steps: tuple[ColumnStep, ...] | UnsetType = UNSET
    picture: Picture | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    statistics: tuple[tuple[float, ...], ...] | UnsetType = UNSET
    series: Series | UnsetType = UNSET


class TransformRecord(Frozen, frozen=True):
    """A fitted transform of the numbers: its name in the table of transforms, and its numbers, one
    for each model input that is a number.
    """

    name: str
    parameters: dict[str, tuple[float, ...]]


class TargetPreparation(Frozen, frozen=True):
    """Training statistics of a regression target, in its own unit; for classes, the training rows
    of each.
    """

    mean: float = 0.0
    deviation: float = 1.0
    counts: tuple[int, ...] = ()


class Preparation(Frozen, frozen=True):
    """Everything preparation learned. ``matrix`` is true when all inputs travel in one (rows,
    inputs) float32 array.

    ``features`` names the columns of the prepared 0-1 matrix that the network sees, in order;
    ``unseen`` lists positions in it that no training row ever set (an out-of-vocabulary level, for
    example). ``transforms`` are those of the numbers, in order; where they are unset they follow
    from ``scaling`` and the statistics of ``inputs``, and files do not store them.
    """

    scaling: Scaling
    matrix: bool
    inputs: tuple[ColumnPreparation, ...]
    target: TargetPreparation
    features: tuple[str, ...]
    unseen: tuple[int, ...] = ()
    transforms: tuple[TransformRecord, ...] | UnsetType = UNSET

    @property
    def has_histograms(self) -> bool:
        """Whether training distributions are recorded: all inputs have a histogram, or none."""
        return all(column.histogram.counts for column in self.inputs)


class Split(Frozen, frozen=True, eq=False):
    """Row indices (int64, ascending, counted from 0) of the training and the held-out part;
    ``notes`` for people.
    """

    training: "NDArray[np.int64]"
    held_out: "NDArray[np.int64]"
    notes: tuple[str, ...] = ()
