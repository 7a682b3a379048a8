"""What every layer must hold: its record, its lowering and real Keras agree.

A subclass states ``kind``, ``shape`` and ``configs``; pytest runs the tests below for it. A layer
that Keras does not have also states ``keras_class`` and registers itself where it is defined.
"""

import inspect

import keras
import numpy as np
import pytest

import keramos
from keramos.compile.layers import lowering_of
from keramos.keras_layers.registry import spec_of


class LayerSuite:
    """``shape`` is that of the input without the rows; ``configs`` are arguments of the class."""

    kind: str
    shape: tuple[int, ...]
    configs: tuple[dict[str, object], ...]
    keras_class: type[keras.layers.Layer] | None = None
    parts: tuple[object, ...] = ()
    """Functions that the lowering hands further options to."""

    def _model(self, config: dict[str, object]) -> keras.Model:
        """A model of this layer alone, with weights that differ from those it begins with."""
        keras.utils.set_random_seed(0)
        inputs = keras.Input(self.shape)
        build = self.keras_class or getattr(keras.layers, self.kind)
        model = keras.Model(inputs, build(**config)(inputs))
        draw = np.random.default_rng(0)
        model.set_weights([draw.uniform(0.1, 1.0, w.shape) for w in model.get_weights()])
        return model

    def _rows(self) -> np.ndarray:
        return np.random.default_rng(1).normal(size=(3, *self.shape)).astype("float32")

    def _sizes(self, config: dict[str, object]) -> dict[str, int | tuple[int, ...] | None]:
        """Sizes of the input that shapes of the record name."""
        first = config.get("data_format") == "channels_first"
        last = self.shape[-1]
        return {"features": last, "channels": self.shape[0] if first else last, "sizes": (last,)}

    def test_the_class_has_a_record_and_a_lowering(self):
        assert spec_of(self.kind) is not None
        assert lowering_of(self.kind) is not None

    def test_parameters_and_defaults_of_the_lowering_are_those_of_the_record(self):
        found = {}
        for function in (lowering_of(self.kind), *self.parts):
            for name, one in inspect.signature(function).parameters.items():
                if one.kind is inspect.Parameter.KEYWORD_ONLY:
                    found[name] = ... if one.default is inspect.Parameter.empty else one.default
        assert found == {name: one.default for name, one in spec_of(self.kind).options.items()}

    def test_options_that_keras_writes_are_ones_that_the_record_allows(self):
        for config in self.configs:
            written = self._model(config).layers[-1].get_config()
            for name, option in spec_of(self.kind).options.items():
                value = written.get(name)
                stored = list(value) if isinstance(value, tuple) else value
                if name in written and not isinstance(value, dict):
                    assert option.fault(stored) is None, name

    def test_weights_have_the_order_and_shapes_that_keras_builds(self):
        for config in self.configs:
            layer, spec = self._model(config).layers[-1], spec_of(self.kind)
            known = {**layer.get_config(), **config}
            weights = spec.weights_of(known)
            assert [w.trainable for w in layer.weights] == [one.trained for one in weights]
            for built, one in zip(layer.weights, weights, strict=True):
                assert one.name.endswith(built.name)
                shape = one.shape and spec.shape(one.shape, known, self._sizes(known))
                if shape:
                    pairs = zip(built.shape, shape, strict=True)
                    assert all(size in (None, real) for real, size in pairs), one.name

    @pytest.mark.parametrize("container", [".keras", ".h5"])
    def test_files_of_keras_are_answered_as_keras_does(self, container, tmp_path):
        for number, config in enumerate(self.configs):
            model, path = self._model(config), tmp_path / f"model{number}{container}"
            model.save(path)
            self._compare(model, keramos.load(path))

    @pytest.mark.parametrize("container", [".keras", ".h5"])
    def test_files_of_keramos_are_opened_by_keras(self, container, tmp_path):
        for number, config in enumerate(self.configs):
            model, source = self._model(config), tmp_path / f"model{number}.keras"
            model.save(source)
            path = tmp_path / f"written{number}{container}"
            keramos.convert(source, path)
            expected = self._answers(model)
            written = self._answers(keras.models.load_model(path))
            np.testing.assert_allclose(written, expected, rtol=1e-5, atol=1e-6)
            self._compare(model, keramos.load(path))

    def test_a_weight_of_another_shape_is_refused_by_name(self, tmp_path):
        from dataclasses import replace

        from keramos.artifact.read import read
        from keramos.compile.emit import compile_network
        from keramos.errors import MismatchError

        for number, config in enumerate(self.configs):
            path = tmp_path / f"model{number}.keras"
            self._model(config).save(path)
            network = read(path).network
            name, layer = list(network.layers.items())[-1]
            for place, weight in enumerate(layer.weights):
                wrong = (*layer.weights[:place], weight[..., None], *layer.weights[place + 1 :])
                layers = {**network.layers, name: replace(layer, weights=wrong)}
                with pytest.raises(MismatchError, match=name):
                    compile_network(replace(network, layers=layers))

    def _compare(self, model: keras.Model, opened: keramos.Model) -> None:
        found = opened.predict(self._rows())
        np.testing.assert_allclose(found, self._answers(model), rtol=1e-5, atol=1e-6)

    def _answers(self, model: keras.Model) -> np.ndarray:
        """A call: ``predict`` would trace a function of TensorFlow for each model."""
        return np.asarray(model(self._rows(), training=False))
