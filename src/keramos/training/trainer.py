"""What every training engine does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.network import Network
    from keramos.types.prediction import Feeds
    from keramos.types.training import TrainingTrace
    from keramos.types.training_job import TrainingJob


class Trainer(Protocol):
    """A training engine. ``reference`` names it in golden rows."""

    reference: str

    def fit(self, job: TrainingJob) -> tuple[Network, TrainingTrace]:
        """Train a network on prepared rows.

        The network is made of built-in layers, has one input of shape (rows, features) and one
        output of shape (rows, units): the probability of the positive class (binary), one
        probability a class (multiclass), or the target in its own unit (regression). The trace's
        plan holds the numbers that were used. Equal jobs give equal weights on one machine.

        Raises:
            UsageError: the plan or the caller's model does not suit the rows.
        """
        ...

    def answers(self, network: Network, inputs: Feeds) -> NDArray[np.generic]:
        """The first output of a network, shape (rows, units), as this engine computes it.

        Raises:
            UsageError: the engine cannot compute this network, for example one that takes texts.
        """
        ...

    def versions(self) -> tuple[tuple[str, str], ...]:
        """Name and version of each library that trains."""
        ...
