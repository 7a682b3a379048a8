"""The routes of the fast path by URL, cached until the registry changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import KeramosError
from keramos.serving.batching.limits import SLOW_RUN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.fast_route import FastRoute
    from keramos.serving.core.served import Registry

    Headers = Sequence[tuple[bytes, bytes]]

_MAX_KNOWN_URLS = 4096


class FastRoutes:
    """URL -> fast route. ``make`` finds the route of a URL; ``admit`` checks API key and host."""

    def __init__(
        self,
        registry: Registry,
        make: Callable[[str], FastRoute | None],
        admit: Callable[[Headers], bool] | None = None,
    ) -> None:
        self._make = make
        self._admit = admit
        self._known: dict[bytes, FastRoute] = {}
        registry.changed.append(self._forget)

    def find(self, url: bytes, headers: Headers) -> FastRoute | None:
        """The route of a URL, or None where the general path answers."""
        route = self._known.get(url) or self._look(url)
        if route is not None and self._admit is not None and not self._admit(headers):
            return None
        return route

    def _look(self, url: bytes) -> FastRoute | None:
        known = (
            self._known
        )  # what is found goes where it was missing, so a change in between discards it
        try:
            route = self._make(url.decode("ascii"))
        except (KeramosError, UnicodeDecodeError):
            return None
        if route is None or route.served.seconds > SLOW_RUN_SECONDS:
            return None
        if len(known) >= _MAX_KNOWN_URLS:  # one URL can be spelled in many ways
            known.clear()
        known[url] = route
        return route

    def _forget(self) -> None:
        self._known = {}
