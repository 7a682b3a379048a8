"""A protocol over HTTP as a table of routes, and the context in which they answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from keramos.errors import RequestError, shown
from keramos.serving.core.bodies import Error
from keramos.serving.core.memory import RequestMemory
from keramos.types.serving import ModelRef, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.serving.core.bodies import Media, ModelBody
    from keramos.serving.core.counters import Call
    from keramos.serving.core.fast_route import FastRoute
    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.metric_family import Family
    from keramos.serving.core.served import Registry, Served
    from keramos.types.live import Live, ShadowReport


@dataclass(slots=True)
class Context:
    """What routes need: the registry, limits, and the calls that load and unload models.

    ``load`` and ``unload`` take a model's name; None where clients may not call them. ``stopping``
    is true once the server was asked to stop, ``opening`` until all of its ports are open.
    ``memory`` is what large requests share. ``live`` gives drift statistics of a version,
    ``shadows`` what this process saw of shadow versions, ``metrics`` the metrics of all workers.
    ``traced`` takes service and method, metadata, code and seconds of an answered call of gRPC,
    where calls are traced.
    """

    registry: Registry
    max_rows: int = 1_000_000
    load: Callable[[str], None] | None = None
    unload: Callable[[str], None] | None = None
    stopping: bool = False
    opening: bool = False
    memory: RequestMemory = field(default_factory=lambda: RequestMemory(1 << 30))
    live: Callable[[str, int], Live | None] | None = None
    shadows: Callable[[], Sequence[ShadowReport]] = tuple
    metrics: Callable[[], list[Family]] | None = None
    traced: Callable[[str, Sequence[tuple[bytes, bytes]], str, float], None] | None = None
    extensions: tuple[str, ...] = ("binary_tensor_data", "classification", "model_repository")

    def ready(self) -> bool:
        """Whether the server accepts requests."""
        return not self.opening and not self.stopping and self.registry.ready()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: HTTP status, gRPC status name, text, and the error itself."""

    status: int
    code: str
    message: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One path of a protocol, how it is answered, and how it is documented.

    Attributes:
        method: HTTP method.
        path: template of the path. ``{name}``, ``{version}`` and ``{label}`` say which model;
            ``[a|b]`` is an optional part with alternatives.
        answer: gives the reply.
        refuse: gives the reply to a request that is refused, in the protocol's form.
        summary: one line for the OpenAPI document.
        tag: the protocol's name in it.
        request: type of the body, None where there is none.
        response: type of the reply's body; ``str`` is text, ``Never`` a path that always refuses.
        error: type of the body of a refusal; ``str`` is text.
        statuses: statuses of refusals, without 401.
        query: names and default values of parameters in the query.
        media: further media types of request and response.
        offered: whether a served version has this route.
        fast: gives the fast path's route for a served version, where the protocol has one.
        call: under which name its requests are counted, for the model that ``ref`` gives.
        wrong_method: status for other methods at the path.
        slow: whether it is answered in a thread.
        changes: whether it changes what is served, so that pages of other sites may not ask for it.
        colon_verbs: whether paths end in verbs after a colon and ignore case, as TensorFlow
            Serving's do.
    """

    method: str
    path: str
    answer: Callable[[Context, Request, re.Match[str]], Reply]
    refuse: Callable[[Refusal], Reply]
    summary: str = ""
    tag: str = ""
    request: type | ModelBody | None = None
    response: object = None
    error: type = Error
    statuses: tuple[int, ...] = ()
    query: Mapping[str, bool] = field(default_factory=dict)
    media: Media = field(default_factory=dict)
    offered: Callable[[Served], bool] = lambda _: True
    fast: Callable[[Context, ModelRef, Callable[[Request], Reply]], FastRoute | None] | None = None
    call: Call | None = None
    wrong_method: int = 405
    slow: bool = False
    changes: bool = False
    ref: Callable[[Context, re.Match[str]], ModelRef] = lambda _, match: ref_of(match)
    colon_verbs: bool = False
    pattern: re.Pattern[str] = field(init=False)
    """Matches the whole raw path; its groups are named as in ``path``."""

    def __post_init__(self) -> None:
        """Compile the template."""
        value = "[^/:]+" if self.colon_verbs else "[^/]+"
        flags = re.IGNORECASE if self.colon_verbs else 0
        object.__setattr__(self, "pattern", re.compile(_expression(self.path, value), flags))

    def paths(self) -> list[str]:
        """The template without optional parts, then with each alternative in their place."""
        before, _, rest = self.path.partition("[")
        alternatives, _, after = rest.partition("]")
        optional = ("", *(one for one in alternatives.split("|") if one not in {"", "/"}))
        return [before + one + after for one in optional]


_TOKEN = re.compile(r"\{(\w+)\}|\[(.*?)\]")


def _expression(path: str, value: str) -> str:
    """A template as a regular expression."""
    parts, end = [], 0
    for token in _TOKEN.finditer(path):
        parts.append(re.escape(path[end : token.start()]))
        end = token.end()
        if token[1]:
            parts.append(f"(?P<{token[1]}>{'[0-9]+' if token[1] == 'version' else value})")
        else:
            parts.append(f"(?:{'|'.join(_expression(one, value) for one in token[2].split('|'))})?")
    return "".join([*parts, re.escape(path[end:])])


def ref_of(match: re.Match[str]) -> ModelRef:
    """The model reference in a path."""
    groups = match.groupdict()
    text = groups.get("version") or ""
    version = whole_number(text)
    if text and version is None:
        raise RequestError(f"Failed to convert version: {shown(text)} to numeric.")
    label = unquote(groups.get("label") or "")
    return ModelRef(unquote(groups.get("name") or ""), version, label)
