"""Which layers are written in which forms, and what the programs of those forms answer.

``python -m support.written_layers`` (in ``tests``) writes the table that the docs show.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import onnxruntime as ort
import tensorflow as tf

import keramos
from keramos.errors import ModelError, UnsupportedModelError
from keramos.keras_layers.registry import LAYERS
from keramos.pipeline.written_forms import TARGETS
from keramos.report.written_layers import TABLE
from support.option_draws import differs, engines, model_of
from support.option_values import DRAWS, Variant

NAMES = {"keras": "t.keras", "h5": "t.h5", "onnx": "t.onnx", "tflite": "t.tflite",
         "tfjs": "js", "saved_model": "sm"}  # fmt: skip
"""Form -> the target that is written."""


class Sample(NamedTuple):
    """A model of one layer as Keras saved it, rows by the names of its inputs, Keras' answers."""

    path: Path
    rows: dict
    expected: list


def sample(kind: str, folder: Path) -> Sample | None:
    """The layer with the options that it needs, called once; None where Keras refuses them."""
    name, draw = engines(kind)[0], DRAWS[kind]
    wanted = [Variant({}, dict(draw.base))]
    model, rows, made = model_of(kind, name, wanted, draw.shapes[0], 0)
    if model is None:
        return None
    path = folder / f"{kind}{'.keras' if name == 'keras' else '.h5'}"
    model.save(path)
    names = [spec.name for spec in keramos.load(path).inputs]
    expected = [one for part in made for one in part.expected]
    return Sample(path, dict(zip(names, rows, strict=True)), expected)


def written(one: Sample, folder: Path) -> dict[str, str]:
    """Each form, with why it was refused, or "" where it was written into the folder."""
    found = {}
    for target in TARGETS:
        try:
            keramos.convert(one.path, folder / NAMES[target.word], to=target.word)
            found[target.word] = ""
        except ModelError as error:
            by_name = isinstance(error, UnsupportedModelError)
            found[target.word] = str(error) if by_name else f"FAULT {error}"
    return found


def answered(form: str, folder: Path, rows: dict) -> list:
    """What the program of a form answers; TensorFlow.js answers for many models at once."""
    return _RUNTIMES[form](folder / NAMES[form], rows)


def _tensor(row: np.ndarray) -> object:
    return tf.constant(row.tolist() if row.dtype == object else row)


def _in_keras(path: Path, rows: dict) -> list:
    model = keras.saving.load_model(path, compile=False)
    given = [_tensor(row) for row in rows.values()]
    made = model(given if len(given) > 1 else given[0], training=False)
    return [np.asarray(one) for one in (made if isinstance(made, list | tuple) else [made])]


def _in_tensorflow(path: Path, rows: dict) -> list:
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    made = served(**{name: _tensor(row) for name, row in rows.items()})
    return [np.asarray(made[name]) for name in sorted(made, key=lambda name: (len(name), name))]


def _in_lite(path: Path, rows: dict) -> list:
    made = tf.lite.Interpreter(str(path)).get_signature_runner()(**rows)
    return [made[name] for name in sorted(made, key=lambda name: (len(name), name))]


def _in_onnx(path: Path, rows: dict) -> list:
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return session.run(None, dict(zip(names, rows.values(), strict=True)))


_RUNTIMES = {"keras": _in_keras, "h5": _in_keras, "saved_model": _in_tensorflow,
             "tflite": _in_lite, "onnx": _in_onnx}  # fmt: skip


def wrong(mine: list, theirs: list) -> list[str]:
    """How answers differ from Keras' own, in any order of several."""
    if len(mine) != len(theirs):
        return [f"{len(theirs)} outputs became {len(mine)}"]
    return [found for a, b in zip(mine, theirs, strict=True) if (found := differs(a, b))]


def checked(kind: str, folder: Path) -> tuple[dict[str, str], list[str]]:
    """The forms of a layer with why each was refused, and what is wrong with the written ones."""
    folder = folder / kind
    folder.mkdir()
    one = sample(kind, folder)
    if one is None:
        return {}, []
    found, faults = written(one, folder), []
    for form, why in found.items():
        if why or form == "tfjs":
            continue
        try:
            faults += [
                f"{kind} {form}: {text}"
                for text in wrong(answered(form, folder, one.rows), one.expected)
            ]
        except Exception as error:  # noqa: BLE001 (whatever the program raises is its refusal)
            faults.append(f"{kind} {form}: {type(error).__name__} {str(error)[:200]}")
    return found, faults


def main() -> None:
    """Write the table; print what is wrong."""
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    lines = []
    for kind in [one for one in sorted(LAYERS) if one in DRAWS]:
        with tempfile.TemporaryDirectory() as folder:
            found, faults = checked(kind, Path(folder))
        forms = " ".join(sorted(form for form, why in found.items() if not why))
        lines.append(f"{kind}: {forms}\n")
        for text in faults:
            sys.stderr.write(f"{text}\n")
        for form, why in found.items():
            if why:
                sys.stderr.write(f"  {kind} {form} refused: {' '.join(why.split())[:220]}\n")
        sys.stderr.flush()
        keras.backend.clear_session(free_memory=False)
    TABLE.write_text("".join(lines))


if __name__ == "__main__":
    main()
