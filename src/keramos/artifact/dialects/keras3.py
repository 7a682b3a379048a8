"""Keras 3: the vocabulary is the current one already; only where classes come from is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.dialects.entries import vocabulary
from keramos.artifact.dialects.origin import version_numbers

if TYPE_CHECKING:
    from keramos.artifact.dialects.entries import Entry
    from keramos.artifact.dialects.origin import Origin
    from keramos.types.network import Config


_SQUEEZING_SINCE = (3, 4)


def translate(entry: Entry, config: Config, origin: Origin) -> tuple[str, Config]:
    """Kind and config of a layer.

    Until Keras 3.3, one-hot CategoryEncoding added an axis even to inputs whose last axis has size 1; the extra key
    ``keep_last_axis`` says so (keras-team/keras pull request 19742).
    """
    kind = vocabulary(entry)
    one_hot = kind == "CategoryEncoding" and config.get("output_mode") == "one_hot"
    if one_hot and version_numbers(origin.version) < _SQUEEZING_SINCE:
        config = {**config, "keep_last_axis": True}
    return kind, config
