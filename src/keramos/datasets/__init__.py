"""The table that the demo trains on: 1000 real rows, 10 columns and a target. NOTICE says where it
comes from.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

GERMAN_CREDIT = Path(str(files(__name__) / "german_credit.csv"))
"""Statlog German Credit, 10 of its 20 columns and the target ``risk`` (good or bad)."""
