"""What people give to a model of pictures, texts or series -> rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.artifact import Content


def raw_reader(content: Content | None) -> Callable[[object], object] | None:
    """What turns files, texts, arrays and tables into rows, for models that need it; None for
    others.
    """
    inputs = content.preparation.inputs if content else ()
    if any(column.picture for column in inputs):
        from keramos.inference.pictures import pictures_as_rows  # noqa: PLC0415 (few files)

        return partial(pictures_as_rows, content=content)  # type: ignore[arg-type]  # it has inputs
    if [column.kind for column in inputs] == ["text"]:
        from keramos.inference.texts import texts_as_rows  # noqa: PLC0415 (few files)

        return partial(texts_as_rows, name=inputs[0].column)
    if any(column.series for column in inputs):
        from keramos.inference.series import series_as_rows  # noqa: PLC0415 (few files)

        return partial(series_as_rows, content=content)  # type: ignore[arg-type]  # it has inputs
    return None
