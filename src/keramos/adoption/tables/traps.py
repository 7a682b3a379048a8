"""What people should know about the pieces: things that are odd, unused or likely mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import same_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.tables.answers import Answers
    from keramos.adoption.tables.arrange import Arrangement
    from keramos.adoption.tables.parts import Parts

_WORDS = frozenset(
    {"gender", "sex", "geography", "country", "city", "state", "category", "education", "region"}
    | {"maritalstatus", "occupation", "educationlevel", "department", "jobtitle", "smokinghistory"}
)
_ROW_NUMBERS = frozenset(
    {"rownames", "rownumber", "index", "id", "customerid", "unnamed0", "batchid"}
)


def traps(
    found: Arrangement, answers: Answers, parts: Parts, pieces: Pieces, kinds: Collection[str]
) -> Iterator[str]:
    """Each in one sentence; ``kinds`` are the classes of the network's layers."""
    inside = sorted({"Normalization", "Rescaling"} & set(kinds))
    scalers = [piece.fitted.name for piece in found.used if piece.is_scaler]
    if inside and scalers:
        yield f"the network has a {inside[0]} layer of its own beside {scalers[0]}: scaled twice"
    yield from _columns(found, answers)
    yield from _files(found, answers, parts, pieces)


def _columns(found: Arrangement, answers: Answers) -> Iterator[str]:
    """Columns that look odd."""
    for name in found.names:
        if same_name(name) in _ROW_NUMBERS:
            yield f"the column '{name}' looks like the number of a row, and the network uses it"
        if same_name(name) == same_name(answers.target.name):
            yield f"the column '{name}' enters the network and is also what it predicts"
    for one in found.findings:
        name = one.what.removeprefix("column ")
        if one.value == "a number, as it is" and same_name(name) in _WORDS:
            yield f"no file encodes the column '{name}': it takes the number that stands for a word"


def _files(found: Arrangement, answers: Answers, parts: Parts, pieces: Pieces) -> Iterator[str]:
    """Files that are not used, or say otherwise."""
    used = {id(piece) for piece in (*found.used, *answers.used)}
    for piece in parts.pieces:
        if id(piece) not in used:
            yield f"{pieces.short(piece.path)} ({piece.fitted.name}) is not used"
    for left in parts.left_out:
        yield f"{pieces.short(left.path)} is not used: {left.reason}"
    for path, names in parts.lists.items():
        same = len(names) == len(found.names) and set(names) == set(found.names)
        if same and tuple(names) != tuple(found.names):
            yield f"{pieces.short(path)} lists the columns in another order; it is not followed"
