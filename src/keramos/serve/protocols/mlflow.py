"""MLflow's scoring protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.serve.routes import Route

ROUTES: tuple[Route, ...] = ()
