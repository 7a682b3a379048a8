"""Comparing a model that hypothesis drew: saved by Keras, read as data, compiled, and run beside
Keras.
"""

import keras
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session

PLAIN = settings(
    deadline=None,
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CONTAINER = st.sampled_from([".keras", ".h5"])


def _drawn_weights(model, seed):
    """Weights between 0.1 and 1, so that no variance is negative; whole numbers stay."""
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.1, 1.0, old.shape) if old.dtype.kind == "f" else old
        for old in model.get_weights()
    ]


def compare(model, feeds, path, seed=0, tolerance=1e-5):
    """Keramos answers for the saved model as Keras does, in every output."""
    model.set_weights(_drawn_weights(model, seed))
    model.save(path)
    compiled = compile_network(read(path).network)
    wanted = [feeds[spec.name] for spec in compiled.inputs]
    expected = model(wanted[0] if len(wanted) == 1 else wanted, training=False)
    expected = [
        np.asarray(part)
        for part in (expected if isinstance(expected, list | tuple) else [expected])
    ]
    keras.backend.clear_session(free_memory=False)  # a collection takes longer than the model
    actual = Session(compiled).run(
        dict(zip((spec.name for spec in compiled.inputs), wanted, strict=True))
    )
    for mine, theirs in zip(actual, expected, strict=True):
        assert mine.shape == theirs.shape
        largest = max(1.0, float(np.abs(theirs.astype(float)).max(initial=0)))
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * largest)
