"""The Open Inference Protocol, version 2, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.serve.routes import Route

ROUTES: tuple[Route, ...] = ()
