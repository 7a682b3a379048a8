"""The rules of a content document: lengths, ranges, and what one part says about another.

Types and words are checked where the document is parsed. Views and scorers assume these rules and
check nothing again. Each fault is a pair: the path inside the document, and what is wrong there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.content.training_rules import training_faults
from keramos.tabular.column_steps import STEPS
from keramos.tabular.float32 import offset_in
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from keramos.types.artifact import Content
    from keramos.types.network import Network
    from keramos.types.schema import ColumnPreparation, Histogram
    from keramos.types.training import Conformal, GoldenRows

    Fault = tuple[str, str]

_LOOSEST = 1e-2
"""Largest tolerance of golden rows, as a share of the answers."""

_LABELS = {"threshold": "two labels", "argmax": "two labels or more", "value": "no labels"}
_COUNTS: dict[str, Callable[[int], bool]] = {
    "threshold": lambda count: count == 2,  # noqa: PLR2004 (negative and positive)
    "argmax": lambda count: count > 1,
    "value": lambda count: count == 0,
}
_RULES = {"binary": "threshold", "multiclass": "argmax", "regression": "value"}
"""Task -> kind of its rule."""

_MOST_ROWS = 1 << 53
_LARGEST = 2.0**127  # numbers enter the network as float32
_LOOKUPS = frozenset({"StringLookup", "IntegerLookup"})
_MOST_SIDE = 4096
_NAME = 100
"""Longest name of a reference or a value."""
_MOST_VALUES = 1 << 12


def content_fault(content: Content) -> Fault | None:
    """The first rule that a content breaks: the path inside the document and what is wrong."""
    return next(_faults(content), None)


def network_fault(content: Content, network: Network) -> Fault | None:
    """The first vocabulary in the content that is not that of the network's lookup layer."""
    wanted = {
        column.input: (place, list(column.categories))
        for place, column in enumerate(content.preparation.inputs)
        if column.categories
    }
    for call in network.calls:
        layer, source = network.layers[call.layer], getattr(call.args[0], "layer", None)
        if layer.kind not in _LOOKUPS or source not in wanted:
            continue
        place, categories = wanted[source]
        vocabulary = layer.config.get("vocabulary")
        if isinstance(vocabulary, (list, tuple)) and list(vocabulary)[: len(categories)] != (
            categories
        ):
            where = f"preparation.inputs[{place}].categories"
            return where, f"differ from the vocabulary of layer '{layer.name}'"
    return None


def _faults(content: Content) -> Iterator[Fault]:
    yield from _columns(content)
    for place, column in enumerate(content.preparation.inputs):
        for path, what in _input(column):
            yield f"preparation.inputs[{place}].{path}", what
    yield from _histograms(content.preparation.inputs)
    yield from _rule(content)
    yield from _golden(content)
    yield from training_faults(content)


def _columns(content: Content) -> Iterator[Fault]:
    schema, inputs = content.schema, content.preparation.inputs
    names = [column.name for column in schema.columns]
    if not names:
        yield "schema.columns", "is empty"
    yield from _repeated("schema.columns", names)
    yield from _repeated("preparation.inputs", [column.input for column in inputs])
    yield from _repeated("schema.target.classes", [repr(label) for label in schema.target.classes])
    used = {column.column for column in inputs}
    if set(names) != used:
        yield "preparation.inputs", f"and schema.columns differ in {_listed(set(names) ^ used)}"
    if schema.target.name in names:
        yield "schema.columns", f"holds the target {schema.target.name!r}"
    kinds = {column.name: column.kind for column in schema.columns}
    for place, column in enumerate(inputs):
        if kinds.get(column.column) != column.kind:
            yield f"preparation.inputs[{place}].kind", "differs from that of its column"
        if not _is_part(column):
            yield f"preparation.inputs[{place}].part", f"is not a part of a {column.kind}"
    counts = content.preparation.target.counts
    if counts and (len(counts) != len(schema.target.classes) or not _are_counts(counts)):
        yield "preparation.target.counts", "is not one number of rows for each class"


def _is_part(column: ColumnPreparation) -> bool:
    """Whether the part is one of a date, or says what is subtracted from numbers."""
    if column.kind == "date":
        from keramos.tabular.date import PARTS  # noqa: PLC0415 (start-up time)

        return column.part in PARTS
    if column.kind == "series":
        from keramos.tabular.series import SCALE_PARTS  # noqa: PLC0415 (start-up time)

        return column.part in {"", *SCALE_PARTS}
    try:
        return not column.part or (column.kind == "number" and bool(offset_in(column.part)))
    except ValueError:
        return False


def _input(column: ColumnPreparation) -> Iterator[Fault]:
    yield from _repeated("categories", [repr(level) for level in column.categories])
    numbers = (column.minimum, column.maximum, column.mean, column.median, column.deviation)
    if any(abs(number) > _LARGEST for number in numbers):
        yield "minimum .. deviation", "is beyond the range of float32"
    if column.minimum > column.maximum:
        yield "minimum", f"{column.minimum} is above the maximum {column.maximum}"
    if column.deviation < 0:
        yield "deviation", f"is {column.deviation}"
    wanted = KINDS[column.kind].word
    if wanted is None and column.categories:
        yield "categories", f"belong to categories, not to a column of kind {column.kind}"
    if wanted and not all(type(level) is wanted for level in column.categories):
        yield "categories", f"of a {column.kind} are not all of type {wanted.__name__}"
    for step in column.steps or ():
        if step.name not in STEPS or column.kind != "number":
            yield "steps", f"has the step {step.name!r}, which does not exist for a {column.kind}"
    yield from _statistics(column)
    yield from _picture(column)
    yield from _text(column)
    yield from _series(column)
    if not 0 <= column.missing_rows <= _MOST_ROWS:
        yield "missing_rows", "is not a number of rows"
    for what in _histogram(column, column.histogram):
        yield "histogram", what


def _statistics(column: ColumnPreparation) -> Iterator[Fault]:
    if not column.statistics:
        return
    rows = 1 + len(column.categories) + (column.null_policy == "level")
    widths = {len(numbers) for numbers in column.statistics}
    if len(column.statistics) != rows or len(widths) != 1 or 0 in widths:
        yield "statistics", f"are not equally many numbers for each of {rows} levels"
    if any(abs(number) > _LARGEST for numbers in column.statistics for number in numbers):
        yield "statistics", "is beyond the range of float32"


def _series(column: ColumnPreparation) -> Iterable[Fault]:
    if not column.series and column.kind != "series":
        return ()
    from keramos.tabular.series import series_faults  # noqa: PLC0415 (start-up time)

    return series_faults(column)


def _picture(column: ColumnPreparation) -> Iterator[Fault]:
    picture = column.picture
    if bool(picture) != (column.kind == "image"):
        yield "picture", f"is for images, and an image needs it; the column is a {column.kind}"
    if not picture:
        return
    sizes = 0 < picture.width <= _MOST_SIDE and 0 < picture.height <= _MOST_SIDE
    if not (sizes and 0 < picture.divide <= _LARGEST and abs(picture.subtract) <= _LARGEST):
        yield "picture", "has a size or a scale that no picture has"
    colours = {0, 1 if picture.mode == "L" else 3}
    numbers = (*picture.means, *picture.deviations)
    if {len(picture.means), len(picture.deviations)} - colours or not all(picture.deviations):
        yield "picture", "has means or deviations that are not one for each colour"
    elif any(abs(number) > _LARGEST for number in numbers):
        yield "picture", "has a mean or a deviation beyond the range of float32"


def _text(column: ColumnPreparation) -> Iterator[Fault]:
    if not column.text:
        return
    from keramos.tabular.texts.table import text_fault  # noqa: PLC0415 (few files have texts)

    if column.kind != "text":
        yield "text", f"is for texts; the column is a {column.kind}"
    elif what := text_fault(column.text):
        yield "text", what


def _histogram(column: ColumnPreparation, histogram: Histogram) -> Iterator[str]:
    edges, counts = histogram.edges, histogram.counts
    if not _are_counts(counts):
        yield "has a count that is not a number of rows"
    if KINDS[column.kind].is_category:
        if edges or len(counts) not in {0, len(column.categories) + 1}:
            yield f"has {len(counts)} counts for {len(column.categories)} categories and the others"
        if counts and not column.categories:
            yield "counts the rows of no category"
        return
    if len(edges) != (len(counts) + 1 if counts else 0):
        yield f"has {len(counts)} counts and {len(edges)} edges"
    if list(edges) != sorted(edges) or any(abs(edge) > _LARGEST for edge in edges):
        yield "has edges out of order, or are beyond the range of float32"


def _histograms(inputs: tuple[ColumnPreparation, ...]) -> Iterator[Fault]:
    if len({bool(column.histogram.counts) for column in inputs}) > 1:
        yield "preparation.inputs", "have histograms in part: all of them or none is needed"


def _are_counts(counts: Iterable[int]) -> bool:
    return all(0 <= count <= _MOST_ROWS for count in counts)


def _is_sound(sure: Conformal) -> bool:
    shares = 0 < sure.level < 1 and 0 <= sure.coverage <= 1
    sizes = 0 <= sure.margin <= _LARGEST and 0 <= sure.size <= _LARGEST
    return shares and sizes and sure.rows > 0 and sure.held_out_rows >= 0


def _rule(content: Content) -> Iterator[Fault]:
    rule, target = content.rule, content.schema.target
    if not _COUNTS[rule.kind](len(rule.labels)):
        yield "rule.labels", f"has {len(rule.labels)}; a {rule.kind} needs {_LABELS[rule.kind]}"
    if rule.labels != target.classes:
        yield "rule.labels", f"{_listed(map(str, rule.labels))} differ from schema.target.classes"
    if rule.kind != _RULES[target.task]:
        yield "rule.kind", f"is {rule.kind} for a {target.task} task"
    if rule.interval is not None and not _is_sound(rule.interval):
        yield "rule.interval", "has a level, a coverage, a margin or a count beyond its range"
    if rule.several and (rule.kind != "value" or rule.interval or len(rule.several) == 1):
        yield "rule.names", "are for two values or more without an interval"
    if len(rule.several) > _MOST_VALUES or not all(map(_is_name, rule.several)):
        yield "rule.names", "are not names, or too many"
    yield from _repeated("rule.names", list(rule.several))
    if not 0 <= rule.threshold <= 1:
        yield "rule.threshold", f"{rule.threshold:g} is not between 0 and 1"


def _golden(content: Content) -> Iterator[Fault]:
    golden = content.golden
    if golden is None:
        return
    yield from _golden_inputs(content, golden)
    widths = {len(row) for row in golden.outputs}
    wanted = content.rule.units
    if widths != {wanted}:
        yield "golden.outputs", f"has rows of {_listed(map(str, widths))} values, not {wanted}"
    largest = max((abs(value) for row in golden.outputs for value in row), default=0.0)
    if largest > _LARGEST:
        yield "golden.outputs", "is beyond the range of float32"
    regression = content.schema.target.task == "regression"
    spread = abs(content.preparation.target.deviation) if regression else 0.0
    loosest = _LOOSEST * max(1.0, largest, spread)
    if not 0 <= golden.relative <= _LOOSEST or not 0 <= golden.absolute <= loosest:
        what = f"and relative, {golden.absolute:g} and {golden.relative:g}, accept any answer"
        yield "golden.absolute", what
    if not _is_name(golden.reference):
        yield "golden.reference", "is not a name"


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _NAME and text.isprintable()


def _golden_inputs(content: Content, golden: GoldenRows) -> Iterator[Fault]:
    """One list of cells for each model input, as many as there are rows of outputs."""
    rows = len(golden.outputs)
    if rows == 0:
        yield "golden.outputs", "is empty"
    if any(len(cells) != rows for cells in golden.inputs):
        given = ", ".join(str(len(cells)) for cells in golden.inputs[:20])
        yield "golden.inputs", f"has {given} rows, golden.outputs {rows}"
    matrix, inputs = content.preparation.matrix, content.preparation.inputs
    kinds = ["number"] if matrix else [column.kind for column in inputs]
    if len(golden.inputs) != len(kinds):
        yield "golden.inputs", f"is for {len(golden.inputs)} model inputs, not {len(kinds)}"
        return
    for place, (kind, cells) in enumerate(zip(kinds, golden.inputs, strict=True)):
        fits = _is_text if kind in {"string_category", "image", "text"} else _is_float32
        if not all(fits(cell) for cell in cells):
            yield f"golden.inputs[{place}]", f"holds a cell that does not fit a {kind}"


def _is_float32(cell: object) -> bool:
    """Whether a cell is a number in the range of float32, or a list of such numbers."""
    if isinstance(cell, (list, tuple)):
        return all(_is_float32(part) for part in cell)
    return isinstance(cell, (int, float)) and abs(cell) <= _LARGEST


def _is_text(cell: object) -> bool:
    """Whether a cell is a text, or a list of texts."""
    if isinstance(cell, (list, tuple)):
        return all(_is_text(part) for part in cell)
    return isinstance(cell, str)


def _repeated(where: str, names: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield where, f"has {name!r} twice"
            return
        seen.add(name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))[:80] or "nothing"
