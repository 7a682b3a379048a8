"""The front door: one file a command.

Enters: what people type. Leaves: readable text or JSON on stdout, one message on stderr, exit code
0, 1 or 2.
"""

from __future__ import annotations

from keramos.cli.group import main

__all__ = ["main"]
