"""The outputs of one run as JSON text, shared by the replies of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.runtime.decide import decide
from keramos.serving.codecs.json_numbers import flat_texts, nested

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.prediction import Decision
    from keramos.types.serving import Outputs
    from keramos.types.training import DecisionRule


class JsonAnswers:
    """The ``Answers`` of one run; each form is made once for all requests that share the run."""

    def __init__(
        self, outputs: Outputs, warned: Callable[[list[Decision]], list[Decision]]
    ) -> None:
        """``warned`` gives decisions about the rows of the run their warnings."""
        self.outputs = outputs
        self._warned = warned
        self._flat: list[str] | None = None
        self._rows: list[str] | None = None
        self._decisions: list[Decision] | None = None

    def flat(self) -> list[str]:
        """Each number of the first output as JSON."""
        if self._flat is None:
            self._flat = flat_texts(self.outputs[0])
        return self._flat

    def rows(self) -> list[str]:
        """Each row of the first output as JSON."""
        if self._rows is None:
            self._rows = nested(self.flat(), self.outputs[0].shape)
        return self._rows

    def decisions(self, rule: DecisionRule) -> list[Decision]:
        """Each row's decision, with its warnings."""
        if self._decisions is None:
            self._decisions = self._warned(decide(self.outputs[0], rule))
        return self._decisions
