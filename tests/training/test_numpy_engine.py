"""The engine without Keras keeps every promise of an engine, and learns as Keras does."""

import subprocess
import sys

import numpy as np
import pytest

from keramos.training.numpy_engine import losses, optimizers
from keramos.training.numpy_engine.activations import ACTIVATIONS
from keramos.training.numpy_engine.fitting import Batches, evaluate, run_epoch
from keramos.training.numpy_engine.network import BatchNormalization, Dense, DenseNetwork
from support.engine_suite import EngineSuite

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 10)).astype("float32")
NUMBER = (2 * X[:, 0] + X[:, 1]).astype("float32")
COUNT = RNG.poisson(np.exp(X[:, 0] / 2)).astype("float32")
YES = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype("int64")
CLASS = np.digitize(X[:, 0], [-0.5, 0.5])
WEIGHTS = RNG.uniform(0.5, 2, 300).astype("float32")


class TestNumpy(EngineSuite):
    name = "numpy"


def keras_quantile(level):
    from keramos.training.keras_engine.losses import Quantile

    return Quantile(level)


def keras_loss(name):
    import keras

    return {
        "binary": (losses.binary_crossentropy(), "binary_crossentropy", YES, 1),
        "smoothed": (
            losses.binary_crossentropy(0.1),
            keras.losses.BinaryCrossentropy(label_smoothing=0.1),
            YES,
            1,
        ),
        "classes": (
            losses.categorical_crossentropy(),
            "sparse_categorical_crossentropy",
            CLASS,
            3,
        ),
        "squared": (losses.mean_squared_error(), "mean_squared_error", NUMBER, 1),
        "absolute": (losses.mean_absolute_error(), "mean_absolute_error", NUMBER, 1),
        "quantile": (losses.quantile(0.8), keras_quantile(0.8), NUMBER, 1),
        "huber": (losses.huber(0.7), keras.losses.Huber(0.7), NUMBER, 1),
        "poisson": (losses.poisson(), "poisson", COUNT, 1),
    }[name]


def keras_optimizer(name):
    import keras

    rate = optimizers.constant
    return {
        "sgd": (optimizers.SGD(rate(0.01)), keras.optimizers.SGD(0.01)),
        "momentum": (
            optimizers.SGD(rate(0.01), momentum=0.9),
            keras.optimizers.SGD(0.01, momentum=0.9),
        ),
        "nesterov": (
            optimizers.SGD(rate(0.01), momentum=0.9, nesterov=True),
            keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        ),
        "adam": (optimizers.Adam(rate(1e-3)), keras.optimizers.Adam(1e-3)),
        "adamw": (
            optimizers.Adam(rate(1e-3), decay=0.01),
            keras.optimizers.AdamW(1e-3, weight_decay=0.01),
        ),
    }[name]


def both_learn(activation, loss_name, optimizer_name, *, normalised=False, weights=None, epochs=3):
    """Losses by epoch and final weights: ours, then those of Keras."""
    import keras

    loss, theirs, targets, units = keras_loss(loss_name)
    optimizer, their_optimizer = keras_optimizer(optimizer_name)
    middle = [keras.layers.BatchNormalization()] if normalised else []
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(16, activation=activation),
            *middle,
            keras.layers.Dense(8, activation=activation),
            keras.layers.Dense(units, activation=loss.activation),
        ]
    )
    plan = [Dense(16, activation), Dense(8, activation), Dense(units)]
    network = DenseNetwork(10, [*plan[:1], *([BatchNormalization()] if middle else []), *plan[1:]])
    for array, theirs_array in zip(network.weights(), model.get_weights(), strict=True):
        array[:] = theirs_array
    batches = Batches(X, targets, 32, weights)
    ours = [run_epoch(network, batches, loss, optimizer)[0] for _ in range(epochs)]
    model.compile(their_optimizer, theirs)
    history = model.fit(
        X, targets, batch_size=32, epochs=epochs, shuffle=False, verbose=0, sample_weight=weights
    )
    return (ours, network.weights()), (history.history["loss"], model.get_weights())


def assert_the_same(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    for mine, their in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(mine, their, atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        *(
            (loss, "adam")
            for loss in ("binary", "smoothed", "classes", "absolute", "huber", "quantile")
        ),
        *(("poisson", name) for name in ("sgd", "momentum", "nesterov", "adam", "adamw")),
    ],
)
def test_losses_and_weights_are_those_of_keras_epoch_by_epoch(loss, optimizer):
    assert_the_same(*both_learn("relu", loss, optimizer, normalised=True, weights=WEIGHTS))


COMMON = {"elu", "gelu", "linear", "relu", "sigmoid", "tanh"} & ACTIVATIONS.keys()
RARE = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in sorted(ACTIVATIONS.keys() - COMMON - {"exponential"})
]


@pytest.mark.parametrize("activation", [*sorted(COMMON), *RARE])
def test_every_activation_learns_as_in_keras(activation):
    assert_the_same(*both_learn(activation, "squared", "adam"))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_derivative_of_every_activation_is_its_slope(activation):
    x = np.concatenate([np.linspace(-5, 5, 41), [-20, 20]])
    step = 1e-6
    function = ACTIVATIONS[activation].apply

    numeric = (function(x + step) - function(x - step)) / (2 * step)
    corners = np.isin(np.abs(x), [0, 3]) | (x == 6)  # where the slope jumps
    slope = ACTIVATIONS[activation].slope(x, function(x))

    np.testing.assert_allclose(slope[~corners], numeric[~corners], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_the_pinball_loss_is_smallest_at_its_quantile(level):
    y = RNG.normal(size=2001)
    loss = losses.quantile(level)
    network = DenseNetwork(1, [Dense(1)])
    network.parameters[:] = 0
    x = np.zeros((len(y), 1), "float32")
    optimizer = optimizers.SGD(optimizers.constant(0.5))

    for _ in range(400):
        run_epoch(network, Batches(x, y, len(y)), loss, optimizer)

    assert evaluate(network, x[:1], y[:1], loss)[1][0, 0] == pytest.approx(
        np.quantile(y, level), abs=0.06
    )


def test_the_cosine_schedule_warms_up_and_ends_at_zero():
    rate = optimizers.cosine(0.1, 100, warmup=0.1)

    rates = [rate(step) for step in range(100)]

    assert rates[:10] == pytest.approx(np.linspace(0.01, 0.1, 10))
    assert rates[10] == 0.1
    assert np.all(np.diff(rates[10:]) < 0)
    assert rates[-1] < 1e-4


def test_training_imports_neither_keras_nor_tensorflow(tmp_path):
    code = (
        "import sys, keramos, numpy as np\n"
        "x = np.random.default_rng(0).random(100)\n"
        "run = keramos.train({'a': x, 'y': np.where(x > .5, 'p', 'n')}, 'y', engine='numpy')\n"
        "run.save(sys.argv[1])\n"
        "print(sorted({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "m.h5"], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
