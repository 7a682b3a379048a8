"""The check at load: golden rows must give the answers that the file keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MismatchError, quoted
from keramos.runtime.session import as_input
from keramos.tabular.kinds import KINDS
from keramos.types.schema import MATRIX_INPUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.runtime.session import Session
    from keramos.types.artifact import Content
    from keramos.types.network import Compiled, TensorSpec
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnPreparation


def golden_feeds(content: Content, inputs: tuple[TensorSpec, ...]) -> Feeds:
    """The golden rows of a file that has some, as model inputs.

    Raises:
        MismatchError: they are of other numbers, kinds or shapes than the inputs.
    """
    golden = content.golden
    if golden is None:
        raise MismatchError("the file keeps no golden rows")
    if len(golden.inputs) != len(inputs):
        raise MismatchError(
            f"golden rows need values for {len(inputs)} inputs",
            received=f"values for {len(golden.inputs)}",
        )
    columns = {column.input: column for column in content.preparation.inputs}
    return {
        spec.name: _fed(spec, _seen(cells, columns.get(spec.name)), len(golden.outputs))
        for spec, cells in zip(inputs, golden.inputs, strict=True)
    }


def _seen(cells: tuple[object, ...], column: ColumnPreparation | None) -> tuple[object, ...]:
    """Golden cells as the network takes them; a matrix has no column of its own."""
    return cells if column is None else KINDS[column.kind].golden(cells, column)


def _fed(spec: TensorSpec, cells: tuple[object, ...], rows: int) -> NDArray[np.generic]:
    try:
        return as_input(cells, spec.dtype).reshape(rows, *_sizes(spec))
    except (TypeError, ValueError, OverflowError) as error:
        raise MismatchError(
            f"golden rows do not fit input {quoted(spec.name)} ({spec.dtype}, shape {spec.shape})",
            received=str(error)[:200],
        ) from None


def check_fit(content: Content, compiled: Compiled) -> None:
    """Refuse content that belongs to another network: other inputs, or another number of answers.

    Raises:
        MismatchError: it does; says which and how many.
    """
    preparation, rule = content.preparation, content.rule
    wanted = (
        [MATRIX_INPUT] if preparation.matrix else [column.input for column in preparation.inputs]
    )
    names = [spec.name for spec in compiled.inputs]
    if names != wanted:
        raise MismatchError(
            f"the keramos content is for the inputs {', '.join(wanted)[:200]}",
            received=", ".join(names)[:200],
        )
    if preparation.matrix and compiled.inputs[0].shape[1:] != (len(preparation.inputs),):
        raise MismatchError(
            f"the keramos content prepares {len(preparation.inputs)} numbers a row",
            received=f"a model input of shape {compiled.inputs[0].shape}",
        )
    needed = rule.units
    units = [size for spec in compiled.outputs for size in spec.shape[1:]]
    if units != [needed]:
        raise MismatchError(
            f"a rule of kind {rule.kind} needs {needed} answers a row",
            received=f"shapes {', '.join(str(spec.shape) for spec in compiled.outputs)}",
        )


def _sizes(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(-1 if size is None else size for size in spec.shape[1:])


def check_golden(session: Session, content: Content, inputs: tuple[TensorSpec, ...]) -> float:
    """Run the golden rows; gives the largest absolute difference.

    Raises:
        MismatchError: an answer differs by more than ``absolute + relative * abs(expected)``.
    """
    fed, golden = golden_feeds(content, inputs), content.golden
    if golden is None:
        return 0.0
    expected = np.array(golden.outputs, "float32")
    got = session.run(fed)[0].reshape(expected.shape).astype("float32")
    difference = np.abs(got - expected)
    wrong = ~(difference <= golden.absolute + golden.relative * np.abs(expected))
    if wrong.any():
        row, unit = (int(index) for index in np.argwhere(wrong)[0])
        raise MismatchError(
            f"golden row {row + 1} of {len(expected)}, output {unit + 1}: "
            f"{golden.reference_name} gave {expected[row, unit]:.9g} when the file was written",
            received=f"{got[row, unit]:.9g}",
            remedy="Do not use its answers: the file was changed, or this runtime computes it "
            "differently",
        )
    return float(difference.max(initial=0.0))
