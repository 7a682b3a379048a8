"""What a protocol offers: routes, each with the function that answers it, and the protocol's way to
refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from keramos.errors import RequestError
from keramos.types.serving import ModelRef

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from keramos.serving.core.counters import Call
    from keramos.serving.core.fast_route import FastRoute
    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.metric_family import Family
    from keramos.serving.core.served import Registry
    from keramos.types.live import Live, ShadowReport

_LARGEST_VERSION = 2**63 - 1


@dataclass(slots=True)
class Context:
    """What answering needs: the registry, limits, and the calls that change what is served, where
    they are allowed.

    ``load`` and ``unload`` take a model's name. ``stopping`` turns true when the server was asked
    to stop. ``live`` gives what was counted of a version's live rows, ``shadows`` what candidates
    answered; ``metrics`` those of all workers, where there are several.
    """

    registry: Registry
    max_rows: int = 1_000_000
    load: Callable[[str], None] | None = None
    unload: Callable[[str], None] | None = None
    stopping: bool = False
    live: Callable[[str, int], Live | None] | None = None
    shadows: Callable[[], Sequence[ShadowReport]] = tuple
    metrics: Callable[[], list[Family]] | None = None
    extensions: tuple[str, ...] = field(default=("binary_tensor_data", "model_repository"))

    def ready(self) -> bool:
        """Whether traffic may come."""
        return not self.stopping and self.registry.ready()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: HTTP status, gRPC status name, text, and the error itself."""

    status: int
    code: str
    message: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """``pattern`` matches the whole raw path; its groups name, version and label say which model.

    ``fast`` makes the hot path's answer for a served version, where the protocol has one.
    ``refuse`` writes a refusal as the protocol does. ``call`` says as what its requests are
    counted, ``ref`` for which model; a ``slow`` one is answered in a thread.
    """

    method: str
    pattern: re.Pattern[str]
    answer: Callable[[Context, Request, re.Match[str]], Reply]
    refuse: Callable[[Refusal], Reply]
    fast: Callable[[Context, ModelRef, Callable[[Request], Reply]], FastRoute | None] | None = None
    call: Call | None = None
    wrong_method: int = 405
    slow: bool = False
    ref: Callable[[Context, re.Match[str]], ModelRef] = lambda _, match: ref_of(match)


def ref_of(match: re.Match[str]) -> ModelRef:
    """The model that a path names.

    Raises:
        RequestError: the version does not fit an int64.
    """
    groups = match.groupdict()
    version = groups.get("version")
    if version and int(version) > _LARGEST_VERSION:
        raise RequestError(f"Failed to convert version: {version} to numeric.")
    label = unquote(groups.get("label") or "")
    return ModelRef(unquote(groups.get("name") or ""), int(version) if version else None, label)
