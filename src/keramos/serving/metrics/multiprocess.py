"""Metrics of several worker processes: the scraped worker sums those of all.

Counters and histograms are summed; gauges get a label ``worker``. The next worker in a slot
continues its counters, so that none decreases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from keramos.serving.core.metric_family import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keramos.serving.core.metric_family import Sample
    from keramos.serving.core.shared import Place

_decode = msgspec.json.Decoder(list[Family]).decode
_encode = msgspec.json.Encoder().encode


class WorkerMetrics:
    """The metrics of this process and of the other workers; ``own`` gives its own."""

    def __init__(self, own: Callable[[], list[Family]]) -> None:
        self._own = own
        self._place: Place | None = None
        self._before: list[Family] = []

    def join(self, place: Place) -> None:
        """Count together from now on."""
        before = _decode(place.before or b"[]")
        self._place, self._before = place, [one for one in before if one.kind != "gauge"]

    def families(self) -> list[Family]:
        """Metrics of all workers; those of others are up to a second old. The result is written
        first, so that no counter decreases when this worker is killed.
        """
        if self._place is None:
            return self._own()
        mine = self._place.write(self.written)
        return _sum(_decode(part) for part in (mine, *self._place.others()))

    def written(self) -> bytes:
        """This worker's metrics for the others."""
        slot = ("worker", str(self._place.number if self._place else 0))
        labelled = [
            _labelled(family, slot) if family.kind == "gauge" else family for family in self._own()
        ]
        return _encode(_sum([labelled, self._before]))


def _labelled(family: Family, label: tuple[str, str]) -> Family:
    return replace(
        family, samples=tuple(replace(one, labels=(*one.labels, label)) for one in family.samples)
    )


def _sum(parts: Iterable[Sequence[Family]]) -> list[Family]:
    """Families by name, and samples of equal names and labels added up."""
    families: dict[str, Family] = {}
    values: dict[str, dict[tuple[object, ...], Sample]] = {}
    for family in (family for part in parts for family in part):
        families.setdefault(family.name, family)
        known = values.setdefault(family.name, {})
        for sample in family.samples:
            key = (sample.suffix, sample.labels)
            known[key] = (
                replace(sample, value=sample.value + known[key].value) if key in known else sample
            )
    return [
        replace(family, samples=tuple(values[name].values())) for name, family in families.items()
    ]
