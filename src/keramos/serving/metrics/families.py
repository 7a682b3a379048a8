"""The server's counters and states as metric families.

Names that begin with ``:tensorflow:serving:`` are TensorFlow Serving's, with its labels and its
microseconds, so that its dashboards work; they count requests of every protocol. All others are
keramos' own, in seconds and bytes.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from keramos.serving.core.counters import EDGES, Counts
from keramos.serving.core.metric_family import Family, Sample
from keramos.serving.metrics.monitoring_families import drift_families, shadow_families
from keramos.serving.registry.registry import EARLIER
from keramos.types.serving import State
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keramos.serving.core.counters import Call, Histogram
    from keramos.serving.core.metric_family import Labels
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Registry

_TF = ":tensorflow:serving:"
_MICRO = 1e6
_BOUNDS = (*(f"{edge * _MICRO:.6g}" for edge in EDGES), "+Inf")
"""Upper edges of latency buckets in microseconds, written with six digits as TensorFlow Serving
does.
"""


def families(context: Context) -> list[Family]:
    """All metrics of this process, as they are now."""
    registry = context.registry
    counted = registry.counts()
    server = (
        Family(
            "keramos_info",
            "gauge",
            "The running keramos.",
            (Sample((("version", __version__),), 1),),
        ),
        Family(
            "keramos_ready",
            "gauge",
            "1 while traffic may come.",
            (Sample((), int(context.ready())),),
        ),
    )
    return [
        *server,
        *_tf_families(counted),
        *_requests(counted, Counts.total([registry.unserved])),
        *_work(counted),
        *_versions(registry),
        _missed(registry),
        *drift_families(registry, context.live),
        *shadow_families(context.shadows()),
    ]


def _tf_families(counted: Mapping[str, Mapping[int, Counts]]) -> Iterator[Family]:
    """Requests, latencies and rows by model, under TensorFlow Serving's names."""
    count, rows = [], []
    requests: list[Sample] = []
    runs: list[Sample] = []
    for name, versions in counted.items():
        total = Counts.total(versions.values())
        count += [
            Sample((("model_name", name), ("status", code)), n)
            for code, n in sorted(total.outcomes().items())
        ]
        rows.append(Sample((("model", name),), total.rows))
        for call, found in sorted(total.requests.items()):
            labels = (("model_name", name), ("API", call.api), ("entrypoint", call.entrypoint))
            requests += _buckets(labels, found.seconds)
        runs += _buckets(
            (("model_name", name), ("API", "Predict"), ("runtime", "ONNXRuntime")), total.runs
        )
    yield Family(f"{_TF}request_count", "counter", "Requests by model and outcome.", tuple(count))
    yield Family(f"{_TF}request_latency", "histogram", "Microseconds of requests.", tuple(requests))
    yield Family(
        f"{_TF}runtime_latency",
        "histogram",
        "Microseconds of runs; requests share them.",
        tuple(runs),
    )
    yield Family(f"{_TF}request_example_count_total", "counter", "Rows by model.", tuple(rows))


def _requests(counted: Mapping[str, Mapping[int, Counts]], unserved: Counts) -> Iterator[Family]:
    samples = [
        Sample((*labels, *_called(call), ("status", code)), times)
        for labels, counts in _each(counted)
        for call, found in sorted(counts.requests.items())
        for code, times in sorted(found.outcomes.items())
    ]
    yield Family(
        "keramos_requests_total",
        "counter",
        "Requests by version, protocol and outcome.",
        tuple(samples),
    )
    strays = [
        Sample((*_called(call), ("status", code)), times)
        for call, found in sorted(unserved.requests.items())
        for code, times in sorted(found.outcomes.items())
    ]
    about = "Requests for models that do not answer."
    yield Family("keramos_unserved_requests_total", "counter", about, tuple(strays))


_WORK: tuple[tuple[str, str, Callable[[Counts], float]], ...] = (
    ("rows", "Rows that the model has answered.", lambda counts: counts.rows),
    ("runs", "Runs of the model; requests share them.", lambda counts: sum(counts.runs.counts)),
    ("run_seconds", "Seconds in runs of the model.", lambda counts: counts.runs.sum),
    ("request_bytes", "Bytes of requests' bodies.", lambda counts: counts.received),
    ("reply_bytes", "Bytes of replies' bodies.", lambda counts: counts.sent),
)


def _work(counted: Mapping[str, Mapping[int, Counts]]) -> Iterator[Family]:
    each = list(_each(counted))
    for name, about, value in _WORK:
        samples = tuple(Sample(labels, value(counts)) for labels, counts in each)
        yield Family(f"keramos_{name}_total", "counter", about, samples)


def _versions(registry: Registry) -> Iterator[Family]:
    """States and labels of versions, and what failed."""
    known = [(name, status) for name in registry.names() for status in registry.statuses(name)]
    states = [
        Sample((*_version(name, item.version), ("state", item.state.name)), 1)
        for name, item in known
    ]
    failed = [
        Sample((*_version(name, item.version), ("code", item.code)), 1)
        for name, item in known
        if item.code != "OK"
    ]
    available = sum(item.state is State.AVAILABLE for _, item in known)
    for name, kind, about, samples in (
        ("versions_available", "gauge", "Versions that answer.", [Sample((), available)]),
        ("version_state", "gauge", "1 for the state in which a version is.", states),
        ("version_failed", "gauge", "1 for a version that could not be loaded.", failed),
        ("load_failures_total", "counter", "Files that could not be loaded.", _failures(registry)),
        ("load_seconds", "gauge", "Seconds that reading and proving took.", _loaded(registry)),
        ("label_version", "gauge", "The version to which a label points.", _labelled(registry)),
    ):
        yield Family(f"keramos_{name}", kind, about, tuple(samples))


def _failures(registry: Registry) -> list[Sample]:
    failed = sorted(registry.load_failures.copy().items())
    return [Sample((("model", name),), times) for name, times in failed]


def _loaded(registry: Registry) -> list[Sample]:
    return [
        Sample(_version(one.name, one.version), one.model.load_seconds)
        for one in registry.all_served()
    ]


def _labelled(registry: Registry) -> list[Sample]:
    return [
        Sample((("model", name), ("label", label)), version)
        for name in registry.names()
        for label, version in registry.labels(name).items()
    ]


def _version(name: str, number: int) -> Labels:
    return (("model", name), ("version", str(number)))


def _missed(registry: Registry) -> Family:
    about = "Runs that were not looked at for drift and shadows because too many waited."
    return Family(
        "keramos_observations_missed_total",
        "counter",
        about,
        (Sample((), registry.observers.missed),),
    )


def _each(counted: Mapping[str, Mapping[int, Counts]]) -> Iterator[tuple[Labels, Counts]]:
    for name, versions in counted.items():
        for version, counts in versions.items():
            yield (
                (("model", name), ("version", "earlier" if version == EARLIER else str(version))),
                counts,
            )


def _called(call: Call) -> Labels:
    return ("protocol", call.protocol), ("api", call.api), ("entrypoint", call.entrypoint)


def _buckets(labels: Labels, histogram: Histogram) -> list[Sample]:
    """A histogram as Prometheus has it: each bucket holds all smaller ones."""
    upto = list(accumulate(histogram.counts))
    samples = [
        Sample((*labels, ("le", bound)), n, "_bucket")
        for bound, n in zip(_BOUNDS, upto, strict=True)
    ]
    return [
        *samples,
        Sample(labels, histogram.sum * _MICRO, "_sum"),
        Sample(labels, upto[-1], "_count"),
    ]
