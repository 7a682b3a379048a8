"""How a text is prepared, and what is told about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keramos.types.adoption import Finding, Part
    from keramos.types.texts import Text


@dataclass(frozen=True, slots=True)
class Recipe:
    """``text`` is None where the network's own layers read the text. ``words`` is the vocabulary;
    ``sides`` the doubt that goes where all ways to prepare a text give one answer.
    """

    text: Text | None
    title: str
    words: tuple[str, ...]
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    sides: str = ""
