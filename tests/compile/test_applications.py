"""Every architecture of keras.applications with random weights, against Keras itself."""

import keras
import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session

LARGE = ("NASNetLarge", "ConvNeXtXLarge")
"""More than a gigabyte of random weights; their small sisters have the same layers."""
ARCHITECTURES = sorted(
    name
    for name in dir(keras.applications)
    if name[0].isupper() and callable(getattr(keras.applications, name)) and name not in LARGE
)


def calm(model):
    """Smaller kernels and some bias: in deep networks with fresh weights rounding grows from layer
    to layer.
    """
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            w * 0.6 if w.ndim > 1 else w + rng.uniform(-0.1, 0.1, w.shape)
            for w in model.get_weights()
        ]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_application_answers_as_in_keras(name, tmp_path):
    options = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
    model = getattr(keras.applications, name)(
        weights=None, classes=10, classifier_activation=None, **options
    )
    calm(model)
    path = tmp_path / "model.keras"
    model.save(path)
    shape = model.input_shape[1:]
    images = np.random.default_rng(0).uniform(0, 255, (1, *shape)).astype("float32")
    expected = np.asarray(model(images, training=False))
    keras.backend.clear_session()
    del model

    compiled = compile_network(read(path).network)
    actual = Session(compiled).run({compiled.inputs[0].name: images})[0]

    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(
        actual, expected, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(expected).max()))
    )
