"""A layer from outside the package: its class, its record, its lowering and one call register it.

Everything about it stands in this file, and it passes the suite of every other layer.
"""

import keras
import pytest

import keramos
from keramos.compile.layers import register
from keramos.errors import KeramosError, UsageError
from keramos.keras_layers.options import ACTIVATION, FLAG, NUMBER
from keramos.keras_layers.spec import LayerSpec, Weight
from support.layer_suite import LayerSuite

pytestmark = pytest.mark.filterwarnings("ignore")


@keras.saving.register_keras_serializable(package="examples")
class Gain(keras.layers.Layer):
    """activation(x * gain ** power + shift)."""

    def __init__(self, power=1.0, use_shift=True, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.power, self.use_shift = power, use_shift
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")
        if self.use_shift:
            self.shift = self.add_weight(shape=(shape[-1],), name="shift", trainable=False)

    def call(self, x):
        y = x * self.gain**self.power
        return self.activation(y + self.shift if self.use_shift else y)

    def get_config(self):
        own = {"power": self.power, "use_shift": self.use_shift}
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), **own, "activation": activation}


SPEC = LayerSpec(
    options={"power": NUMBER(1.0), "use_shift": FLAG(True), "activation": ACTIVATION},
    weights=(
        Weight("gain", "features"),
        Weight("shift", "features", when="use_shift", trained=False),
    ),
    mask="keep",
    floats=True,
    package="examples",
)


def gain(s, *, power=1.0, use_shift=True, activation=None):
    """The lowering: weights by the names of the record, nodes by the names of ONNX."""
    from keramos.compile.lowering.activation import activate

    y = s.g.op("Mul", s.x, s.float_weight("gain") ** power)
    y = s.g.op("Add", y, s.float_weight("shift")) if use_shift else y
    return activate(s.g, y, activation)


register("custom.Gain", SPEC, gain)


class TestGain(LayerSuite):
    kind, shape, keras_class = "custom.Gain", (4,), Gain
    configs = ({}, {"power": 2.0, "use_shift": False, "activation": "tanh"})


def test_a_class_is_registered_once():
    with pytest.raises(UsageError, match=r"custom\.Gain"):
        register("custom.Gain", SPEC, gain)
    with pytest.raises(UsageError, match="Dense"):
        register("Dense", SPEC, gain)


def test_an_option_that_its_record_does_not_have_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), Gain(power=2.0)]).save(path)
    changed = edited(path, b'"power": 2.0', b'"force": 2.0')
    with pytest.raises(KeramosError, match="force"):
        keramos.load(changed)


def edited(path, old, new):
    """The same archive with other words in its config."""
    import zipfile

    target = path.with_name("changed.keras")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, data.replace(old, new) if name == "config.json" else data)
    return target
