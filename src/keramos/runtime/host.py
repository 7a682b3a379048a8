"""Steps that run outside ONNX on whole arrays: one row a kind, its parameters -> a function of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    Function = Callable[..., NDArray[np.generic]]

HOST: dict[str, Callable[[Mapping[str, object]], Function]] = {}
"""Kind of a HostStep -> what makes its function from its config."""
