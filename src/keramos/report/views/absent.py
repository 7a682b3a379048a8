"""What a file does not record, one plain sentence for each absent part."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.artifact import Content

PLAIN = (
    "Columns, units and ranges: the file records shapes only, so its inputs are plain numbers.",
    "Preprocessing: the file does not record what was done to the data before training.",
    "Decision rule: the file gives numbers and does not record what follows from them.",
    "Training trace, metrics on held-out rows, provenance.",
    "Golden rows: the file records no reference predictions to check at load.",
)
"""What a plain Keras file does not record."""

_PARTS: tuple[tuple[Callable[[Content], bool], str], ...] = (
    (
        lambda content: bool(content.preparation.features),
        "Preprocessing: the file records none, so the columns enter the network as they are.",
    ),
    (
        lambda content: content.preparation.has_histograms,
        "Training distributions: the file records none, so drift and influences are not shown.",
    ),
    (
        lambda content: content.trace is not None,
        "Training trace: the file does not record how the network was trained.",
    ),
    (
        lambda content: content.metrics is not None,
        "Metrics: the file records no quality on held-out rows.",
    ),
    (
        lambda content: content.held_out is not None,
        "Held-out rows: the file keeps none, so threshold curves and calibration are not shown.",
    ),
    (
        lambda content: content.golden is not None,
        "Golden rows: the file records no reference predictions to check at load.",
    ),
    (
        lambda content: content.provenance is not None or bool(content.adoption),
        "Provenance: the file does not record its table, its split or the versions used.",
    ),
    (
        lambda content: content.sample is not None,
        "Sample row: the file keeps none, so examples use typical values.",
    ),
)
"""Whether a content has a part, and the sentence where it does not."""


def absent(content: Content | None) -> tuple[str, ...]:
    """The sentences of a file; None is a plain Keras file."""
    if content is None:
        return PLAIN
    return tuple(sentence for has, sentence in _PARTS if not has(content))
