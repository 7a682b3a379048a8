"""Keras 3: the vocabulary is the current one already; only where classes come from is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.artifact.keras.dialects.classes import KNOWN
from keramos.artifact.keras.dialects.entries import class_of, vocabulary
from keramos.artifact.keras.dialects.keras2 import MERGING
from keramos.artifact.keras.dialects.origin import version_numbers
from keramos.artifact.keras.operation_modules import OPERATIONS

if TYPE_CHECKING:
    from keramos.artifact.keras.dialects.entries import Entry
    from keramos.artifact.keras.dialects.origin import Origin
    from keramos.types.network import Config


_OLD_RULES: dict[str, dict[tuple[int, ...], Config]] = {
    **{kind: {(3, 4): {"mask_rule": "none"}} for kind in MERGING},
    **{
        kind: {(3, 10): {"masked_to_zero": False}}
        for kind in ("GroupQueryAttention", "MultiHeadAttention", "Softmax")
    },
    "CategoryEncoding": {(3, 4): {"keep_last_axis": True}},
    "RandomCrop": {
        (3, 6): {"when_predicting": "crop and resize"},
        (3, 8): {"when_predicting": "cut, then resize"},
    },
}
"""Class -> versions that changed its answers, oldest first, each with the option that says a file
is older.
"""

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


def translate(entry: Entry, config: Config, origin: Origin) -> tuple[str, Config]:
    """Kind and config of a layer.

    Until Keras 3.3, one-hot CategoryEncoding added an axis even to inputs whose last axis has size
    1, which the extra key ``keep_last_axis`` says (keras-team/keras pull request 19742), and
    merging layers did not see masks (19685); until 3.9 softmax over nothing but masked places was
    an even distribution (21149).
    """
    kind = f"ops.{class_of(entry)}" if _is_operation(entry, config) else vocabulary(entry)
    if kind == "ops.Cast":
        return kind, {
            "dtype": "float32",
            **config,
        }  # it stands for itself here, where layers leave it out
    version = version_numbers(origin.version)
    old = next(
        (option for changed, option in _OLD_RULES.get(kind, {}).items() if version < changed), None
    )
    if old is None or (kind == "CategoryEncoding" and config.get("output_mode") != "one_hot"):
        return kind, config
    return kind, {**config, **old}
