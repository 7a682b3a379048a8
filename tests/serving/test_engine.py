"""The registry: what is served, swapped and observed."""

import numpy as np
import pytest

from keramos.errors import NotReadyError, NotServedError
from keramos.pipeline.load import load
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef, State, VersionStatus


@pytest.fixture(scope="module")
def model(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("engine") / "credit.keras"
    credit_run.save(path)
    return load(path)


def test_the_newest_available_version_answers_unless_one_is_named(model):
    engine = ModelRegistry()
    for version in (9, 10):
        engine.add("credit", version, model)
    engine.report("credit", VersionStatus(11, State.LOADING))

    assert engine.get(ModelRef("credit")).version == 10
    assert engine.get(ModelRef("credit", 9)).version == 9
    assert [status.version for status in engine.statuses("credit")] == [11, 10, 9]
    with pytest.raises(NotReadyError, match="version 11 of model 'credit' is LOADING"):
        engine.get(ModelRef("credit", 11))


def test_labels_name_versions(model):
    engine = ModelRegistry()
    engine.add("credit", 3, model)
    engine.set_labels("credit", {"stable": 3, "canary": 4})

    assert engine.get(ModelRef("credit", label="stable")).version == 3
    with pytest.raises(NotServedError, match="no version 4"):
        engine.get(ModelRef("credit", label="canary"))
    with pytest.raises(NotServedError, match="no label 'blue'; it has 'canary', 'stable'"):
        engine.get(ModelRef("credit", label="blue"))


def test_a_removed_version_stays_known_and_ends_for_new_requests_only(model):
    engine = ModelRegistry()
    held = engine.add("credit", 1, model)
    engine.remove("credit", 1, code="ABORTED", message="taken away")

    assert len(held.model.decide([row(model)])) == 1
    assert engine.statuses("credit") == (VersionStatus(1, State.END, "ABORTED", "taken away"),)
    with pytest.raises(NotReadyError, match="taken away"):
        engine.get(ModelRef("credit"))
    with pytest.raises(NotServedError, match="no model 'other' is served here; served: 'credit'"):
        engine.get(ModelRef("other"))


def test_observers_see_inputs_and_outputs_and_cannot_break_answers(model):
    engine, seen = ModelRegistry(), []

    def broken(*_):
        raise RuntimeError("no")

    engine.observers.add(broken)
    engine.observers.add(lambda *run: seen.append(run))
    served = engine.add("credit", 1, model)
    fed = model.feeds([row(model)] * 2)
    outputs = engine.run(served, fed)
    engine.observers.wait()

    name, version, feeds, answers = seen[0]
    assert (name, version) == ("credit", 1)
    assert feeds is fed
    assert np.array_equal(answers[0], outputs[0])
    assert served.counts.rows == 2


def row(model):
    from keramos.datasets import GERMAN_CREDIT

    head, first = GERMAN_CREDIT.read_text().splitlines()[:2]
    cells = dict(zip(head.split(","), first.split(","), strict=True))
    return {column.name: cells[column.name] for column in model.content.schema.columns}
