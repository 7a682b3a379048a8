"""Family e: configs that would make large constants, long graphs or many copies of weights out of a
few numbers.
"""

from __future__ import annotations

from functools import partial

from hostile.honest import (
    BOUND,
    CODE,
    Case,
    archive,
    dense,
    functional,
    h5,
    keras_config,
    layer,
    sequential,
    source,
)

_HUGE = 10**9
_REFUSED = (*BOUND, "UnsupportedModelError")


def _ops(name: str, shape: tuple[object, ...], module: str, arguments: dict[str, object]) -> bytes:
    """A Keras 3 model of one function of keras.ops."""
    node = {"args": [_tensor("x", shape)], "kwargs": arguments}
    part = {
        "module": f"keras.src.ops.{module}",
        "class_name": name,
        "config": {"name": "part"},
        "registered_name": name,
        "name": "part",
        "inbound_nodes": [node],
    }
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"name": "x", "batch_shape": list(shape), "dtype": "float32"},
        "registered_name": None,
        "name": "x",
        "inbound_nodes": [],
    }
    body = {
        "name": "model",
        "layers": [first, part],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["part", 0, 0]],
    }
    config = {
        "module": "keras",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": body,
    }
    return archive(config, {})


def _tensor(name: str, shape: tuple[object, ...]) -> dict[str, object]:
    history = {"shape": list(shape), "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def _tf(symbol: str, shape: tuple[object, ...] = (None, 4), **arguments: object) -> bytes:
    """A Keras 2 model of one TensorFlow call."""
    part = layer("TFOpLambda", "part", function=symbol)
    node = {**part, "name": "part", "inbound_nodes": [["x", 0, 0, arguments]]}
    return h5(functional([source(shape=shape), node], [["x", 0, 0]], [["part", 0, 0]]), {})


_ROW, _STEPS, _IMAGE = (None, 4), (None, 8, 4), (None, 8, 8, 3)

FUNCTIONS = {
    "Tile": ("numpy", _ROW, {"repeats": [1, _HUGE]}),
    "Repeat": ("numpy", _ROW, {"repeats": _HUGE, "axis": 1}),
    "Repeat of each": ("numpy", _ROW, {"repeats": [_HUGE] * 4, "axis": 1}),
    "BroadcastTo": ("numpy", (2, 1), {"shape": [2, _HUGE]}),
    "Pad symmetric": ("numpy", _ROW, {"pad_width": [[0, 0], [0, _HUGE]], "mode": "symmetric"}),
    "Pad": ("numpy", _ROW, {"pad_width": [[0, 0], [_HUGE, 0]]}),
    "Diff": ("numpy", _ROW, {"n": _HUGE}),
    "ArraySplit": ("numpy", _ROW, {"indices_or_sections": _HUGE, "axis": 1}),
    "Split": ("numpy", _ROW, {"indices_or_sections": _HUGE, "axis": 1}),
    "Unstack": ("core", _ROW, {"num": _HUGE, "axis": 1}),
    "OneHot": ("nn", _ROW, {"num_classes": _HUGE}),
    "AdaptiveAveragePool": ("nn", _STEPS, {"output_size": [_HUGE]}),
    "Unfold": ("nn", (None, 3, 8, 8), {"kernel_size": [20_000, 20_000], "padding": 20_000}),
    "RFFT": ("math", _ROW, {"fft_length": _HUGE}),
    "ExtractSequences": ("math", _ROW, {"sequence_length": 2, "sequence_stride": 1}),
    "ExtractPatches": ("image", _IMAGE, {"size": [9000, 9000], "padding": "same"}),
    "GaussianBlur": ("image", _IMAGE, {"kernel_size": [30_001, 30_001]}),
    "Resize": ("image", _IMAGE, {"size": [_HUGE, 2]}),
    "ZerosLike of long text": ("numpy", (None, 4), {"dtype": "S2000000000"}),
}
_HARMLESS = ("ExtractSequences",)

CALLS = {
    "tile": {"multiples": [1, _HUGE]},
    "sequence_mask": {"maxlen": _HUGE},
    "one_hot": {"depth": _HUGE},
    "image.resize": {"size": [_HUGE, 2]},
    "linspace": {"stop": 1.0, "num": _HUGE},
    "eye": {"num_columns": _HUGE},
    "ones": {"dtype": "float32"},
    "fill": {"value": 1.0},
    "range": {"limit": _HUGE},
    "repeat": {"repeats": _HUGE, "axis": 1},
    "zeros": {},
}


def _functions() -> list[Case]:
    found = []
    for name, (module, shape, arguments) in FUNCTIONS.items():
        expected = ("open",) if name in _HARMLESS else _REFUSED
        make = partial(_ops, name.split()[0], shape, module, arguments)
        found.append(
            Case(f"e {name} of 10^9 keras", expected, make, "" if name in _HARMLESS else "part")
        )
    for symbol, arguments in CALLS.items():
        shape = _IMAGE if "image" in symbol else _ROW
        found.append(
            Case(
                f"e tf.{symbol} of 10^9 h5",
                _REFUSED,
                partial(_tf, symbol, shape, **arguments),
                "part",
            )
        )
    return found


def _layers() -> list[Case]:
    sound = layer("MelSpectrogram", "part", fft_length=1 << 30, sequence_length=1 << 30)
    bands = layer("MelSpectrogram", "part", num_mel_bins=_HUGE)
    words = layer("StringLookup", "part", vocabulary=["a"], num_oov_indices=60_000_000)
    images = [layer("Resizing", f"part_{i}", height=3000 + i, width=3000 + i) for i in range(12)]
    made = {
        "waves of 2^30": (sequential(sound, shape=(None, 4)), "float32"),
        "10^9 bands": (sequential(bands, shape=(None, 4)), "float32"),
        "60 million unknown words": (sequential(words, shape=(None, 1), dtype="string"), "string"),
        "twelve large resizings": (sequential(*images, shape=(None, 3000, 3000, 1)), "float32"),
    }
    return [
        Case(f"e {name} keras", _REFUSED, partial(archive, keras_config(config), {}), "part")
        for name, (config, _) in made.items()
    ]


def _shared() -> list[Case]:
    """One layer of a million weights called three thousand times: a small file, a graph of
    gigabytes.
    """
    before, nodes = "x", []
    for number in range(3000):
        nodes.append([[before, number - 1 if number else 0, 0, {}]])
        before = "dense"
    part = {**dense(units=1000), "name": "dense", "inbound_nodes": nodes}
    config = functional([source(shape=(None, 1000)), part], [["x", 0, 0]], [["dense", 2999, 0]])
    weights = {"dense": {"kernel:0": [1000, 1000], "bias:0": [1000]}}
    return [
        Case("e one layer called 3000 times h5", _REFUSED, partial(h5, config, weights), "dense")
    ]


def _merge(mode: str, kind: str) -> bytes:
    branch = {"class_name": "Sequential", "config": [_old_dense("left")]}
    other = {"class_name": "Sequential", "config": [_old_dense("right")]}
    merge = {"name": "merge_1", "mode": mode, "mode_type": kind, "concat_axis": -1, "dot_axes": -1}
    first = {"class_name": "Merge", "config": {**merge, "layers": [branch, other]}}
    weights = {name: {f"{name}_W": [4, 3], f"{name}_b": [3]} for name in ("left", "right")}
    config = {"class_name": "Sequential", "config": [first]}
    return h5(config, weights, keras_version="1.2.2")


def _old_dense(name: str) -> dict[str, object]:
    options = {
        "name": name,
        "output_dim": 3,
        "activation": "relu",
        "bias": True,
        "batch_input_shape": [None, 4],
    }
    return {"class_name": "Dense", "config": {**options, "input_dtype": "float32"}}


def _merges() -> list[Case]:
    return [
        Case(
            "e a Merge by a lambda h5", CODE, partial(_merge, "\x00c\x00code", "lambda"), "merge_1"
        ),
        Case(
            "e a Merge by a function h5", CODE, partial(_merge, "my_merge", "function"), "merge_1"
        ),
        Case("e a Merge by sum h5", ("open",), partial(_merge, "sum", "raw"), ""),
    ]


def cases() -> list[Case]:
    """All of the family."""
    return [*_functions(), *_layers(), *_shared(), *_merges()]
