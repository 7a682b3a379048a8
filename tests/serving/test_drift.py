"""Live rows against training rows, and candidates that answer unseen: nobody waits, nothing
grows.
"""

import numpy as np
import pytest

import keramos
from keramos.errors import UsageError
from keramos.report.pages import Pages
from keramos.runtime.verify import golden_feeds
from keramos.serving.core.shared import Sharing
from keramos.serving.monitoring.live_drift import LAST_ROWS, LiveDrift
from keramos.serving.monitoring.shadow import Shadow
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef


@pytest.fixture
def engine(credit_file):
    made = ModelRegistry()
    made.add("credit", 1, keramos.load(credit_file))
    return made


def fed(model, rows, **changed):
    golden = golden_feeds(model.content, model.inputs)
    many = {name: np.resize(array, (rows, *array.shape[1:])) for name, array in golden.items()}
    return many | {name: np.full_like(many[name], value) for name, value in changed.items()}


def send(engine, times=1, rows=100, version=1, **changed):
    served = engine.get(ModelRef("credit", version))
    for _ in range(times):
        engine.run(served, fed(served.model, rows, **changed))
    engine.observers.wait()


def test_a_column_that_moved_is_named_and_its_rates_are_right(engine):
    drift = LiveDrift(engine)
    engine.observers.add(drift)

    send(engine, age=500.0, housing="tent")

    recent = drift.look("credit", 1).windows[0]
    by_name = {found.column: found for found in recent.inputs}
    assert recent.rows == 100
    assert by_name["age"].moved
    assert by_name["age"].observed.above == 100
    assert by_name["housing"].observed.unknown == 100
    assert sum(recent.score.observed) == 100
    assert recent.score.mean == pytest.approx(
        np.mean(
            engine.get(ModelRef("credit")).model.run(
                fed(engine.get(ModelRef("credit")).model, 100, age=500.0, housing="tent")
            )[0]
        )
    )


def test_the_window_of_rows_forgets_the_oldest(engine):
    drift = LiveDrift(engine)
    engine.observers.add(drift)

    send(engine, times=30, rows=500, age=500.0)
    send(engine, times=30, rows=500)

    recent, hour = drift.look("credit", 1).windows
    assert LAST_ROWS * 0.8 <= recent.rows <= LAST_ROWS * 1.1
    assert next(found for found in recent.inputs if found.column == "age").observed.above == 0
    assert hour.rows == 30_000


def test_workers_count_together_also_what_one_that_died_had_counted(credit_file, tmp_path):
    def worker():
        registry = ModelRegistry()
        for version in (1, 2):
            registry.add("credit", version, keramos.load(credit_file))
        drift, shadow = LiveDrift(registry), Shadow(registry, "credit@2=1")
        registry.observers.add(drift)
        registry.observers.add(shadow)
        return registry, drift, shadow, Sharing(tmp_path, {"drift": drift, "shadow0": shadow})

    first, second = worker(), worker()
    for (registry, *_, sharing), rows in ((first, 30), (second, 50)):
        send(registry, rows=rows, age=500.0)
        sharing.write()
    assert [one[1].look("credit", 1).windows[0].rows for one in (first, second)] == [80, 80]
    assert [one[2].look()[0].rows for one in (first, second)] == [80, 80]
    assert [one[2].own()[0].rows for one in (first, second)] == [30, 50]

    first[-1].leave()
    third = worker()
    assert third[1].look("credit", 1).windows[1].rows == 80
    send(third[0], rows=7, age=500.0)
    third[-1].write()
    for _, drift, shadow, _ in (second, third):
        window = drift.look("credit", 1).windows[0]
        assert window.rows == sum(window.score.observed) == 87
        (age,) = [found for found in window.inputs if found.column == "age"]
        assert age.observed.above == 87
        assert shadow.look()[0].rows == 87
        assert drift.look("credit", 2) is None
    second[-1].leave()
    third[-1].leave()


def test_the_last_rows_of_all_workers_are_no_more_than_those_of_one(credit_file, tmp_path):
    sharings = []
    for _ in range(3):
        registry = ModelRegistry()
        registry.add("credit", 1, keramos.load(credit_file))
        drift = LiveDrift(registry)
        registry.observers.add(drift)
        sharings.append(Sharing(tmp_path, {"drift": drift}))
        send(registry, times=LAST_ROWS // 500, rows=500)
        sharings[-1].write()

    assert LAST_ROWS <= drift.look("credit", 1).windows[0].rows <= 1.1 * LAST_ROWS
    assert drift.look("credit", 1).windows[1].rows == 3 * LAST_ROWS
    for sharing in sharings:
        sharing.leave()


def test_what_was_seen_of_a_version_that_is_gone_is_forgotten(engine, credit_file):
    drift = LiveDrift(engine)
    engine.observers.add(drift)
    send(engine)
    engine.add("credit", 2, keramos.load(credit_file))
    engine.remove("credit", 1)

    send(engine, version=2)

    assert drift.look("credit", 1) is None
    assert drift.look("credit", 2).windows[0].rows == 100


def test_drift_is_served_as_json_and_shown_on_the_page(engine):
    drift = LiveDrift(engine)
    engine.observers.add(drift)
    pages = Pages(engine, drift.look)
    assert b"Live rows" not in pages("/models/credit", "").body

    send(engine, age=500.0)

    page = pages("/models/credit/drift", "")
    assert page.content_type == "application/json"
    assert b'"moved":true' in page.body
    assert b"Live rows" in pages("/models/credit", "").body


def test_a_pause_lets_one_run_through_and_not_the_next(engine):
    seen = []
    engine.observers.pause = 60.0
    engine.observers.add(lambda *run: seen.append(run))

    send(engine, times=50, rows=1)

    assert len(seen) == 1


def test_a_shadow_answers_the_same_rows_and_reports_how_far_it_agrees(engine, credit_file):
    engine.add("credit", 2, keramos.load(credit_file))
    engine.set_labels("credit", {"candidate": 2})
    shadow = Shadow(engine, "credit@candidate=1.0")
    engine.observers.add(shadow)

    send(engine, times=3, rows=10)

    (found,) = shadow.look()
    assert (found.version, found.candidate, found.rows) == (1, 2, 30)
    assert found.agreement == 1.0
    assert found.largest_difference == 0.0
    assert found.seconds > 0
    assert engine.get(ModelRef("credit", 2)).counts.rows == 0


def test_a_shadow_takes_its_share_of_runs(engine, credit_file):
    engine.add("credit", 2, keramos.load(credit_file))
    shadow = Shadow(engine, "credit@2=0.1")
    engine.observers.add(shadow)

    for _ in range(5):
        send(engine, times=200, rows=1)

    assert 60 <= shadow.look()[0].rows <= 140


def test_a_shadow_that_cannot_answer_is_counted_and_clients_are_answered(engine, shared):
    engine.add(
        "credit",
        2,
        keramos.load(shared / "museum" / "keras-2.2.4-tensorflow" / "resnet_block.hdf5"),
    )
    shadow = Shadow(engine, "credit@2=1")
    engine.observers.add(shadow)

    send(engine, times=2)

    (found,) = shadow.look()
    assert (found.failures, found.rows) == (2, 0)
    assert found.last_failure


@pytest.mark.parametrize(
    "wish", ["credit", "credit@2", "credit@2=0", "credit@2=2", "credit@2=x", "@2=0.5"]
)
def test_an_invalid_shadow_is_refused_with_an_example(wish, engine):
    with pytest.raises(UsageError, match=r"credit@candidate=0\.1"):
        Shadow(engine, wish)
