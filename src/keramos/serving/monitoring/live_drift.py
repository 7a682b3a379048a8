"""Live rows against the training rows of the served file: an observer with bounded memory.

A version has two windows: the last rows, and the last hour. Each is a ring of blocks that count
rows in the bins of the file's histograms; a new block replaces the oldest.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from keramos.errors import KeramosError
from keramos.monitor.drift import DriftCounter, divergence, stability
from keramos.types.drift import InputCounts  # noqa: TC001 (msgspec reads the types of fields)
from keramos.types.live import Live, LiveWindow, ScoreDrift
from keramos.types.serving import ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.serving.core.shared import Place
    from keramos.types.artifact import Artifact, Content
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Catalogue, Outputs

LAST_ROWS = 10_000
LAST_SECONDS = 3600.0
_BLOCKS = 10
_BINS = 10
_MOST_ROWS = 512
"""Of one run so many rows are counted at most, evenly taken: one huge request is not all of today's
traffic.
"""


_TOGETHER_SECONDS = 1.0
"""Rows of so much time are counted together."""


class _Bins(NamedTuple):
    """Bins of scores and how the held-out rows spread over them."""

    edges: NDArray[np.float64]
    held_out: NDArray[np.int64]
    mean: float


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Rows that were counted together: when that began (``time.monotonic``, which all processes of
    a machine share), how many, the sum of their scores, counts of each input and of scores by bin.
    """

    begun: float
    rows: int
    sum: float
    inputs: tuple[InputCounts, ...]
    scores: tuple[int, ...]


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """What a worker counted of one version of one file: the blocks of both windows."""

    model: str
    version: int
    sha256: str
    windows: tuple[tuple[Block, ...], ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Counted]).decode


class _Block:
    def __init__(self, content: Content, bins: _Bins | None) -> None:
        self.begun = monotonic()
        self.rows, self.sum = 0, 0.0
        self.counter = DriftCounter(content.preparation)
        self.scores = np.zeros(_BINS if bins is None else len(bins.held_out), np.int64)

    def add(self, feeds: Feeds, scores: NDArray[np.float64], bins: _Bins | None) -> None:
        self.rows += len(scores)
        self.sum += float(scores.sum())
        self.counter.add(feeds)
        if bins is not None:
            self.scores += _counted(scores, bins.edges)

    def plain(self) -> Block:
        scores = tuple(self.scores.tolist())
        return Block(self.begun, self.rows, self.sum, self.counter.counts(), scores)


class _Ring:
    """Blocks of one window; ``full`` says when the newest block has enough."""

    def __init__(self, full: Callable[[_Block], bool]) -> None:
        self._full = full
        self.blocks: deque[_Block] = deque(maxlen=_BLOCKS)

    def newest(self, content: Content, bins: _Bins | None) -> _Block:
        if not self.blocks or self._full(self.blocks[-1]):
            self.blocks.append(_Block(content, bins))
        return self.blocks[-1]


class _Version:
    """Both windows of one version."""

    def __init__(self, artifact: Artifact, content: Content) -> None:
        self.sha256 = artifact.info.sha256
        self.content, self.bins = content, _bins(content)
        self._waiting: list[tuple[Feeds, NDArray[np.float64]]] = []
        self._since = monotonic()
        self.rings = (
            _Ring(lambda block: block.rows >= LAST_ROWS / _BLOCKS),
            _Ring(lambda block: monotonic() - block.begun >= LAST_SECONDS / _BLOCKS),
        )

    def add(self, feeds: Feeds, outputs: Outputs) -> None:
        scores = outputs[0].reshape(len(outputs[0]), -1).max(1).astype(float)
        step = -(-len(scores) // _MOST_ROWS)
        # Copies: what a view belongs to may be a request of many megabytes.
        self._waiting.append(
            ({name: array[::step].copy() for name, array in feeds.items()}, scores[::step])
        )
        rows = sum(len(waiting) for _, waiting in self._waiting)
        if rows >= _MOST_ROWS or monotonic() - self._since >= _TOGETHER_SECONDS:
            self.count()

    def count(self) -> None:
        """Count what waits, all at once: one row costs as much as a thousand."""
        if not self._waiting:
            return
        fed = {
            name: np.concatenate([feeds[name] for feeds, _ in self._waiting])
            for name in self._waiting[0][0]
        }
        scores = np.concatenate([waiting for _, waiting in self._waiting])
        self._waiting, self._since = [], monotonic()
        for ring in self.rings:
            ring.newest(self.content, self.bins).add(fed, scores, self.bins)

    def counted(self, model: str, version: int) -> Counted:
        """All that was counted, for other processes."""
        self.count()
        windows = tuple(tuple(block.plain() for block in ring.blocks) for ring in self.rings)
        return Counted(model, version, self.sha256, windows)

    def live(self, counted: Sequence[Counted]) -> tuple[LiveWindow, ...]:
        """Both windows of what workers counted of this version."""
        every = [
            sorted((block for one in counted for block in one.windows[at]), key=lambda b: b.begun)
            for at in range(len(self.rings))
        ]
        last, hour = _newest(every[0]), [block for block in every[1] if _is_of_last_hour(block)]
        return (
            self._window(f"last {LAST_ROWS:,} rows", last),
            self._window("last hour", hour),
        )

    def _window(self, name: str, blocks: Sequence[Block]) -> LiveWindow:
        whole = DriftCounter(self.content.preparation)
        for block in blocks:
            whole.merge(block.inputs)
        rows = sum(block.rows for block in blocks)
        reach = monotonic() - blocks[0].begun if blocks else 0.0
        return LiveWindow(name, rows, reach, whole.summary(), self._score(blocks, rows))

    def _score(self, blocks: Sequence[Block], rows: int) -> ScoreDrift | None:
        if self.bins is None or not rows:
            return None
        observed = np.sum([block.scores for block in blocks], axis=0)
        now, then = observed.astype(float), self.bins.held_out.astype(float)
        return ScoreDrift(
            edges=tuple(self.bins.edges.tolist()),
            observed=tuple(observed.tolist()),
            held_out=tuple(self.bins.held_out.tolist()),
            mean=sum(block.sum for block in blocks) / rows,
            held_out_mean=self.bins.mean,
            psi=stability(now, then),
            jensen_shannon=divergence(now, then),
        )


def _newest(blocks: Sequence[Block]) -> Sequence[Block]:
    """The newest blocks that hold the rows of the first window, the oldest first."""
    rows, first = 0, len(blocks)
    while first and rows < LAST_ROWS:
        first -= 1
        rows += blocks[first].rows
    return blocks[first:]


def _is_of_last_hour(block: Block) -> bool:
    """After a quiet time, blocks of long ago are no part of it."""
    return monotonic() - block.begun < LAST_SECONDS


def _bins(content: Content) -> _Bins | None:
    """Ten bins over what scores can be; for values, over those of the held-out rows."""
    held = content.held_out
    if held is None or not held.scores:
        return None
    scores = np.array(held.scores)
    low, high = (
        (0.0, 1.0) if content.rule.kind != "value" else (float(scores.min()), float(scores.max()))
    )
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    return _Bins(edges, _counted(scores, edges), float(scores.mean()))


def _counted(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    place = np.clip(np.searchsorted(edges, scores, "right") - 1, 0, len(edges) - 2)
    return np.bincount(place, minlength=len(edges) - 1)


class LiveDrift:
    """Counts live rows of every version that has a schema. Called by the observers' thread, read by
    any; what other workers of the server counted is counted in.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._versions: dict[tuple[str, int], _Version] = {}
        self._lock = Lock()
        self._before: list[Counted] = []
        self._place: Place | None = None

    def join(self, place: Place) -> None:
        """Count together with other workers from now on."""
        self._place, self._before = place, _decode(place.before or b"[]")

    def written(self) -> bytes:
        """What this worker counted, for the others."""
        with self._lock:
            return _encode(self._counted())

    def _counted(self) -> list[Counted]:
        mine = [known.counted(*key) for key, known in self._versions.items()]
        return [*mine, *self._before]

    def __call__(self, model: str, version: int, feeds: Feeds, outputs: Outputs) -> None:
        """Count one run."""
        with self._lock:
            known = self._known(model, version)
            if known is not None:
                known.add(feeds, outputs)

    def _known(self, model: str, version: int) -> _Version | None:
        """The counts of a version that answers and has a schema."""
        try:
            artifact = self._catalogue.get(ModelRef(model, version)).model.artifact
        except KeramosError:  # it went away meanwhile
            return None
        content = artifact.content
        if content is None:
            return None
        known = self._versions.get((model, version))
        if known is None or known.content is not content:  # a file that changed begins anew
            self._forget_the_gone()
            known = self._versions[model, version] = _Version(artifact, content)
        return known

    def _forget_the_gone(self) -> None:
        for model, version in list(self._versions):
            try:
                self._catalogue.get(ModelRef(model, version))
            except KeramosError:
                del self._versions[model, version]

    def look(self, model: str, version: int) -> Live | None:
        """What all workers counted of a version so far, up to a second ago by others, or None where
        no row was.
        """
        others = self._place.others() if self._place is not None else []
        with self._lock:
            known = self._known(model, version)
            if known is None:
                return None
            parts = [self._counted(), *map(_decode, others)]
            key = (model, version, known.sha256)
            counted = [
                one for part in parts for one in part if (one.model, one.version, one.sha256) == key
            ]
            windows = known.live(counted)
        if not any(block.rows for one in counted for window in one.windows for block in window):
            return None
        note = (
            "Counted after answers have left: of busy times at most 50 runs a second, of one run "
            "at most "
            f"{_MOST_ROWS} rows."
        )
        return Live(windows, note)
