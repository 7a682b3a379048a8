"""Spectrograms of keras.layers.preprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.keras_layers.options import COUNT, DATA_FORMAT, FLAG, NUMBER, TEXT, words
from keramos.keras_layers.spec import LayerSpec, Weight

if TYPE_CHECKING:
    from keramos.types.network import Config


def _needs_real(config: Config) -> bool:
    return config.get("mode") != "imag"


def _needs_imaginary(config: Config) -> bool:
    return config.get("mode") != "real"


LAYERS = {
    "MelSpectrogram": LayerSpec(
        options={
            "fft_length": COUNT(2048),
            "sequence_stride": COUNT(512),
            "sequence_length": COUNT(None),
            "window": replace(TEXT("hann"), nullable=True),
            "sampling_rate": COUNT(16000),
            "num_mel_bins": COUNT(128),
            "min_freq": NUMBER(20.0),
            "max_freq": NUMBER(None),
            "power_to_db": FLAG(True),
            "top_db": NUMBER(80.0),
            "mag_exp": NUMBER(2.0),
            "min_power": NUMBER(1e-10),
            "ref_power": NUMBER(1.0),
        },
        floats=True,
    ),
    "STFTSpectrogram": LayerSpec(
        options={
            "mode": TEXT("log"),
            "frame_length": COUNT(256),
            "frame_step": COUNT(None),
            "fft_length": COUNT(None),
            "padding": words("valid", "same"),
            "expand_dims": FLAG(False),
            "data_format": DATA_FORMAT,
        },
        weights=(
            Weight("real_kernel", "frame_length 1 bins", when=_needs_real),
            Weight("imag_kernel", "frame_length 1 bins", when=_needs_imaginary),
        ),
        ignored=("window", "periodic", "scaling"),
        checked={
            "periodic": FLAG(False),
            "scaling": replace(words("density", "spectrum"), nullable=True),
        },
        floats=True,
    ),
}
