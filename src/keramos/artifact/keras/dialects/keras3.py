"""Keras 3: the vocabulary is the current one already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.legacy import legacy_of
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config


def translate(
    entry: Entry, kind: str, config: Config, origin: Origin
) -> tuple[str, Config, Legacy]:
    """Kind and config of a layer, and what an earlier version of Keras 3 means otherwise."""
    if kind == "ops.Cast":  # it states its dtype, which layers leave out
        return kind, {"dtype": "float32", **config}, CURRENT
    return kind, config, legacy_of(entry, kind, config, origin)
