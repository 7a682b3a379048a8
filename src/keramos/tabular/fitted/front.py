"""The layers in front of somebody else's network, in the making: raw columns in, one row out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.errors import UnsupportedModelError
from keramos.tabular.cell import NULL_TEXT
from keramos.tabular.impute import fill_layers
from keramos.tabular.plan import Plan
from keramos.types.schema import (
    MATRIX_INPUT,
    MISSING_INTEGER,
    MISSING_NUMBER,
    MISSING_TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Config, TensorRef
    from keramos.types.schema import (
        ColumnKind,
        ColumnStep,
    )

NO_FILL = object()
_EXACT = 2**31


@dataclass(frozen=True, slots=True)
class Raw:
    """A column of the table as it comes; ``fill`` is what stands for a missing cell, ``steps`` what
    the host does to its numbers before the network has them.
    """

    place: int
    fill: object = NO_FILL
    steps: tuple[ColumnStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """Columns that layers made, side by side."""

    ref: TensorRef
    width: int


Row = list[Raw | Made]


@dataclass(frozen=True, slots=True)
class Levels:
    """What each category of a column becomes: a vector a category; ``unknown`` for any other (None:
    the row is refused); ``missing`` for a missing cell (None: refused).
    """

    categories: tuple[object, ...]
    vectors: tuple[tuple[float, ...], ...]
    unknown: tuple[float, ...] | None = None
    missing: tuple[float, ...] | None = None


@dataclass(slots=True)
class Use:
    """What became of a raw column: the kind that its use asks for."""

    kind: ColumnKind
    categories: tuple[str | int, ...] = ()
    refuses_unknown: bool = False
    takes_missing: bool = False
    steps: tuple[ColumnStep, ...] = ()


@dataclass(slots=True)
class Front:
    """Layers so far, and what each raw column was used as.

    ``inputs`` names the model input of each column; ``kinds`` are known in the second pass, where
    inputs are made first, in the order of columns. All numbers alone travel in one ``matrix``.
    """

    inputs: tuple[str, ...]
    kinds: dict[int, ColumnKind] = field(default_factory=dict)
    matrix: bool = False
    plan: Plan = field(default_factory=Plan)
    uses: dict[int, Use] = field(default_factory=dict)
    refs: dict[int, TensorRef] = field(default_factory=dict)
    whole: TensorRef | None = None

    def open(self) -> None:
        """Make the inputs, where the kinds are known."""
        if self.matrix:
            self.whole = self.plan.input(MATRIX_INPUT, "float32", len(self.inputs))
            return
        for place, kind in sorted(self.kinds.items()):
            self.refs[place] = self.plan.input(self.inputs[place], _DTYPES[kind], 1)

    def numbers(self, row: Row) -> tuple[TensorRef, int]:
        """The row as one tensor of numbers, and how many it has."""
        parts, at = [], 0
        while at < len(row):
            piece = row[at]
            if isinstance(piece, Made):
                parts.append(piece.ref)
                at += 1
                continue
            run = [piece]
            while at + len(run) < len(row) and isinstance(row[at + len(run)], Raw):
                run.append(cast("Raw", row[at + len(run)]))
            parts.append(self._raw_numbers(run))
            at += len(run)
        return self.plan.join("row", parts), width_of(row)

    def _raw_numbers(self, run: Sequence[Raw]) -> TensorRef:
        for raw in run:
            use = self._use(raw, "number")
            use.takes_missing |= raw.fill is not NO_FILL
            if use.steps and use.steps != raw.steps:
                raise UnsupportedModelError("a column is transformed in two ways by the host")
            use.steps = raw.steps
        ref = self._gathered([raw.place for raw in run])
        if all(raw.fill is NO_FILL for raw in run):
            return ref
        fills = [0.0 if raw.fill is NO_FILL else _as_number(raw.fill) for raw in run]
        return fill_layers(self.plan, ref, fills)[0]

    def _gathered(self, places: list[int]) -> TensorRef:
        if not self.matrix:
            return self.plan.join("numbers", [self._ref(place) for place in places])
        whole = self.whole or self._ref(0)
        return self.selected(whole, len(self.inputs), places)

    def selected(self, x: TensorRef, width: int, places: Sequence[int]) -> TensorRef:
        """Some columns of a tensor, in that order."""
        if list(places) == list(range(width)):
            return x
        kernel = np.zeros((width, len(places)))
        kernel[list(places), range(len(places))] = 1
        return self.dense("columns", x, kernel)

    def dense(
        self,
        name: str,
        x: TensorRef,
        kernel: NDArray[np.float64],
        bias: NDArray[np.float64] | None = None,
    ) -> TensorRef:
        """A Dense layer of fixed weights."""
        config: Config = {
            "units": kernel.shape[1],
            "activation": "linear",
            "use_bias": bias is not None,
            "trainable": False,
        }
        weights = (kernel, *([] if bias is None else [bias]))
        return self.plan.add(
            "Dense", name, config, x, tuple(array.astype("float32") for array in weights)
        )

    def affine(self, x: TensorRef, scale: Sequence[float], offset: Sequence[float]) -> TensorRef:
        """X * scale + offset, in two steps: what is subtracted first is exact in float32, so that
        large offsets cost no digits.
        """
        factor, shift = np.asarray(scale, "float64"), np.asarray(offset, "float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = np.float32(np.where(factor == 0, 0.0, -shift / factor)).astype("float64")
        zero = np.where(np.abs(zero) < _EXACT, zero, 0.0)
        zero = np.nan_to_num(zero)
        if zero.any():
            x = self.plan.add("Rescaling", "shift", _rescaling(np.ones_like(zero), -zero), x)
        rest = shift + factor * zero
        if np.all(factor == 1) and not rest.any():
            return x
        return self.plan.add("Rescaling", "scale", _rescaling(factor, rest), x)

    def encoded(self, raw: Raw, levels: Levels) -> Made:
        """A raw column of categories as vectors."""
        levels = _with_fill(raw, levels)
        if all(isinstance(level, bool) for level in levels.categories):
            return self._booleans(raw, levels)
        words, vectors, missing = _words(levels)
        text = isinstance(words[0], str)
        use = self._use(raw, "string_category" if text else "integer_category")
        if use.categories not in ((), words):
            raise UnsupportedModelError(
                "the column is looked up in two lists of categories",
                column=self.inputs[raw.place],
            )
        use.categories, use.refuses_unknown = words, levels.unknown is None
        use.takes_missing = missing is not None
        vocabulary = [*words, *([] if missing is None else [_null(text=text)])]
        rows = [*([] if levels.unknown is None else [levels.unknown]), *vectors]
        kernel = np.array([*rows, *([] if missing is None else [missing])], "float64")
        other: str | int = "[UNK]" if text else MISSING_INTEGER + 1
        while other in vocabulary:
            other = other + "_" if isinstance(other, str) else other + 1
        config: Config = {
            "vocabulary": vocabulary,
            "num_oov_indices": int(levels.unknown is not None),
            "mask_token": None,
            "oov_token": other,
            "output_mode": "one_hot",
        }
        kind = "StringLookup" if text else "IntegerLookup"
        found = self.plan.add(
            kind, f"{self.inputs[raw.place]}_lookup", config, self._ref(raw.place)
        )
        if kernel.shape[0] != kernel.shape[1] or not np.array_equal(kernel, np.eye(len(kernel))):
            found = self.dense(f"{self.inputs[raw.place]}_codes", found, kernel)
        return Made(found, kernel.shape[1])

    def _booleans(self, raw: Raw, levels: Levels) -> Made:
        if raw.fill is not NO_FILL or levels.missing is not None:
            raise UnsupportedModelError("missing booleans are not supported as categories")
        self._use(raw, "boolean")
        by_level = dict(zip(levels.categories, levels.vectors, strict=True))
        width = len(levels.vectors[0])
        no = np.array(by_level.get(False, (0.0,) * width))
        yes = np.array(by_level.get(True, (0.0,) * width))
        ref = self._gathered([raw.place])
        return Made(self.dense("yes_no", ref, (yes - no).reshape(1, -1), no), width)

    def _use(self, raw: Raw, kind: ColumnKind) -> Use:
        use = self.uses.setdefault(raw.place, Use(kind))
        if use.kind != kind:
            raise UnsupportedModelError(
                f"the column is used as {use.kind} and as {kind}", column=self.inputs[raw.place]
            )
        return use

    def _ref(self, place: int) -> TensorRef:
        """The input of a column; in the first pass any tensor stands for it."""
        if place not in self.refs:
            kind = self.uses[place].kind
            self.refs[place] = self.plan.input(self.inputs[place], _DTYPES[kind], 1)
        return self.refs[place]


_DTYPES: dict[ColumnKind, str] = {
    "number": "float32",
    "boolean": "float32",
    "string_category": "string",
    "integer_category": "int64",
}


def width_of(row: Row) -> int:
    """How many columns a row has."""
    return sum(piece.width if isinstance(piece, Made) else 1 for piece in row)


def chosen(front: Front, row: Row, places: Sequence[int]) -> Row:
    """Some columns of a row, in that order; layers are only needed inside of what layers made."""
    owners = [
        (number, inner)
        for number, piece in enumerate(row)
        for inner in range(piece.width if isinstance(piece, Made) else 1)
    ]
    found: Row = []
    at = 0
    while at < len(places):
        number, inner = owners[places[at]]
        piece = row[number]
        if isinstance(piece, Raw):
            found.append(piece)
            at += 1
            continue
        inside = [inner]
        while at + len(inside) < len(places) and owners[places[at + len(inside)]][0] == number:
            inside.append(owners[places[at + len(inside)]][1])
        found.append(Made(front.selected(piece.ref, piece.width, inside), len(inside)))
        at += len(inside)
    return found


def _rescaling(scale: NDArray[np.float64], offset: NDArray[np.float64]) -> Config:
    return {"scale": scale.tolist(), "offset": offset.tolist()}


def _as_number(fill: object) -> float:
    if isinstance(fill, (int, float)) and np.isfinite(fill) and abs(fill) < -MISSING_NUMBER:
        return float(fill)
    raise UnsupportedModelError("the number that stands for missing ones is not a number")


def _null(*, text: bool) -> str | int:
    return MISSING_TEXT if text else MISSING_INTEGER


def _is_null(level: object) -> bool:
    return level is None or level != level or (isinstance(level, str) and level in NULL_TEXT)  # noqa: PLR0124 (NaN)


def _with_fill(raw: Raw, levels: Levels) -> Levels:
    """The levels, with a missing cell read as its fill."""
    if raw.fill is NO_FILL:
        return levels
    known = dict(zip(levels.categories, levels.vectors, strict=True))
    missing = known.get(raw.fill, levels.unknown)
    if missing is None:
        raise UnsupportedModelError("what stands for missing cells is not a category")
    return Levels(levels.categories, levels.vectors, levels.unknown, missing)


def _words(
    levels: Levels,
) -> tuple[tuple[str | int, ...], list[tuple[float, ...]], tuple[float, ...] | None]:
    """The categories as words of a vocabulary, their vectors, and that of missing cells.

    Raises:
        UnsupportedModelError: they are neither all text nor all whole numbers.
    """
    pairs = list(zip(levels.categories, levels.vectors, strict=True))
    null = [vector for level, vector in pairs if _is_null(level)]
    if len(null) > 1:
        raise UnsupportedModelError("several categories mean a missing cell")
    missing = null[0] if null and levels.missing is None else levels.missing
    kept = [(level, vector) for level, vector in pairs if not _is_null(level)]
    words = [level for level, _ in kept]
    if words and all(isinstance(level, str) for level in words):
        return tuple(cast("list[str]", words)), [vector for _, vector in kept], missing
    if words and all(_is_whole(level) for level in words):
        whole = tuple(int(cast("float", level)) for level in words)
        return whole, [vector for _, vector in kept], missing
    raise UnsupportedModelError(
        "the categories are neither all text nor all whole numbers, for which no layer looks up"
    )


def _is_whole(level: object) -> bool:
    whole = isinstance(level, int) or (isinstance(level, float) and level.is_integer())
    return whole and not isinstance(level, bool) and abs(cast("float", level)) < _EXACT
