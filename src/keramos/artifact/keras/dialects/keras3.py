"""Keras 3: the vocabulary is the current one already; only where classes come from is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.classes import KNOWN
from keramos.artifact.keras.dialects.entries import class_of, vocabulary
from keramos.artifact.keras.dialects.legacy import MERGING, legacy_of
from keramos.artifact.keras.operation_modules import OPERATIONS
from keramos.types.legacy import CURRENT

if TYPE_CHECKING:
    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.legacy import Legacy
    from keramos.types.network import Config

_TWINS = (frozenset(MERGING) - {"Concatenate"}) | {
    "Dot"
}  # layers that share their name with an operation


def _is_operation(entry: Entry, config: Config) -> bool:
    """Whether an entry without a module, as Keras 3 writes them in ``.h5``, is one of keras.ops.

    Where a layer has the same name, the call tells: a layer merges one list, an operation takes its
    operands.
    """
    kind, nodes = class_of(entry), entry.get("inbound_nodes")
    if entry.get("module") or kind not in OPERATIONS:
        return False
    if kind in _TWINS:
        first = nodes[0] if isinstance(nodes, list) and nodes else None
        args = first.get("args") if isinstance(first, dict) else None
        return not (isinstance(args, list) and args and isinstance(args[0], list))
    return kind not in KNOWN or "newshape" in config


def translate(entry: Entry, config: Config, origin: Origin) -> tuple[str, Config, Legacy]:
    """Kind and config of a layer, and what an earlier version of Keras 3 means otherwise."""
    kind = f"ops.{class_of(entry)}" if _is_operation(entry, config) else vocabulary(entry)
    if kind == "ops.Cast":  # it states its dtype, which layers leave out
        return kind, {"dtype": "float32", **config}, CURRENT
    return kind, config, legacy_of(entry, kind, config, origin)
