"""A way in which the pieces go together, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.adoption import Finding, Part
    from keramos.types.artifact import Artifact, Content
    from keramos.types.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """What an app answers that does otherwise than the file: ``how`` in words, with the place in
    its source, and ``answers`` to raw input.
    """

    how: str
    answers: Callable[[object], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What a candidate is built into: the network that takes raw input, and its content without
    the adoption; ``difference`` is the largest between it and the original parts on golden rows.
    ``preview`` is one raw input and its answer, for people. ``original`` gives what the original
    parts answer to raw input. ``notes`` are what its golden rows show. ``published`` is what the
    app beside the model answers, if that is something else.
    """

    network: Network
    content: Content
    difference: float
    preview: str = ""
    original: Callable[[object], NDArray[np.float64]] | None = None
    notes: tuple[str, ...] = ()
    published: Published | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One recipe.

    ``title`` says in one line what tells it from others. ``doubts`` are what a person has to
    confirm, in sentences; without doubts the pieces fit in this way only. ``notes`` are what was
    noticed and is told. ``source`` is the model that it is a recipe for.
    """

    family: str
    title: str
    findings: tuple[Finding, ...]
    build: Callable[[], Whole]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    source: Artifact | None = None
