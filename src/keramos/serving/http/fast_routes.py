"""URLs of the hot path: which version answers them and how, found once and kept until something
changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import KeramosError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.serving.core.fast_route import Quick
    from keramos.serving.core.served import Registry

    Headers = Sequence[tuple[bytes, bytes]]

SLOW = 0.002
"""A model whose warm run of one row takes longer than this many seconds runs in a thread, not in
the event loop.
"""

_MOST = 4096


class QuickTable:
    """URL -> how to answer it. ``make`` knows the protocols; ``admit`` says whether a caller may
    ask at all.
    """

    def __init__(
        self,
        engine: Registry,
        make: Callable[[str], Quick | None],
        admit: Callable[[Headers], bool] | None = None,
    ) -> None:
        self._make = make
        self._admit = admit
        self._known: dict[bytes, Quick] = {}
        engine.changed.append(self._forget)

    def find(self, url: bytes, headers: Headers) -> Quick | None:
        """How to answer a URL here, or None where the application must."""
        quick = self._known.get(url) or self._look(url)
        if quick is not None and self._admit is not None and not self._admit(headers):
            return None
        return quick

    def _look(self, url: bytes) -> Quick | None:
        known = (
            self._known
        )  # what is found goes where it was missing, so a change in between discards it
        try:
            quick = self._make(url.decode("ascii"))
        except (KeramosError, UnicodeDecodeError):
            return None
        if quick is None or quick.served.seconds > SLOW:
            return None
        if len(known) >= _MOST:  # one URL can be spelled in many ways
            known.clear()
        known[url] = quick
        return quick

    def _forget(self) -> None:
        self._known = {}
