"""A recipe of a table that a person states in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from keramos.adoption.tables.answers import Answers
from keramos.adoption.tables.arrange import Arrangement
from keramos.adoption.tables.build import whole
from keramos.adoption.tables.propose import activation_of, row_shape
from keramos.adoption.tables.slots import Slot, row_transform
from keramos.adoption.wishes import check_threshold
from keramos.compile.emit import compile_network
from keramos.errors import MismatchError, UsageError
from keramos.tabular.fitted.chain import Chain
from keramos.types.adoption import Finding
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.adoption.candidate import Whole
    from keramos.tabular.fitted.fitted import Fitted
    from keramos.types.network import Network
    from keramos.types.schema import ColumnKind, Label, Task

Rule = Literal["threshold", "argmax", "value"]
_TASKS: dict[str, Task] = {"threshold": "binary", "argmax": "multiclass", "value": "regression"}


def completed(
    network: Network,
    columns: Mapping[str, ColumnKind | None],
    encoders: Mapping[str, Fitted],
    steps: Sequence[Fitted],
    *,
    rule: str | None,
    labels: Sequence[Label] | None,
    threshold: float,
    target: str,
) -> Whole:
    """The network with what was stated.

    Raises:
        UsageError: columns, rule, labels or threshold do not fit the network.
    """
    compiled = compile_network(network)
    shape = row_shape(compiled.inputs[0].shape[1:]) if len(compiled.inputs) == 1 else None
    if shape is None:
        raise UsageError("the model does not take one row of numbers")
    names, transform = _row(columns, encoders, steps)
    if activation_of(network) == "sigmoid":
        check_threshold(threshold)
    units = max((size or 1 for size in compiled.outputs[0].shape[1:]), default=1)
    answers = _answers(
        rule or _rule(activation_of(network), units), units, labels, threshold, target
    )
    told = tuple(
        Finding(f"column {name}", kind or "number", "user", "", "confirmed")
        for name, kind in columns.items()
    )
    found = Arrangement("by hand", names, transform, told, (), (), (), (), None, 0.0)
    _check_width(found, max(shape))
    made = whole(network, shape, found, answers)
    for column in made.content.schema.columns:
        if columns[column.name] not in (None, column.kind):
            raise UsageError(
                f"the transforms take the column as {column.kind}",
                column=column.name,
                received=columns[column.name],
            )
    return made


def _row(
    columns: Mapping[str, ColumnKind | None],
    encoders: Mapping[str, Fitted],
    steps: Sequence[Fitted],
) -> tuple[tuple[str, ...], Fitted]:
    """The raw columns, and what makes the row of them."""
    unknown = sorted(set(encoders) - set(columns))
    if unknown:
        raise UsageError("the schema has no such column", column=unknown[0])
    slots = [
        Slot(name, encoders.get(name), place)
        for name in columns
        for place in range(len(encoders[name].names([name])) if name in encoders else 1)
    ]
    names, row = row_transform(slots)
    if steps and not encoders:
        return tuple(names), Chain(tuple(steps))
    return tuple(names), Chain((row, *steps))


def _check_width(found: Arrangement, width: int) -> None:
    try:
        made = len(found.transform.names(list(found.names)))
    except (ValueError, IndexError):
        made = -1
    if made != width:
        raise MismatchError(
            f"the columns and transforms do not make the {width} numbers that the model takes",
            received=str(made) if made >= 0 else None,
        )


def _rule(activation: str, units: int) -> str:
    if units > 1:
        return "argmax"
    return "threshold" if activation == "sigmoid" else "value"


def _answers(
    rule: str, units: int, labels: Sequence[Label] | None, threshold: float, target: str
) -> Answers:
    if rule not in _TASKS:
        raise UsageError(
            "the rule must be argmax, threshold or value", option="rule", received=rule
        )
    wanted = {"threshold": 2, "argmax": units, "value": 0}[rule]
    given = tuple(labels) if labels is not None else tuple(range(wanted))
    if len(given) != wanted:
        raise UsageError(
            f"the rule {rule} needs {wanted} labels", option="labels", received=str(len(given))
        )
    schema = TargetSchema(target, _TASKS[rule], "stated by hand", given)
    decision = DecisionRule(cast("Rule", rule), "stated by hand", given, threshold)
    return Answers(schema, decision, None, (), (), (), ())
