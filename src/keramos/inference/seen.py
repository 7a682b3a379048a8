"""What a model sees of one raw input: the prepared picture, known words, the window of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import Refused
from keramos.tabular.kinds import KINDS
from keramos.types.seen import SeenPicture, SeenSeries, SeenWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.prediction import Decision
    from keramos.types.schema import Picture, Series
    from keramos.types.seen import Seen
    from keramos.types.texts import Text
    from keramos.types.training import DecisionRule

_MOST_WORDS = 400
_WINDOWS = 3
"""How many windows of a series are drawn."""
_MOST_ROWS = 2000


def seen_of(content: Content, row: Mapping[str, object], decision: Decision) -> Seen | None:
    """What the network sees of the one raw input of a row; None for rows of a table.

    ``decision`` is the answer to the row.
    """
    if len(content.schema.columns) != 1:
        return None
    column = content.preparation.inputs[0]
    cell = KINDS[column.kind].read(row.get(column.column))
    if column.picture and isinstance(cell, bytes):
        return seen_picture(cell, column.picture)
    if column.text and isinstance(cell, str):
        return seen_words(cell, column.text)
    if column.series and isinstance(cell, list):
        return seen_series(cell, column.series, content, decision)
    return None


def seen_picture(data: bytes, picture: Picture) -> SeenPicture | None:
    """The prepared picture as people look at it; None where it cannot be read."""
    from keramos.tabular.media.picture import seen  # noqa: PLC0415 (few files have pictures)

    pixels = seen(data, picture)
    if isinstance(pixels, Refused):
        return None
    shown = pixels[..., ::-1] if picture.mode == "BGR" else pixels
    rounded: NDArray[np.uint8] = np.clip(np.rint(shown), 0, 255).astype("uint8")
    return SeenPicture(rounded)


def seen_words(text: str, recipe: Text) -> SeenWords | None:
    """The words of a text and which of them the vocabulary has; None where it cannot be read."""
    from keramos.tabular.texts.table import encoder_of  # noqa: PLC0415 (few files have texts)

    found = encoder_of(recipe).one(text)
    if isinstance(found, Refused):
        return None
    words, numbered = found
    pairs = zip(words[:_MOST_WORDS], numbered.known, strict=False)
    return SeenWords(tuple(pairs), len(words), sum(numbered.known))


def seen_series(
    cell: object, series: Series, content: Content, decision: Decision
) -> SeenSeries | None:
    """The column that the answer is about, or the first; None where the rows cannot be read."""
    from keramos.tabular.series import series_rows  # noqa: PLC0415 (few files have series)

    rows = series_rows(cell, series.columns)
    if isinstance(rows, Refused):
        return None
    column = series.answer or series.columns[0]
    last = min(_WINDOWS * series.window, max(_MOST_ROWS, series.window))
    values = rows[-last:, series.columns.index(column)]
    forecast = _forecast(column, content.rule, decision) if content.rule.kind == "value" else ()
    if not series.answer and not content.rule.several:
        forecast = ()
    return SeenSeries(column, values, series.window, forecast)


def _forecast(column: str, rule: DecisionRule, decision: Decision) -> tuple[float, ...]:
    """The next values of one column: of several answers those with its name, step after step."""
    if not rule.several:
        return decision.scores
    by_name = dict(zip(rule.several, decision.scores, strict=True))
    if column in by_name:
        return (by_name[column],)
    steps = (f"{column}_{step}" for step in range(1, len(by_name) + 1))
    return tuple(by_name[name] for name in steps if name in by_name)
