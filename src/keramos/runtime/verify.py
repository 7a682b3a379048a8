"""The proof at load: golden rows must give the answers that Keras gave when the file was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MismatchError
from keramos.runtime.session import as_input

if TYPE_CHECKING:
    from keramos.runtime.session import Session
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds
    from keramos.types.training import GoldenRows


def golden_feeds(golden: GoldenRows, inputs: tuple[TensorSpec, ...]) -> Feeds:
    """The golden rows as model inputs."""
    return {
        spec.name: as_input(cells, spec.dtype).reshape(len(golden.outputs), *_sizes(spec))
        for spec, cells in zip(inputs, golden.inputs, strict=True)
    }


def _sizes(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(-1 if size is None else size for size in spec.shape[1:])


def check_golden(session: Session, golden: GoldenRows, inputs: tuple[TensorSpec, ...]) -> float:
    """Run the golden rows; gives the largest absolute difference.

    Raises:
        MismatchError: an answer differs by more than ``absolute + relative * abs(expected)``.
    """
    expected = np.array(golden.outputs, "float32")
    got = session.run(golden_feeds(golden, inputs))[0].reshape(expected.shape).astype("float32")
    difference = np.abs(got - expected)
    wrong = ~(difference <= golden.absolute + golden.relative * np.abs(expected))
    if wrong.any():
        row, unit = (int(index) for index in np.argwhere(wrong)[0])
        raise MismatchError(
            f"golden row {row + 1} of {len(expected)}: output {unit + 1} is {got[row, unit]:.9g}, "
            f"Keras gave {expected[row, unit]:.9g} when the file was written; "
            "the file was changed or this runtime computes it differently. Do not use its answers"
        )
    return float(difference.max(initial=0.0))
