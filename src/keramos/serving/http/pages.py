"""HTML pages, imported after the server has started, so that they do not delay it."""

from __future__ import annotations

from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.report.pages import Pages
    from keramos.types.live import Live, ShadowReport
    from keramos.types.serving import Catalogue, Page


class LazyPages:
    """A companion of the HTTP server that imports and holds the pages. A request for a page waits
    until they are imported.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        live: Callable[[str, int], Live | None],
        shadows: Callable[[], Sequence[ShadowReport]],
    ) -> None:
        self._parts = (catalogue, live, shadows)
        self._loading = Lock()
        self._pages: Pages | None = None

    async def start(self) -> None:
        """Load them, and what all of them need, in a thread of its own, so that no visitor waits
        for it.
        """
        Thread(target=self._prepare, name="keramos-pages", daemon=True).start()

    async def stop(self, seconds: float) -> None:
        """Nothing is under way between pages."""

    def __call__(self, path: str, query: str) -> Page | None:
        """The page at a decoded path and an undecoded query, or None where there is none."""
        return self._loaded()(path, query)

    def posted(self, path: str, query: str, content_type: str, body: bytes) -> Page | None:
        """The page for a form, or None where no page takes one at a path."""
        return self._loaded().posted(path, query, content_type, body)

    def _prepare(self) -> None:
        self._loaded().prepare()

    def _loaded(self) -> Pages:
        # Templates take 50 ms to import, while the first requests are answered.
        from keramos.report.pages import Pages  # noqa: PLC0415 (see above)

        with self._loading:
            if self._pages is None:
                self._pages = Pages(*self._parts)
            return self._pages
