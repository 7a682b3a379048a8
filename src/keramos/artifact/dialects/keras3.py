"""Keras 3: the vocabulary is the current one already; only where classes come from is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.dialects.classes import KNOWN
from keramos.artifact.dialects.entries import class_of, vocabulary
from keramos.artifact.dialects.keras2 import MERGING
from keramos.artifact.dialects.origin import version_numbers
from keramos.artifact.operation_modules import OPERATIONS

if TYPE_CHECKING:
    from keramos.artifact.dialects.entries import Entry
    from keramos.artifact.dialects.origin import Origin
    from keramos.types.network import Config


_NEW_RULES_SINCE = (3, 4)
_TWINS = (frozenset(MERGING) - {"Concatenate"}) | {"Dot"}  # layers that share their name with an operation


def _is_operation(entry: Entry, config: Config) -> bool:
    """Whether an entry without a module, as Keras 3 writes them in ``.h5``, is one of keras.ops.

    Where a layer has the same name, the call tells: a layer merges one list, an operation takes its operands.
    """
    kind, nodes = class_of(entry), entry.get("inbound_nodes")
    if entry.get("module") or kind not in OPERATIONS:
        return False
    if kind in _TWINS:
        first = nodes[0] if isinstance(nodes, list) and nodes else None
        args = first.get("args") if isinstance(first, dict) else None
        return not (isinstance(args, list) and args and isinstance(args[0], list))
    return kind not in KNOWN or "newshape" in config


def translate(entry: Entry, config: Config, origin: Origin) -> tuple[str, Config]:
    """Kind and config of a layer.

    Until Keras 3.3, one-hot CategoryEncoding added an axis even to inputs whose last axis has size 1, which the extra
    key ``keep_last_axis`` says (keras-team/keras pull request 19742), and merging layers did not see masks (19685).
    """
    kind = f"ops.{class_of(entry)}" if _is_operation(entry, config) else vocabulary(entry)
    if version_numbers(origin.version) >= _NEW_RULES_SINCE:
        return kind, config
    if kind in MERGING:
        return kind, {**config, "mask_rule": "none"}
    if kind == "CategoryEncoding" and config.get("output_mode") == "one_hot":
        return kind, {**config, "keep_last_axis": True}
    return kind, config
