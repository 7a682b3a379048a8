"""The families of models that can be adopted, one row each. To add one: a package beside this
module with a function ``propose``, and a row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.adoption.pictures.propose import propose as propose_pictures
from keramos.adoption.pictures.propose import recognise as recognise_pictures
from keramos.adoption.series.propose import propose as propose_series
from keramos.adoption.series.propose import recognise as recognise_series
from keramos.adoption.tables.propose import propose as propose_tables
from keramos.adoption.tables.propose import recognise as recognise_tables
from keramos.adoption.texts.propose import propose as propose_texts
from keramos.adoption.texts.propose import recognise as recognise_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.adoption.candidate import Candidate
    from keramos.adoption.pieces import Pieces
    from keramos.adoption.wishes import Wishes
    from keramos.types.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Family:
    """``recognise`` says whether a model is of the family, from its inputs and what lies beside
    it; ``propose`` gives the recipes, the likeliest first, or raises why there is none. ``reads``
    names the keys of ``Wishes`` that ``propose`` reads; others are refused.
    """

    name: str
    recognise: Callable[[Artifact, Pieces], bool]
    propose: Callable[[str, Artifact, Pieces, Wishes], list[Candidate]]
    reads: frozenset[str]


_ALL = frozenset({"family", "model", "target", "labels", "threshold"})

FAMILIES: tuple[Family, ...] = (
    Family("pictures", recognise_pictures, propose_pictures, _ALL | {"labels_from", "settings"}),
    Family("texts", recognise_texts, propose_texts, _ALL | {"labels_from", "settings", "columns"}),
    Family(
        "series",
        recognise_series,
        propose_series,
        _ALL | {"columns", "scaler", "target_scaler", "settings", "labels_from"},
    ),
    Family(
        "tables",
        recognise_tables,
        propose_tables,
        _ALL | {"columns", "encoders", "scaler", "target_scaler"},
    ),
)
"""In the order in which they are asked; the first that recognises a model proposes."""
