"""ONNX operator -> the row that writes it with TensorFlow's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.saved_model.arrays import ARRAYS
from keramos.compile.saved_model.elementwise import ELEMENTWISE
from keramos.compile.saved_model.lookups import LOOKUPS
from keramos.compile.saved_model.loops import scan
from keramos.compile.saved_model.windows import WINDOWS

if TYPE_CHECKING:
    from keramos.compile.saved_model.writer import Row

ROWS: dict[str, Row] = {**ARRAYS, **ELEMENTWISE, **LOOKUPS, **WINDOWS, "Scan": scan}
"""Operators that are absent are refused by name."""
