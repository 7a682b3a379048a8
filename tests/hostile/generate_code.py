"""Family a: files that try to run code, import modules or read other files. A payload only ever
creates a marker.
"""

from __future__ import annotations

import base64
import json
import marshal
import pickle
from functools import partial
from pathlib import Path

from hostile.honest import (
    CODE,
    CONFIG,
    NO_MODEL,
    UNSAFE,
    Case,
    archive,
    called,
    dense,
    functional,
    h5,
    keras_config,
    layer,
    sequential,
    source,
)

MODULE = "hostile_marker_module"
"""Its import, and a call of what it holds, create markers; see ``module_text``."""

_LAMBDA = (
    "lambda *a, **k: (open(__import__('os').environ['HOSTILE_MARKER_DIR'] + '/code', "
    "'w').close(), a[0])[1]"
)


def module_text() -> str:
    """A module that leaves a marker when it is imported and when something of it is called."""
    return (
        "import os, pathlib\n"
        "def _mark(name): pathlib.Path(os.environ['HOSTILE_MARKER_DIR'], name).touch()\n"
        "_mark('imported')\n"
        "def run(*a, **k):\n    _mark('called')\n    return a[0] if a else None\n"
        "class Run:\n    def __init__(self, *a, **k): _mark('constructed')\n"
        "    from_config = classmethod(lambda cls, config: cls())\n    __call__ = run\n"
    )


def code() -> str:
    """Marshalled code in base64."""
    return base64.b64encode(marshal.dumps(compile(_LAMBDA, "<x>", "eval").co_consts[0])).decode()


class _Pickled:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path(MODULE).touch, ())


def pickled() -> bytes:
    """A pickle that would run something."""
    return pickle.dumps(_Pickled())


PAYLOADS: dict[str, object] = {
    "lambda 3": {
        "class_name": "__lambda__",
        "config": {"code": code(), "defaults": None, "closure": None},
    },
    "lambda 2": [code(), None, None],
    "function": {
        "module": MODULE,
        "class_name": "function",
        "config": "run",
        "registered_name": "run",
    },
    "class": {"module": MODULE, "class_name": "Run", "config": {}, "registered_name": "Run"},
    "exec": {
        "module": "builtins",
        "class_name": "function",
        "config": "exec",
        "registered_name": "function",
    },
    "get_file": {
        "module": "keras.utils",
        "class_name": "function",
        "config": "get_file",
        "registered_name": "get_file",
    },
    "typespec": {"class_name": "__typespec__", "spec_name": f"{MODULE}.Run", "spec_shape": [4]},
    "bytes": {"class_name": "__bytes__", "value": code()},
    "module name": {"class_name": f"{MODULE}.Run", "config": {}},
}

OPTIONS = (
    *(
        "activation",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "activity_regularizer",
    ),
    *("kernel_constraint", "dtype", "units", "use_bias", "unknown_option"),
)
"""Options of Dense that a payload takes the place of; all that hold an object in honest files are
among them.
"""

_UNREAD = ("initializer", "regularizer", "constraint")
_HARMLESS = ("lambda 2", "exec", "bytes", "module name")
"""Where only training reads: values that Keras would not resolve, and functions of the author's
own, which honest files name as functions of ``builtins``. They are passed over unread.
"""


def _in(place: str, config: dict[str, object], weights: object = None) -> bytes:
    if place == "keras":
        return archive(keras_config(config))
    return h5(config) if weights is None else h5(config, weights)  # type: ignore[arg-type]


def _options() -> list[Case]:
    found = []
    for number, option in enumerate(OPTIONS):
        for step, (name, payload) in enumerate(PAYLOADS.items()):
            place = "keras" if (number + step) % 2 else "h5"
            config = sequential(dense(**{option: payload}))
            ignored = option.endswith(_UNREAD) and name in _HARMLESS
            expected = ("open",) if ignored else (*CODE, *CONFIG)
            found.append(
                Case(
                    f"a {name} as {option} {place}",
                    expected,
                    partial(_in, place, config),
                    f"{option}|dense",
                )
            )
    return found


def _lambda(**options: object) -> dict[str, object]:
    return layer("Lambda", "lam", function=PAYLOADS["lambda 2"], function_type="lambda", **options)


WRAPPED = {
    "TimeDistributed": lambda inner: layer("TimeDistributed", "outer", layer=inner),
    "Bidirectional": lambda inner: layer(
        "Bidirectional", "outer", layer=inner, merge_mode="concat"
    ),
    "Bidirectional backward": lambda inner: layer(
        "Bidirectional", "outer", layer=layer("LSTM", "f", units=2), backward_layer=inner
    ),
    "RNN": lambda inner: layer("RNN", "outer", cell=inner),
    "RNN cells": lambda inner: layer(
        "RNN", "outer", cell=layer("StackedRNNCells", "cells", cells=[inner])
    ),
    "Pipeline": lambda inner: layer("Pipeline", "outer", layers=[inner]),
    "SpectralNormalization": lambda inner: layer("SpectralNormalization", "outer", layer=inner),
    "nested": lambda inner: {**sequential(inner), "name": "inner"},
    "nested twice": lambda inner: {**sequential(sequential(inner)), "name": "inner"},
}


def _layers() -> list[Case]:
    evil = {
        "Lambda": _lambda(),
        "Lambda 3": layer("Lambda", "lam", function=PAYLOADS["lambda 3"]),
        "class": {**layer("Run", "lam"), "module": MODULE, "registered_name": "Run"},
    }
    found = []
    for number, (place, wrap) in enumerate(WRAPPED.items()):
        for step, (name, inner) in enumerate(evil.items()):
            where = "keras" if (number + step) % 2 else "h5"
            config = sequential(wrap(inner), shape=(None, 3, 4))
            found.append(
                Case(
                    f"a {name} in {place} {where}",
                    (*CODE, *CONFIG),
                    partial(_in, where, config),
                    "",
                )
            )
    for name, part in evil.items():
        config = sequential(dense(), part)
        found += [
            Case(f"a {name} {where}", CODE, partial(_in, where, config), "lam")
            for where in ("h5", "keras")
        ]
    return found


LAMBDAS = {
    "function by module": {"function": "run", "function_type": "function", "module": MODULE},
    "mask": {"mask": PAYLOADS["lambda 2"], "mask_type": "lambda"},
    "output shape": {
        "output_shape": PAYLOADS["lambda 2"],
        "output_shape_type": "lambda",
        "output_shape_module": MODULE,
    },
    "arguments": {"arguments": {"hook": PAYLOADS["function"]}},
    "raw code": {"function": [base64.b64decode(code()).decode("latin-1"), None, None]},
    "closure": {"function": [code(), None, [PAYLOADS["lambda 3"]]]},
}

LOOKUPS = {
    "StringLookup": {"vocabulary": "/etc/hostname"},
    "StringLookup relative": {"vocabulary": "../../aux/words.txt"},
    "StringLookup address": {"vocabulary": "http://127.0.0.1:9/words"},
    "StringLookup bucket": {"vocabulary": "gs://bucket/words"},
    "IntegerLookup": {"vocabulary": "/proc/self/environ"},
    "TextVectorization": {"vocabulary": "/etc/hostname", "standardize": None, "split": None},
    "StringLookup path list": {
        "vocabulary": {"class_name": "function", "config": "run", "module": MODULE}
    },
    "StringLookup idf": {
        "vocabulary": ["a"],
        "output_mode": "tf_idf",
        "idf_weights": "/etc/hostname",
    },
}

FUNCTIONS = {
    "standardize": (
        "TextVectorization",
        {"vocabulary": ["a"], "standardize": PAYLOADS["function"], "split": "whitespace"},
    ),
    "split": (
        "TextVectorization",
        {"vocabulary": ["a"], "standardize": None, "split": PAYLOADS["lambda 3"]},
    ),
    "activation layer": ("Activation", {"activation": PAYLOADS["function"]}),
    "recurrent activation": ("LSTM", {"units": 2, "recurrent_activation": PAYLOADS["exec"]}),
    "operation": ("RandomFlip", {"mode": PAYLOADS["function"]}),
    "path as activation": ("Activation", {"activation": f"{MODULE}.run"}),
    "os.system as activation": ("Activation", {"activation": "os.system"}),
    "dunder as activation": ("Activation", {"activation": "__import__"}),
}


def _looked_up(name: str) -> str:
    """What the message must name: the place in the config, or the layer."""
    return "vocabulary" if "list" in name else "words"


def _special() -> list[Case]:
    found = []
    for name, options in LAMBDAS.items():
        config = sequential(dense(), {**_lambda(), "config": {**_lambda()["config"], **options}})
        found.append(Case(f"a Lambda with {name} h5", CODE, partial(h5, config), "lam"))
    for name, options in LOOKUPS.items():
        part = layer(name.split()[0], "words", **options)
        config = sequential(part, shape=(None, 1), dtype="int64" if "Integer" in name else "string")
        expected = (*UNSAFE, *CONFIG)
        found.append(
            Case(
                f"a vocabulary elsewhere, {name} h5",
                expected,
                partial(h5, config, {}),
                _looked_up(name),
            )
        )
        found.append(
            Case(
                f"a vocabulary elsewhere, {name} keras",
                expected,
                partial(archive, keras_config(config), {}),
                _looked_up(name),
            )
        )
    for name, (kind, options) in FUNCTIONS.items():
        shape = (None, 3, 4) if kind == "LSTM" else (None, 4)
        config = sequential(layer(kind, "part", **options), shape=shape)
        found.append(
            Case(f"a function as {name} h5", (*CODE, *CONFIG), partial(h5, config, {}), "")
        )
    return found


TRAINED_BY = {"loss", "loss lambda", "metric"}
"""Losses and metrics are named in a note and never run, whoever wrote them."""

TRAINING = {
    "loss": {"loss": PAYLOADS["function"]},
    "loss lambda": {"loss": PAYLOADS["lambda 3"]},
    "optimizer": {"optimizer": PAYLOADS["class"], "loss": "mse"},
    "metric": {"metrics": [PAYLOADS["function"]], "loss": "mse"},
}


def _training() -> list[Case]:
    found = []
    for name, config in TRAINING.items():
        text = {**keras_config(sequential(dense())), "compile_config": config}
        ends = ("open",) if name in TRAINED_BY else CODE
        found.append(Case(f"a compile_config with {name} keras", ends, partial(archive, text), ""))
        found.append(
            Case(f"a training_config with {name} h5", ends, partial(h5, training_config=config), "")
        )
    return found


def _calls() -> list[Case]:
    x, hook = source(), {"hook": PAYLOADS["function"]}
    keyword = called(dense(), ["x", 0, 0, hook])
    config = functional([x, keyword], [["x", 0, 0]], [["dense", 0, 0]])
    build_config = sequential({**dense(), "build_config": PAYLOADS["class"]})
    custom = {
        **dense(),
        "class_name": "GatedUnit",
        "module": "builtins",
        "registered_name": "pkg>GatedUnit",
    }
    own = {**keras_config(sequential(dense())), "compile_config": {"loss": PAYLOADS["exec"]}}
    model = {
        **keras_config(sequential(dense())),
        "module": MODULE,
        "class_name": "Run",
        "registered_name": "Run",
    }
    return [
        Case("a payload as call argument h5", (*CODE, *CONFIG), partial(h5, config), "hook"),
        Case(
            "a payload as build_config keras",
            (*CODE, *CONFIG, "open"),
            partial(archive, keras_config(build_config)),
            "",
        ),
        Case(
            "a loss that honest files of custom losses have keras",
            ("open",),
            partial(archive, own),
            "",
        ),
        Case(
            "a registered name keras",
            CODE,
            partial(archive, keras_config(sequential(custom))),
            "GatedUnit",
        ),
        Case(
            "a custom layer h5", CODE, partial(h5, sequential(layer("MyAttention", "att"))), "att"
        ),
        Case("a model class of another module keras", CODE, partial(archive, model), ""),
        Case("a pickle named h5", NO_MODEL, pickled, "pickle"),
        Case("a pickle named keras", NO_MODEL, pickled, "pickle"),
        Case(
            "a pickle as config h5",
            NO_MODEL,
            partial(h5, model_config=base64.b64encode(pickled()).decode()),
            "config",
        ),
        Case(
            "a pickle as weights keras",
            NO_MODEL,
            partial(_swapped_weights, pickled()),
            "model.weights.h5",
        ),
        Case(
            "a NumPy archive of weights keras",
            NO_MODEL,
            partial(_named_weights, "model.weights.npz", b"PK\3\4"),
            "",
        ),
        Case(
            "a PyTorch file keras",
            NO_MODEL,
            partial(_named_weights, "archive/data.pkl", pickled()),
            "",
        ),
        Case("a script named h5", NO_MODEL, lambda: b"#!/bin/sh\ntouch marker\n", "neither"),
        Case("a program named h5", NO_MODEL, lambda: b"\x7fELF\2\1\1" + bytes(64), "neither"),
        Case(
            "a YAML config h5",
            NO_MODEL,
            partial(h5, model_config="!!python/object/apply:os.system [touch x]"),
            "config",
        ),
    ]


def _swapped_weights(data: bytes) -> bytes:
    return _named_weights("model.weights.h5", data)


def _named_weights(name: str, data: bytes) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("metadata.json", json.dumps({"keras_version": "3.9.0"}))
        packed.writestr("config.json", json.dumps(keras_config(sequential(dense()))))
        packed.writestr(name, data)
    return buffer.getvalue()


def cases() -> list[Case]:
    """All of the family."""
    return [*_options(), *_layers(), *_special(), *_training(), *_calls()]
