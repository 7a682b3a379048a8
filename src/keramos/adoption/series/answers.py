"""What the answer of a network of a series means: next values, or a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.adoption.series.ahead import check_steps
from keramos.adoption.series.answer import Answer, next_values, target_finding
from keramos.adoption.series.several import ahead, several_values
from keramos.adoption.tables.propose import activation_of
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError, UsageError
from keramos.types.adoption import Finding
from keramos.types.schema import TargetSchema
from keramos.types.training import DecisionRule

if TYPE_CHECKING:
    from keramos.adoption.series.answer import Known
    from keramos.adoption.series.code import Said
    from keramos.adoption.wishes import Wishes
    from keramos.types.network import Network
    from keramos.types.schema import Label


_AXES = 2  # rows and values


def answers_of(network: Network, known: Known) -> list[Answer]:
    """The meanings, the likeliest first.

    Raises:
        UnsupportedModelError: the answer has a shape that no forecast has, or cannot be gone on
            with where steps are wanted.
        UsageError: labels, names or steps do not fit.
    """
    shape = compile_network(network).outputs[0].shape
    sizes = [size for size in shape[1:] if size != 1] or [1]
    units = sizes[0]
    if len(sizes) != 1 or units is None:
        raise UnsupportedModelError(f"the network answers a window with shape {shape}")
    steps = check_steps(known.wishes.settings.get("steps", 1))
    if len(shape) > _AXES and units == known.length:
        raise UnsupportedModelError(
            f"the network answers each of the {units} rows of its window, which is not a forecast"
        )
    activation = activation_of(network)
    if activation in {"softmax", "sigmoid"} and _is_classes(activation, known.said):
        if steps > 1:
            raise UsageError("labels have no steps ahead", option="steps", received=str(steps))
        return [_classes(units, known.wishes)]
    found = [*(next_values(known) if units == 1 else several_values(units, known))]
    return found if steps == 1 else [ahead(one, steps, known) for one in found]


def _is_classes(activation: str, said: Said) -> bool:
    """A sigmoid may also bound a value that is scaled back."""
    return activation == "softmax" or not (said.inverts or said.factors)


def _classes(units: int, wishes: Wishes) -> Answer:
    name = wishes.target or "class"
    wanted = max(units, 2)
    labels: tuple[Label, ...] = tuple(wishes.labels or range(wanted))
    if len(labels) != wanted:
        raise UsageError(f"the recipe needs {wanted} labels", received=str(len(labels)))
    listed = ", ".join(map(str, labels))
    told = Finding("labels", listed, "convention", "", "assumed")
    doubts: tuple[str, ...] = (f"no list of labels lies beside the model: answers are {listed}",)
    if wishes.labels:
        told, doubts = Finding("labels", listed, "user", "", "confirmed"), ()
    findings = (*target_finding(name, wishes), told)
    if units > 1:
        target = TargetSchema(name, "multiclass", "a score for each class", labels)
        rule = DecisionRule("argmax", "the class with the largest score", labels)
        return Answer(target, rule, findings, doubts=doubts)
    target = TargetSchema(name, "binary", "a probability", labels)
    usual = wishes.threshold is None
    origin = "the usual threshold for a probability" if usual else "given"
    at = 0.5 if wishes.threshold is None else wishes.threshold
    if not usual:
        findings = (*findings, Finding("threshold", f"{at:g}", "user", "", "confirmed"))
    return Answer(target, DecisionRule("threshold", origin, labels, at), findings, doubts=doubts)
