"""The fast path's contract for one URL: how its body becomes rows, and outputs its reply.

A protocol makes one ``FastRoute`` for a model version; the row batcher runs the rows of many
requests together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.counters import Call
    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.served import Cells, Served
    from keramos.types.prediction import Decision, Feeds
    from keramos.types.serving import Outputs
    from keramos.types.training import DecisionRule


class Answers(Protocol):
    """The outputs of one run, in the forms in which replies need them."""

    outputs: Outputs

    def flat(self) -> list[str]:
        """Each number of the first output as JSON."""

    def rows(self) -> list[str]:
        """Each row of the first output as JSON."""

    def decisions(self, rule: DecisionRule) -> list[Decision]:
        """Each row's decision, with its warnings."""


class Decoded(Frozen, frozen=True):
    """The rows of one request, and what its reply needs to know of it."""

    rows: list[Cells]
    context: object = None


class FastRoute(Frozen, frozen=True, eq=False):
    """One URL of one version.

    ``decode`` gives None, or raises msgspec's error, where a body needs full validation; ``answer``
    is the general path, which does that. ``feeds`` makes the model's inputs from rows of any of its
    URLs. ``write`` gives the body of the reply for the rows from one index up to another. ``call``
    names its requests for the counters.
    """

    served: Served
    feeds: Callable[[list[Cells]], Feeds]
    decode: Callable[[bytes, Sequence[tuple[bytes, bytes]]], Decoded | None]
    write: Callable[[Answers, int, int, object], bytes | Reply]
    answer: Callable[[Request], Reply]
    call: Call
