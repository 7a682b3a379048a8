"""How much of a model file is read before it is refused: one place; every number can be raised by
an argument.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.errors import UsageError
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


class Limits(Frozen, frozen=True):
    """Bounds on what a model file may declare. Sizes are bytes, counted before anything is
    allocated.

    ``file_bytes``: the file itself. ``weight_bytes``: all weights together. ``config_bytes``: one
    JSON text. ``content_bytes``: what keramos stored beside the model. ``json_depth`` and
    ``json_nodes``: brackets within each other, and values of one JSON text. ``layers``: layers,
    nested ones included. ``members``: entries of an archive. ``objects``: groups and datasets;
    ``chunks``: those of one dataset.
    ``ratio``: inflation of a packed text above 1 MiB, ``weight_ratio`` that of weights above 32
    MiB, compared with the size of the file. ``structure_bytes``: what an HDF5 file spends on its
    own structures; checksummed bytes count ninefold, as they take that much longer.
    ``chunk_bytes``: a chunk of an HDF5 dataset that is smaller than half of it. ``row_values``:
    numbers that one row of any tensor may hold while predicting. ``made_values``: numbers that
    options of the config may make (tables, waves, windows, ones), beyond 16 times those of the
    weights; ``graph_nodes``: nodes of the graph that a config becomes; ``row_operations``: what
    predicting one row takes, estimated before anything runs (a multiplication with its addition is
    one; free sizes count as one).

    ``nonfinite`` accepts weights that are not numbers (NaN, infinity). ``foreign_training`` accepts
    a training configuration, initialisers and the like that name classes of other modules; they are
    never imported either way.
    """

    file_bytes: int = 4 << 30
    weight_bytes: int = 2 << 30
    config_bytes: int = 16 << 20
    content_bytes: int = 16 << 20
    json_depth: int = 64
    json_nodes: int = 500_000
    layers: int = 4_000
    members: int = 2_000
    objects: int = 1 << 15
    chunks: int = 100_000
    structure_bytes: int = 64 << 20
    chunk_bytes: int = 64 << 20
    ratio: int = 200
    weight_ratio: int = 32
    row_values: int = 1 << 26
    made_values: int = 10_000_000
    graph_nodes: int = 1 << 14
    row_operations: int = 1 << 40
    nonfinite: bool = False
    foreign_training: bool = False

    def __repr__(self) -> str:
        """The bounds that are not the usual ones."""
        usual = zip(self.__struct_fields__, self.__struct_defaults__, strict=True)
        changed = [
            f"{name}={getattr(self, name)}"
            for name, default in usual
            if getattr(self, name) != default
        ]
        return f"Limits({', '.join(changed)})"


LIMITS = Limits()

_WORDS = {"true": True, "false": False}


def limits_of(texts: Iterable[str]) -> Limits:
    """The usual limits with some of them said otherwise, each as ``name=value``.

    Raises:
        UsageError: there is no such limit, or its value is neither a whole number nor true or
            false.
    """
    names = Limits.__struct_fields__
    found: dict[str, int] = {}
    for text in texts:
        name, given, value = text.partition("=")
        if name not in names:
            raise UsageError(f"the limit does not exist; there are {', '.join(names)}", option=name)
        flag = isinstance(getattr(LIMITS, name), bool)
        value = (value.lower() if given else "true") if flag else value
        if flag and value not in _WORDS:
            raise UsageError(
                f"the limit needs true or false, as in {name}=true",
                option=name,
                received=f"'{value}'",
            )
        if not flag and not re.fullmatch(r"[0-9_]{1,19}", value):
            raise UsageError(
                f"the limit needs a whole number, as in {name}=1_000",
                option=name,
                received=f"'{value}'",
            )
        found[name] = _WORDS[value] if flag else int(value)
    return Limits(**found)  # type: ignore[arg-type]  # each is of the kind of its field
