"""What keramos stored beside a model, looked at as a whole: its parts must say one thing.

Types and words are checked where the document is parsed. Here are the rules between its parts,
which whoever writes a document of their own may break, and the bounds without which its proof would
prove nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from keramos.types.artifact import Content
    from keramos.types.schema import ColumnPreparation

_LOOSEST = 1e-2
"""Largest tolerance of golden rows, as a part of what was answered."""

_LABELS = {"threshold": "two labels", "argmax": "two labels or more", "value": "no labels"}
_MANY: dict[str, Callable[[int], bool]] = {
    "threshold": lambda count: count == 2,  # noqa: PLR2004 (a yes and a no)
    "argmax": lambda count: count > 1,
    "value": lambda count: count == 0,
}
_KINDS = {"binary": "threshold", "multiclass": "argmax", "regression": "value"}
"""Task -> kind of its rule."""

_MOST_ROWS = 1 << 53
_LEVELS = frozenset({"integer_category", "string_category"})


def check_content(content: Content, source: str) -> None:
    """Refuse content whose parts contradict each other.

    Raises:
        CorruptModelError: they do; says where and how.
    """
    fault = next(_faults(content), None)
    if fault is not None:
        raise CorruptModelError(
            f"the keramos content contradicts itself: {fault}. It was not written by keramos",
            file=source,
            remedy="Save the model again",
        )


def _faults(content: Content) -> Iterator[str]:
    yield from _columns(content)
    for column in content.preparation.inputs:
        yield from _input(column)
    yield from _rule(content)
    yield from _golden(content)


def _columns(content: Content) -> Iterator[str]:
    names = [column.name for column in content.schema.columns]
    yield from _twice("schema.columns", names)
    yield from _twice("preparation.inputs", [column.input for column in content.preparation.inputs])
    yield from _twice(
        "schema.target.classes", [repr(label) for label in content.schema.target.classes]
    )
    known, used = set(names), {column.column for column in content.preparation.inputs}
    if known != used:
        yield f"schema.columns and preparation.inputs differ in {_shown(known ^ used)}"
    if content.schema.target.name in known:
        yield f"the target {content.schema.target.name!r} is also among schema.columns"


def _input(column: ColumnPreparation) -> Iterator[str]:
    where = f"preparation.inputs of {column.input!r}"
    yield from _twice(f"{where}, categories", [repr(level) for level in column.categories])
    if column.minimum > column.maximum:
        yield f"{where}: minimum {column.minimum} is above maximum {column.maximum}"
    if column.deviation < 0:
        yield f"{where}: deviation is {column.deviation}"
    wanted = str if column.kind == "string_category" else int
    if column.kind in _LEVELS and not all(type(level) is wanted for level in column.categories):
        yield f"{where}: categories of a {column.kind} are not all of type {wanted.__name__}"
    edges, counts = column.histogram.edges, column.histogram.counts
    if edges and (len(edges) != len(counts) + 1 or list(edges) != sorted(edges)):
        yield (
            f"{where}: a histogram of {len(counts)} counts with {len(edges)} edges, or edges "
            "out of order"
        )
    if not all(0 <= count <= _MOST_ROWS for count in counts):
        yield f"{where}: a count of its histogram is no number of rows"


def _rule(content: Content) -> Iterator[str]:
    rule, target = content.rule, content.schema.target
    if not _MANY[rule.kind](len(rule.labels)):
        yield (
            f"rule: a rule of kind {rule.kind} needs {_LABELS[rule.kind]}, it has "
            f"{len(rule.labels)}"
        )
    if rule.labels != target.classes:
        yield f"rule.labels {_shown(map(str, rule.labels))} differ from schema.target.classes"
    if rule.kind != _KINDS[target.task]:
        yield f"rule: a rule of kind {rule.kind} for a task of {target.task}"


def _golden(content: Content) -> Iterator[str]:
    golden = content.golden
    rows = len(golden.outputs)
    if rows == 0:
        yield "golden: there are no rows, so they would prove nothing"
        return
    if any(len(cells) != rows for cells in golden.inputs):
        yield (
            f"golden: {rows} outputs, but "
            f"{', '.join(str(len(cells)) for cells in golden.inputs[:20])} inputs"
        )
    widths = {len(row) for row in golden.outputs}
    if len(widths) > 1 or 0 in widths:
        yield f"golden: rows of outputs have {_shown(map(str, widths))} values"
    largest = max(abs(value) for row in golden.outputs for value in row) if 0 not in widths else 0.0
    deviation = content.schema.target.task == "regression" and abs(
        content.preparation.target.deviation
    )
    if not 0 <= golden.relative <= _LOOSEST or not 0 <= golden.absolute <= _LOOSEST * max(
        1.0, largest, deviation
    ):
        yield (
            f"golden: tolerances {golden.absolute} and {golden.relative} would let any answer pass"
        )


def _twice(where: str, names: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{where} has {name!r} twice"
            return
        seen.add(name)


def _shown(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))[:80] or "nothing"
