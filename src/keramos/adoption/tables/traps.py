"""What people should know about the pieces: things that are odd, unused or likely mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import same_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.tables.answers import Answers
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.adoption.tables.parts import Parts

_ROW_NUMBERS = frozenset(
    {"rownames", "rownumber", "index", "id", "customerid", "unnamed0", "batchid"}
)


def traps(found: Arrangement, answers: Answers, parts: Parts, pieces: Pieces) -> Iterator[str]:
    """Each in one sentence."""
    for name in found.names:
        if same_name(name) in _ROW_NUMBERS:
            yield f"the column '{name}' looks like the number of a row, and the network uses it"
        if same_name(name) == same_name(answers.target.name):
            yield f"the column '{name}' enters the network and is also what it predicts"
    used = {id(piece) for piece in (*found.used, *answers.used)}
    for piece in parts.pieces:
        if id(piece) not in used:
            yield f"{pieces.short(piece.path)} ({piece.fitted.name}) is not used"
    for path, names in parts.lists.items():
        if (
            len(names) == len(found.names)
            and set(names) == set(found.names)
            and (tuple(names) != tuple(found.names))
        ):
            yield f"{pieces.short(path)} lists the columns in another order; it is not followed"
