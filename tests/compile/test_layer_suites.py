"""The suite that every layer passes, for one class of each larger family."""

import pytest

from keramos.compile.layers.cells import gru_cell, lstm_cell
from support.layer_suite import LayerSuite

pytestmark = pytest.mark.filterwarnings("ignore")


class TestDense(LayerSuite):
    kind, shape = "Dense", (4,)
    configs = ({"units": 3}, {"units": 2, "use_bias": False, "activation": "relu"})


class TestConv2D(LayerSuite):
    kind, shape = "Conv2D", (6, 5, 4)
    configs = (
        {"filters": 3, "kernel_size": 2},
        {"filters": 4, "kernel_size": (3, 2), "groups": 2, "padding": "same"},
    )


class TestSeparableConv1D(LayerSuite):
    kind, shape = "SeparableConv1D", (6, 3)
    configs = ({"filters": 4, "kernel_size": 2, "depth_multiplier": 2},)


class TestBatchNormalization(LayerSuite):
    kind, shape = "BatchNormalization", (4,)
    configs = ({}, {"scale": False}, {"center": False})


class TestLSTM(LayerSuite):
    kind, shape, parts = "LSTM", (5, 3), (lstm_cell,)
    configs = ({"units": 2}, {"units": 3, "use_bias": False, "return_sequences": True})


class TestGRU(LayerSuite):
    kind, shape, parts = "GRU", (5, 3), (gru_cell,)
    configs = ({"units": 2},)


class TestPReLU(LayerSuite):
    kind, shape = "PReLU", (4,)
    configs = ({}, {"shared_axes": [1]})
