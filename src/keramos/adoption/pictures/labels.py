"""The names of a picture model's answers, from a list of labels beside it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.wishes import Wishes
    from keramos.types.companions import Companion
    from keramos.types.network import Network
    from keramos.types.schema import Label


_WORDS = frozenset({"label", "classe", "clas", "class", "categorie", "name"})
"""Words that names of lists of labels have, without the s of a plural."""


@dataclass(frozen=True, slots=True)
class Named:
    """Labels in the order of the outputs, and how they are known."""

    labels: tuple[Label, ...]
    findings: tuple[Finding, ...]
    parts: tuple[Part, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def labels_of(path: str, network: Network, pieces: Pieces, wishes: Wishes) -> Named:
    """The labels of a network's outputs; a single output has two.

    Raises:
        UnsupportedModelError: the lists beside the model are for another number of outputs.
    """
    shape = compile_network(network).outputs[0].shape
    if len(shape) != 2 or shape[1] is None:  # noqa: PLR2004 (rows and scores)
        raise UnsupportedModelError("the network gives no row of scores for a picture")
    needed = max(shape[1], 2)
    if wishes.labels:
        return _checked(Named(tuple(wishes.labels), (_told(wishes.labels, "user"),)), needed)
    found = [one for one in pieces.companions if isinstance(one.value, Labels)]
    lists = [one for one in found if _WORDS & _words(one.path)] or found
    named = [one for one in lists if wishes.labels_from and one.path.endswith(wishes.labels_from)]
    fitting = [one for one in named or lists if len(_names(one)) == needed]
    if not fitting and lists:
        listed = ", ".join(f"{Path(one.path).name} has {len(_names(one))}" for one in lists[:4])
        raise UnsupportedModelError(
            f"no list of labels fits the {needed} answers of the network: {listed}",
            remedy="Give the right one, or state labels in a recipe",
        )
    if not fitting:
        numbers = tuple(str(place) for place in range(needed))
        doubt = f"no list of labels lies beside the model: answers are called 0 to {needed - 1}"
        return Named(numbers, (_told(numbers, "convention"),), doubts=(doubt,))
    return _beside(path, fitting)


def _beside(path: str, fitting: Sequence[Companion]) -> Named:
    """The list in the model's own folder, where there are several."""
    ordered = sorted(fitting, key=lambda one: Path(one.path).parent != Path(path).parent)
    chosen, others = ordered[0], ordered[1:]
    names = _distinct(_names(chosen))
    differing = [one for one in others if _names(one) != _names(chosen)]
    doubts = tuple(f"{Path(one.path).name} has other names" for one in differing[:1])
    notes: tuple[str, ...] = ()
    if names != tuple(_names(chosen)):
        notes = ("a name stands in the list more than once; its places are told apart by number",)
    source = Path(chosen.path).name
    finding = Finding("labels", ", ".join(names)[:200], "file", source, "stated")
    return Named(names, (finding,), (Part(source, chosen.sha256),), doubts, notes)


def _words(path: str) -> set[str]:
    """Words of a file's name: class_names.txt -> class, names."""
    return {one.rstrip("s") for one in re.split(r"[^a-z]+", Path(path).stem.lower())}


def _names(companion: Companion) -> tuple[str, ...]:
    value = companion.value
    return tuple(value.names) if isinstance(value, Labels) else ()


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Positions are the identity of classes, not names: repeated names get their position."""
    often = {name for name, count in Counter(names).items() if count > 1}
    return tuple(f"{name} ({place})" if name in often else name for place, name in enumerate(names))


def _told(labels: Sequence[object], origin: str) -> Finding:
    text = ", ".join(map(str, labels))[:200]
    if origin == "user":
        return Finding("labels", text, "user", "", "confirmed")
    return Finding("labels", text, "convention", "", "assumed")


def _checked(named: Named, needed: int) -> Named:
    if len(named.labels) != needed:
        raise UnsupportedModelError(
            f"the network has {needed} answers",
            received=f"{len(named.labels)} labels",
            remedy="State one label for each answer in the recipe",
        )
    return named
