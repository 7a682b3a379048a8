"""A recipe of pictures, texts or a series that a person states in full."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.adoption.families import FAMILIES
from keramos.adoption.series.window import window_of
from keramos.adoption.tables.parts import parts_of
from keramos.adoption.tables.propose import activation_of
from keramos.adoption.wishes import Wishes
from keramos.compile.emit import compile_network
from keramos.errors import UsageError
from keramos.types.adoption import Adoption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.adoption.candidate import Whole
    from keramos.adoption.pieces import Pieces
    from keramos.types.artifact import Artifact, Content
    from keramos.types.schema import ColumnKind, Label

_OF_KIND = {"image": "pictures", "text": "texts"}
_SCALERS = ("scaler", "target_scaler")


def family_of(artifact: Artifact, columns: Mapping[str, ColumnKind | None], pieces: Pieces) -> str:
    """The family of a model, by the kinds of its columns: one picture, one text, rows of a window,
    or a row of a table.

    Raises:
        UsageError: a picture or a text stands beside other columns.
    """
    kinds = [kind or "number" for kind in columns.values()]
    odd = next((kind for kind in kinds if kind in _OF_KIND), None)
    if odd is not None and len(kinds) > 1:
        raise UsageError(
            f"a model takes one column of kind {odd} and no other",
            option="schema",
            received=", ".join(columns)[:80],
        )
    if odd is not None:
        return _OF_KIND[odd]
    widths = {piece.width for piece in parts_of(pieces).pieces if piece.is_scaler}
    is_row = set(kinds) != {"number"} or window_of(artifact.network, widths) is None
    return "tables" if is_row else "series"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person states beside files: the columns, settings, and what answers mean."""

    columns: Mapping[str, ColumnKind | None]
    settings: Mapping[str, object]
    rule: str | None
    labels: Sequence[Label] | None
    threshold: float
    target: str | None


def _wishes(family: str, artifact: Artifact, pieces: Pieces, stated: Stated) -> Wishes:
    """What a person states, as a recipe. Labels that are not named are numbers."""
    settings = stated.settings
    others = {key: value for key, value in settings.items() if key not in _SCALERS}
    scales = {key: str(settings[key]) for key in _SCALERS if key in settings}
    units = compile_network(artifact.network).outputs[0].shape[-1] or 1
    given = list(stated.labels) if stated.labels is not None else None
    if given is None and (stated.rule or _usual(artifact, family)) != "value":
        given = [*range(max(units, 2))]
    single = units == 1 and given is not None
    wishes = Wishes(
        target=stated.target,
        labels=given,
        threshold=stated.threshold if single else None,
        settings=others,
    )
    if family == "texts":
        return replace(wishes, columns=list(stated.columns))
    if family == "series":
        paths = [one.path for one in pieces.companions if one.path not in scales.values()]
        scaler = scales.get("scaler") or (paths[0] if paths else "none")
        answer = scales.get("target_scaler")
        return replace(wishes, columns=list(stated.columns), scaler=scaler, target_scaler=answer)
    return wishes


def _usual(artifact: Artifact, family: str) -> str:
    scores = activation_of(artifact.network) in {"softmax", "sigmoid"}
    return "labels" if scores or family == "pictures" else "value"


def completed_by_settings(
    family: str, path: str, artifact: Artifact, pieces: Pieces, stated: Stated
) -> Whole:
    """The network with what was stated.

    Raises:
        UsageError: something is left open, or does not fit the network.
        UnsupportedModelError: the network does not take such a column.
    """
    wishes = _wishes(family, artifact, pieces, stated)
    (found,) = [one for one in FAMILIES if one.name == family]
    candidates = found.propose(path, artifact, pieces, wishes)
    if len(candidates) > 1 or candidates[0].doubts:
        listed = "; ".join(dict.fromkeys(d for one in candidates for d in one.doubts))
        raise UsageError(
            f"what is stated leaves something open: {listed or candidates[1].title}",
            option="settings",
            remedy="State it in settings=, which has the keys of a recipe's [settings]",
        )
    (chosen,) = candidates
    made = chosen.build()
    kind = made.content.rule.kind
    if stated.rule not in (None, kind):
        raise UsageError(f"the network decides by {kind}", option="rule", received=stated.rule)
    notes = (*chosen.notes, *made.notes)
    adoption = Adoption(family, chosen.findings, chosen.parts, notes)
    content = replace(made.content, adoption=adoption)
    if family == "pictures":
        content = _renamed(content, next(iter(stated.columns)))
    return dataclasses.replace(made, content=content)


def _renamed(content: Content, name: str) -> Content:
    """The one column under another name."""
    (column,), (prepared,) = content.schema.columns, content.preparation.inputs
    schema = replace(content.schema, columns=(replace(column, name=name),))
    inputs = (replace(prepared, column=name),)
    preparation = replace(content.preparation, inputs=inputs)
    return replace(content, schema=schema, preparation=preparation)
