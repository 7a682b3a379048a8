"""What the demos use: a table of 1000 real rows, 10 columns and a target (NOTICE says where it
comes from), and a small model of drawn pictures.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

GERMAN_CREDIT = Path(str(files(__name__) / "german_credit.csv"))
"""Statlog German Credit, 10 of its 20 columns and the target ``risk`` (good or bad)."""

POTS = Path(str(files(__name__) / "pots"))
"""A folder as Teachable Machine exports it: a network for pictures of cups, bowls and vases, the
names of its outputs, and photos that training never saw.
"""
