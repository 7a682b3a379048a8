"""Requests share a run only where that cannot change an answer."""

import asyncio

import numpy as np
import pytest

from keramos.pipeline.load import load
from keramos.serving.batching.arrays import ArrayBatcher
from keramos.serving.registry.registry import ModelRegistry
from keramos.serving.registry.warming import rows_stand_alone
from support.served_models import matrix_model, mixed_model, plain_model


@pytest.fixture(scope="module")
def centred(tmp_path_factory):
    """A model whose answer for a row depends on the rows beside it."""
    import keras

    rows = keras.Input((4,), name="x")
    path = tmp_path_factory.mktemp("centred") / "model.keras"
    keras.Model(rows, rows - keras.ops.mean(rows, axis=0, keepdims=True)).save(path)
    return load(path)


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    """A model that makes two rows of one."""
    import keras

    rows = keras.Input((4,), name="x")
    path = tmp_path_factory.mktemp("halved") / "model.keras"
    keras.Model(rows, keras.ops.reshape(rows, (-1, 2))).save(path)
    return load(path)


def test_a_model_that_changes_the_number_of_rows_shares_no_run(halved):
    assert not rows_stand_alone(halved)
    assert ModelRegistry().add("halved", 1, halved).types is None


def test_rows_that_stand_alone_are_told_from_rows_that_do_not(centred):
    assert all(rows_stand_alone(model()) for model in (matrix_model, mixed_model, plain_model))
    assert not rows_stand_alone(centred)


def test_requests_for_a_model_over_all_rows_keep_to_themselves(centred):
    engine = ModelRegistry()
    served = engine.add("centred", 1, centred)
    batches = [
        np.random.default_rng(seed).uniform(size=(2, 4)).astype("float32") for seed in range(3)
    ]

    async def ask():
        ticks = ArrayBatcher(engine)
        return await asyncio.gather(*(ticks.run(served, {"x": rows}) for rows in batches))

    for rows, outputs in zip(batches, asyncio.run(ask()), strict=True):
        assert np.allclose(outputs[0], rows - rows.mean(axis=0), atol=1e-6)
    assert served.types is None, "the hot path of HTTP shares runs too"
