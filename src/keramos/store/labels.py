"""Labels of one model: names that point to versions, with the versions they pointed to before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from keramos.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label points, and where it pointed before, oldest first."""

    version: int
    before: tuple[int, ...] = ()

    def moved(self, version: int) -> Label:
        """The label after it was given to another version."""
        if version == self.version:
            return self
        return Label(version, (*self.before, self.version)[-_REMEMBERED:])

    def back(self, present: Collection[int]) -> Label | None:
        """The label where it was before, among versions that are still there; None where there is
        none.
        """
        kept = [number for number in self.before if number in present and number != self.version]
        return replace(self, version=kept[-1], before=tuple(kept[:-1])) if kept else None


Labels = dict[str, Label]


def read_labels(data: bytes | None, place: str) -> Labels:
    """The labels that a file holds; none where there is no file.

    Raises:
        StoreError: the file is not what keramos writes.
    """
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=Labels)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoreError(
            f"the file of labels cannot be read: {error}",
            file=str(place),
            remedy='Write it as {"stable": {"version": 3, "before": [2]}}',
        ) from None


def label_bytes(labels: Mapping[str, Label]) -> bytes:
    """The labels as their file's bytes, sorted by name."""
    return msgspec.json.format(msgspec.json.encode(labels, order="sorted"), indent=2) + b"\n"


def labels_of(number: int, labels: Mapping[str, Label]) -> tuple[str, ...]:
    """The labels that point to a version, sorted."""
    return tuple(sorted(name for name, label in labels.items() if label.version == number))
