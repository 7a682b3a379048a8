"""Spectrograms of keras.layers.preprocessing: sound -> energy by frequency, or in bands of pitch,
over time.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.spatial import known
from keramos.compile.onnx.sizes import reshape, size
from keramos.compile.operations.elementwise import arctan2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Graph, Value

    Numbers = NDArray[np.float64]

_LEAST = 1e-7  # keras.config.epsilon()
_WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}


def _mel(hertz: Numbers) -> Numbers:
    """Pitch by frequency, as the Hidden Markov Model Toolkit has it."""
    return 1127.0 * np.log1p(hertz / 700.0)


def _bands(bins: int, rate: float, count: int, low: float, high: float) -> Numbers:
    """(bins, count) triangles of height 1 that overlap by half, even in pitch; the constant bin has
    no part.
    """
    pitch = _mel(np.linspace(0, rate / 2, bins)[1:])[:, None]
    edges = np.linspace(_mel(np.array(low)), _mel(np.array(high)), count + 2)
    up = (pitch - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - pitch) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(0, np.minimum(up, down)), ((1, 0), (0, 0)))


def _waves(length: int, sequence: int, window: str | None) -> tuple[Numbers, Numbers]:
    """Cosines and sines (bins, 1, length) under a window in the middle, which TensorFlow makes
    periodic where its length is even, and symmetric where it is odd.
    """
    constant, swing = _WINDOWS[window] if window and sequence > 1 else (1.0, 0.0)
    period = max(sequence - sequence % 2, 1)
    shape = constant - swing * np.cos(2 * np.pi * np.arange(sequence) / period)
    before = (length - sequence) // 2
    shape = np.pad(shape, (before, length - sequence - before))
    angles = 2 * np.pi * np.outer(np.arange(length // 2 + 1), np.arange(length)) / length
    return (np.cos(angles) * shape)[:, None], (-np.sin(angles) * shape)[:, None]


def mel_spectrogram(
    s: LayerCall,
    *,
    fft_length: int = 2048,
    sequence_stride: int = 512,
    sequence_length: int | None = None,
    window: str | None = "hann",
    sampling_rate: int = 16000,
    num_mel_bins: int = 128,
    min_freq: float = 20.0,
    max_freq: float | None = None,
    power_to_db: bool = True,
    top_db: float = 80.0,
    mag_exp: float = 2.0,
    min_power: float = 1e-10,
    ref_power: float = 1.0,
) -> Value:
    """(rows, samples) -> (rows, bands, frames); in decibels the loudest value of all rows
    counts.
    """
    if s.x.rank != 2 or (window is not None and window not in _WINDOWS):
        raise s.unsupported(
            "window", window, "rows of samples under a hann, a hamming or no window are"
        )
    g, half = s.g, fft_length // 2
    x = g.op("Pad", s.x, [0, half, 0, half], mode="reflect")
    x = g.op("Unsqueeze", x, [1])
    g.reserve_constants("waves", 3, half + 1, max(fft_length, sequence_length or 0))
    g.reserve_constants("bands", half + 1, num_mel_bins)
    # Without a window Keras takes whole frames, whatever the length of a sequence.
    covered = (sequence_length if window else None) or fft_length
    waves = _waves(fft_length, covered, window)
    parts = [g.op("Conv", x, wave.astype("float32"), strides=[sequence_stride]) for wave in waves]
    power = g.op("Add", *(g.op("Mul", part, part) for part in parts))
    power = g.op("Pow", g.op("Sqrt", power), float(mag_exp))
    bands = _bands(half + 1, sampling_rate, num_mel_bins, min_freq, max_freq or sampling_rate / 2)
    y = g.op("MatMul", bands.T.astype("float32"), power)
    return _decibels(s, y, min_power, ref_power, top_db) if power_to_db else y


def _decibels(s: LayerCall, x: Value, min_power: float, ref_power: float, top_db: float) -> Value:
    g, factor = s.g, 10 / log(10)
    y = g.op("Mul", g.op("Log", g.op("Max", x, float(min_power))), factor)
    y = g.op("Sub", y, float(factor * np.log(max(abs(ref_power), min_power))))
    loudest = g.op("ReduceMax", y, list(range(y.rank)), keepdims=1)
    return g.op("Max", y, g.op("Sub", loudest, float(top_db)))


def stft_spectrogram(
    s: LayerCall,
    *,
    mode: str = "log",
    frame_length: int = 256,
    frame_step: int | None = None,
    fft_length: int | None = None,
    padding: str = "valid",
    expand_dims: bool = False,
    data_format: str | None = "channels_last",
) -> Value:
    """(rows, samples, channels) -> (rows, frames, channels x frequencies) by learned waves, as
    ``mode`` wants them.
    """
    if mode not in _MODES:
        raise s.unsupported("mode", mode, f"one of {', '.join(_MODES)} is")
    g, last = s.g, data_format != "channels_first"
    bins = (fft_length or 1 << (frame_length - 1).bit_length()) // 2 + 1
    x = g.op("Transpose", s.x, perm=[0, 2, 1]) if last else s.x
    channels = known(x.shape[1], "channels")
    x = reshape(g, x, -1, 1, size(x, 2))
    parts = []
    for name in _MODES[mode]:
        waves = s.float_weight(f"{name}_kernel", bins=bins).transpose(2, 1, 0)
        pads = "SAME_UPPER" if padding == "same" else "VALID"
        parts.append(
            g.op("Conv", x, waves, strides=[frame_step or frame_length // 2], auto_pad=pads)
        )
    y = _measured(g, mode, parts)
    y = reshape(g, y, -1, channels, size(y, 1), size(y, 2))
    return _arranged(g, y, last=last, expand_dims=expand_dims)


_MODES = {
    "angle": ("real", "imag"),
    "imag": ("imag",),
    "log": ("real", "imag"),
    "magnitude": ("real", "imag"),
    "psd": ("real", "imag"),
    "real": ("real",),
    "stft": ("real", "imag"),
}
"""What a spectrogram shows -> kernels that it needs."""


def _measured(g: Graph, mode: str, parts: Sequence[Value]) -> Value:
    """(rows, frequencies, frames) of real and imaginary parts -> what the mode shows of them."""
    if len(parts) == 1:
        return parts[0]
    if mode == "stft":
        return g.op("Concat", *parts, axis=1)
    if mode == "angle":
        return arctan2(g, parts[1], parts[0])
    power = g.op("Add", *(g.op("Mul", part, part) for part in parts))
    if mode == "psd":
        twice = np.full((1, known(power.shape[1], "frequencies"), 1), 2, "float32")
        twice[:, [0, -1]] = 1  # all frequencies but the lowest and the highest stand for two
        return g.op("Mul", power, twice)
    magnitude = g.op("Sqrt", g.op("Max", power, _LEAST))
    return magnitude if mode == "magnitude" else g.op("Log", g.op("Max", magnitude, _LEAST))


def _arranged(g: Graph, y: Value, *, last: bool, expand_dims: bool) -> Value:
    """(rows, channels, frequencies, frames) in the order that the layer's options want."""
    if expand_dims:
        return g.op("Transpose", y, perm=[0, 3, 2, 1] if last else [0, 1, 3, 2])
    together = known(y.shape[1], "channels") * known(y.shape[2], "frequencies")
    y = reshape(g, y, -1, together, size(y, 3))
    return g.op("Transpose", y, perm=[0, 2, 1]) if last else y


LAYERS: dict[str, Build] = {
    "MelSpectrogram": mel_spectrogram,
    "STFTSpectrogram": stft_spectrogram,
}
