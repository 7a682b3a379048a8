"""How somebody else's model and the files beside it became one file."""

from __future__ import annotations

from typing import Literal

from keramos.frozen import Frozen

Origin = Literal["file", "model", "data", "family", "code", "user", "convention"]
"""Where a value comes from: a file beside the model, the model itself, a table beside it, what all
models of a family have, the app's source, whoever adopted it, or what is usual.
"""

Certainty = Literal["stated", "inferred", "assumed", "confirmed"]
"""stated: the source says so. inferred: sources fit together in one way only. assumed: what is
usual, nothing contradicts. confirmed: whoever adopted it said so.
"""


class Finding(Frozen, frozen=True):
    """One value of a recipe: what it is, its value for people, where it comes from."""

    what: str
    value: str
    origin: Origin
    source: str = ""
    certainty: Certainty = "stated"


class Part(Frozen, frozen=True):
    """A file that was folded in: its name, its SHA-256 and the version that wrote it, if known."""

    path: str
    sha256: str
    written_by: str = ""


class Adoption(Frozen, frozen=True):
    """The recipe of an adopted file: its family, a finding for each value, the files, and what was
    noticed and told.
    """

    family: str
    findings: tuple[Finding, ...]
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()


class Question(Frozen, frozen=True):
    """What a person has to say: one question and its answers, the likeliest first."""

    text: str
    answers: tuple[str, ...]
