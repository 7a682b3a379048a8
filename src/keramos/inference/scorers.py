"""What decides batches with a file that knows its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.inference.table_scorer import BatchScorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.inference.scored import Batches, Scorer
    from keramos.runtime.session import Session
    from keramos.types.artifact import Content
    from keramos.types.schema import Preparation, Schema
    from keramos.types.training import DecisionRule


def scorer_of(
    session: Session, content: Content, batches: Batches, keep: Sequence[str], *, warn: bool
) -> Scorer:
    """A scorer of rows; for pictures and texts one of few rows at a time, for a series one that
    remembers the rows before.
    """
    if content.preparation.inputs[0].series:
        from keramos.inference.series_scorer import SeriesScorer  # noqa: PLC0415 (few files)

        return SeriesScorer(session, content, batches, keep)
    if [column.kind for column in content.schema.columns] in (["image"], ["text"]):
        from keramos.inference.host_scorer import HostScorer  # noqa: PLC0415 (few files)

        return HostScorer(session, *_parts(content), batches, keep)
    return BatchScorer(session, *_parts(content), batches, keep, warn=warn)


def _parts(content: Content) -> tuple[Schema, Preparation, DecisionRule]:
    return content.schema, content.preparation, content.rule
