"""A shadow: a candidate version runs a share of live rows after their replies are sent, so that no
client waits for it.
"""

from __future__ import annotations

import random
import re
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.errors import KeramosError, UsageError
from keramos.runtime.decide import decide
from keramos.types.live import ShadowReport
from keramos.types.serving import ModelRef, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keramos.serving.core.served import Registry, Served
    from keramos.serving.core.shared import Place
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Outputs

_FORM = re.compile(r"(?P<model>[^@=]+)@(?P<candidate>[^@=]+)=(?P<share>[0-9.]+)")


class Sums(msgspec.Struct):
    """What was seen of one pair of versions."""

    version: int
    candidate: int
    rows: int = 0
    runs: int = 0
    decided: int = 0
    same: int = 0
    difference: float = 0.0
    largest: float = 0.0
    seconds: float = 0.0
    failures: int = 0
    last_failure: str = ""

    def add(self, other: Sums) -> None:
        """Count in what another worker saw."""
        self.rows += other.rows
        self.runs += other.runs
        self.decided += other.decided
        self.same += other.same
        self.difference += other.difference
        self.largest = max(self.largest, other.largest)
        self.seconds += other.seconds
        self.failures += other.failures
        self.last_failure = self.last_failure or other.last_failure


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Sums]).decode


class Shadow:
    """An observer. ``wish`` is ``model@label=share`` or ``model@number=share``; the share is of
    runs.
    """

    def __init__(self, registry: Registry, wish: str) -> None:
        match = _FORM.fullmatch(wish)
        share = _number(match["share"]) if match else 0.0
        if match is None or not 0 < share <= 1:
            raise UsageError(
                "a shadow is MODEL@LABEL=SHARE, for example credit@candidate=0.1 with a share "
                "above 0 and up to 1",
                option="shadow",
                received=repr(wish),
            )
        self.model, self.share, self.label = match["model"], share, match["candidate"]
        version = whole_number(self.label)
        self._ref = ModelRef(self.model, version, "" if version is not None else self.label)
        self._registry = registry
        self._random = random.Random(0)  # noqa: S311 (a draw of rows, not a secret)
        self._sums: dict[tuple[int, int], Sums] = {}
        self._lock = Lock()
        self._before: list[Sums] = []
        self._place: Place | None = None

    def join(self, place: Place) -> None:
        """Count together with other workers from now on."""
        self._place, self._before = place, _decode(place.before or b"[]")

    def written(self) -> bytes:
        """What this worker saw, for the others."""
        with self._lock:
            return _encode(_merged([*self._sums.values(), *self._before]))

    def __call__(self, model: str, version: int, feeds: Feeds, outputs: Outputs) -> None:
        """Let the candidate answer what ``version`` has answered."""
        if model != self.model or self._random.random() >= self.share:
            return
        try:
            live, candidate = (
                self._registry.get(ModelRef(model, version)),
                self._registry.opened(self._ref),
            )
        except KeramosError:  # no candidate now
            return
        if candidate.version == version:
            return
        with self._lock:
            self._compare(
                self._sums_of(version, candidate.version),
                live,
                candidate,
                feeds,
                outputs,
            )

    def _sums_of(self, version: int, candidate: int) -> Sums:
        return self._sums.setdefault((version, candidate), Sums(version, candidate))

    def _compare(
        self, sums: Sums, live: Served, candidate: Served, feeds: Feeds, outputs: Outputs
    ) -> None:
        begun = perf_counter()
        try:
            # Not through the registry: a shadow is neither counted as traffic nor observed in turn.
            answers = candidate.model.run(feeds)
        except (KeramosError, LookupError, ValueError) as error:  # its inputs may be others
            sums.failures += 1
            sums.last_failure = str(error)[:200]
            return
        if answers[0].shape != outputs[0].shape:
            sums.failures += 1
            sums.last_failure = (
                f"it answers with {answers[0].shape[1:]} numbers instead of {outputs[0].shape[1:]}"
            )
            return
        sums.seconds += perf_counter() - begun
        far = (
            np.abs(answers[0].astype(float) - outputs[0].astype(float))
            .reshape(len(outputs[0]), -1)
            .max(1)
        )
        sums.runs += 1
        sums.rows += len(far)
        sums.difference += float(far.sum())
        sums.largest = max(sums.largest, float(far.max(initial=0.0)))
        if (
            live.model.content
            and candidate.model.content
            and live.model.content.rule.kind != "value"
        ):
            before = decide(outputs[0], live.model.content.rule)
            after = decide(answers[0], candidate.model.content.rule)
            sums.decided += len(before)
            sums.same += sum(a.label == b.label for a, b in zip(before, after, strict=True))

    def look(self) -> tuple[ShadowReport, ...]:
        """One report for each pair of versions that a worker compared."""
        parts = [self.written(), *(self._place.others() if self._place is not None else [])]
        merged = _merged([sums for part in parts for sums in _decode(part)])
        return tuple(self._report(sums) for sums in merged)

    def own(self) -> tuple[ShadowReport, ...]:
        """``look`` of this process alone, whose metrics are added up with those of others."""
        with self._lock:
            return tuple(map(self._report, self._sums.values()))

    def _report(self, sums: Sums) -> ShadowReport:
        return ShadowReport(
            model=self.model,
            version=sums.version,
            candidate=sums.candidate,
            label=self.label,
            share=self.share,
            rows=sums.rows,
            agreement=sums.same / sums.decided if sums.decided else None,
            mean_difference=sums.difference / sums.rows if sums.rows else 0.0,
            largest_difference=sums.largest,
            failures=sums.failures,
            seconds=sums.seconds / sums.runs if sums.runs else 0.0,
            last_failure=sums.last_failure,
        )


def _merged(parts: Iterable[Sums]) -> list[Sums]:
    """One for each pair of versions."""
    found: dict[tuple[int, int], Sums] = {}
    for one in parts:
        pair = (one.version, one.candidate)
        found.setdefault(pair, Sums(*pair)).add(one)
    return list(found.values())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
