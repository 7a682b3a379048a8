"""What decides batches with a file that knows its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.inference.table_scorer import BatchScorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.inference.scored import Batches, Scorer
    from keramos.runtime.session import Session
    from keramos.types.artifact import Content


def scorer_of(
    session: Session, content: Content, batches: Batches, keep: Sequence[str], *, warn: bool
) -> Scorer:
    """A scorer of rows, or for a model of a series one that remembers the rows before."""
    if content.preparation.inputs[0].series:
        from keramos.inference.series_scorer import SeriesScorer  # noqa: PLC0415 (few files)

        return SeriesScorer(session, content, batches, keep)
    parts = (content.schema, content.preparation, content.rule)
    return BatchScorer(session, *parts, batches, keep, warn=warn)
