"""Limits of shared runs, the same for rows and for arrays."""

from __future__ import annotations

MAX_SHARED_ROWS = 1024
"""Rows of a shared run at most; a request with more rows runs in a thread."""

SLOW_RUN_SECONDS = 0.002
"""Seconds of one row's warm run above which a model runs in a thread, not in the event loop."""

MAX_TICK_BYTES = 1 << 17
"""Bytes of the bodies that the event loop answers in one tick, about."""
