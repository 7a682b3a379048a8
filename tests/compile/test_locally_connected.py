"""Locally connected layers as Keras 2 computes them: drawn windows, every way to store a kernel."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import keramos
from keramos.errors import UnsupportedModelError
from support.drawing import PLAIN

tf_keras = pytest.importorskip("tf_keras", reason="tf-keras computes what Keras 2 computed")
pytestmark = pytest.mark.filterwarnings("ignore")
AXIS = st.tuples(st.integers(2, 7), st.integers(1, 5), st.integers(1, 3))
"""Size, kernel and stride along one axis."""


def saved(kind, shape, path, seed=0, **options):
    """The answers of a model of one layer, which is saved at a path, and the rows."""
    x = tf_keras.Input(shape)
    model = tf_keras.Model(x, getattr(tf_keras.layers, kind)(**options)(x))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    model.save(path)
    rows = rng.normal(size=(2, *shape)).astype("float32")
    return rows, model(rows).numpy()


@pytest.mark.parametrize("implementation", [1, 2, 3])
@pytest.mark.parametrize("axes", [1, 2])
def test_any_window_answers_as_in_keras_2(axes, implementation, tmp_path):
    @PLAIN
    @given(
        space=st.lists(AXIS, min_size=axes, max_size=axes),
        padding=st.sampled_from(["valid"] if implementation == 1 else ["same", "valid"]),
        data_format=st.sampled_from(["channels_last", "channels_first"]),
        use_bias=st.booleans(),
        container=st.sampled_from([".h5", ".keras"]),
    )
    def answers(space, padding, data_format, use_bias, container):
        assume(padding == "same" or all(size >= kernel for size, kernel, _ in space))
        sizes = tuple(size for size, _, _ in space)
        rows, expected = saved(
            f"LocallyConnected{axes}D",
            (*sizes, 2) if data_format == "channels_last" else (2, *sizes),
            tmp_path / f"model{container}",
            filters=3,
            kernel_size=[kernel for _, kernel, _ in space],
            strides=[stride for _, _, stride in space],
            padding=padding,
            data_format=data_format,
            use_bias=use_bias,
            implementation=implementation,
            activation="tanh",
        )
        actual = keramos.load(tmp_path / f"model{container}").predict(rows)
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)

    answers()


@pytest.mark.parametrize("implementation", [2, 3])
@pytest.mark.parametrize("kernel", range(1, 6))
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_window_with_padding_same_begins_half_a_kernel_before_its_centre(
    stride, kernel, implementation, tmp_path
):
    for size in (4, 5, 6):
        options = {"strides": stride, "padding": "same", "implementation": implementation}
        path = tmp_path / "model.h5"
        rows, expected = saved(
            "LocallyConnected1D", (size, 2), path, filters=2, kernel_size=kernel, **options
        )
        np.testing.assert_allclose(keramos.load(path).predict(rows), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("option", "value"), [("padding", "same"), ("padding", "causal"), ("implementation", 4)]
)
def test_values_that_no_keras_takes_are_refused_by_name(option, value, tmp_path):
    import h5py

    path = tmp_path / "model.h5"
    saved("LocallyConnected1D", (5, 2), path, filters=2, kernel_size=2)
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"]
        known = {"padding": '"padding": "valid"', "implementation": '"implementation": 1'}[option]
        written = f'"{option}": "{value}"' if isinstance(value, str) else f'"{option}": {value}'
        assert known in config
        file.attrs["model_config"] = config.replace(known, written)

    with pytest.raises(UnsupportedModelError) as refusal:
        keramos.load(path)

    assert refusal.value.where.option == option
