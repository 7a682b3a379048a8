"""What the answer of a network of a series means: next values, or a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.adoption.series.ahead import check_steps
from keramos.adoption.series.answer import Answer, next_values, target_finding
from keramos.adoption.series.several import ahead, several_values
from keramos.adoption.tables.propose import activation_of
from keramos.adoption.texts.answers import answers_of as labelled
from keramos.adoption.texts.code import said_by as app_said_by
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError, UsageError

if TYPE_CHECKING:
    from keramos.adoption.series.answer import Known
    from keramos.adoption.series.code import Said
    from keramos.adoption.texts.answers import Answers as Labelled
    from keramos.types.network import Network


_AXES = 2  # rows and values


def answers_of(path: str, network: Network, known: Known) -> list[Answer]:
    """The meanings, the likeliest first.

    Raises:
        UnsupportedModelError: the answer has a shape that no forecast has, or cannot be gone on
            with where steps are wanted.
            with where steps are wanted; or lists of labels are for another number of scores.
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
        return _classes(path, network, units, known)
    found = [*(next_values(known) if units == 1 else several_values(units, known))]
    return found if steps == 1 else [ahead(one, steps, known) for one in found]


def _is_classes(activation: str, said: Said) -> bool:
    """A sigmoid may also bound a value that is scaled back."""
    return activation == "softmax" or not (said.inverts or said.factors)


def _classes(path: str, network: Network, units: int, known: Known) -> list[Answer]:
    """Labels of the classes, as a person, a list or an encoder beside the model, or the source has
    them; the likeliest first.
    """
    wishes, wanted = known.wishes, max(units, 2)
    if wishes.labels and len(wishes.labels) != wanted:
        raise UsageError(f"the recipe needs {wanted} labels", received=str(len(wishes.labels)))
    said = app_said_by(known.pieces.sources)
    found = labelled(path, network, units, (), known.pieces, said, replace(wishes, target=None))
    return [_named(one, known) for one in found]


def _named(found: Labelled, known: Known) -> Answer:
    name = known.wishes.target or "class"
    target = replace(found.target, name=name)
    findings = (*target_finding(name, known.wishes), *found.findings)
    listed = ", ".join(map(str, target.classes))[:80]
    return Answer(
        target,
        found.rule,
        findings,
        doubts=found.doubts,
        title=f"labels {listed}",
        files=found.parts,
    )
