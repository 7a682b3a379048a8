"""The names of a picture model's answers, from a list of labels beside it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.pictures.code import Hint
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


def labels_of(
    path: str, network: Network, pieces: Pieces, wishes: Wishes, said: Sequence[Hint] = ()
) -> Named:
    """The labels of a network's outputs; a single output has two. ``said`` is what the source says.

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
    called = [one for one in found if _WORDS & _words(one.path)]
    lists = called or found
    named = [one for one in lists if wishes.labels_from and one.path.endswith(wishes.labels_from)]
    fitting = [one for one in named or lists if len(_names(one)) == needed]
    if not fitting and (called or named) and not wishes.labels:
        listed = ", ".join(f"{Path(one.path).name} has {len(_names(one))}" for one in lists[:4])
        raise UnsupportedModelError(
            f"no list of labels fits the {needed} answers of the network: {listed}",
            remedy="Give the right one, or state labels in a recipe",
        )
    coded = [hint for hint in said if hint.what == "labels"]
    in_code = [hint for hint in coded if len(hint.value.split("\n")) == needed]
    if not fitting and in_code:
        return _of_code(in_code)
    if not fitting:
        numbers = tuple(str(place) for place in range(needed))
        doubt = f"no list of labels lies beside the model: answers are called 0 to {needed - 1}"
        return Named(numbers, (_told(numbers, "convention"),), doubts=(doubt,))
    return _with_code(_beside(path, fitting), in_code)


def _of_code(in_code: Sequence[Hint]) -> Named:
    """The list in the source, where no file has one."""
    names, where = _distinct(in_code[0].value.split("\n")), in_code[0].where
    finding = Finding("labels", ", ".join(names)[:200], "code", where, "inferred")
    differing = [hint for hint in in_code if hint.value != in_code[0].value]
    doubts = (f"{where} and {differing[0].where} have other names",) if differing else ()
    return Named(names, (finding,), doubts=doubts)


def _with_code(named: Named, in_code: Sequence[Hint]) -> Named:
    """Labels of a file; where the source has others, that is to be confirmed."""
    listed = [tuple(map(str, named.labels))]
    other = [hint for hint in in_code if tuple(hint.value.split("\n")) not in listed]
    same = len(other) < len(in_code)
    if not other or same:
        return named
    doubt = f"{other[0].where} has other names: {', '.join(other[0].value.split(chr(10)))[:80]}"
    return replace(named, doubts=(*named.doubts, doubt))


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
