"""Models in other forms than ``.h5`` and ``.keras``, with the answers of their writers."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np

from keramos.pipeline.load import load

ROOT = Path(__file__).parents[3] / "shared" / "savedforms"


@functools.cache
def museum():
    """Rows of our own models, each with its path and that of its answers."""
    return [
        {**row, "at": ROOT / "museum" / row["era"] / row["file"], "answers": folder / row["npz"]}
        for row in _rows("museum")
        for folder in [ROOT / "museum" / row["era"]]
    ]


@functools.cache
def wild():
    """Rows of real models; the path of the answers is None where there are none."""
    return [
        {
            **row,
            "at": ROOT / "wild" / row["name"],
            "answers": ROOT / "wild" / row["oracle"] if row["oracle"] else None,
        }
        for row in _rows("wild")
    ]


def _rows(kind):
    path = ROOT / kind / "manifest.json"
    return json.loads(path.read_text()) if path.is_file() else []


def name_of(row):
    """The end of the path of a row, by which tests are named."""
    return "/".join(row["at"].relative_to(ROOT).parts)


def opened(row, by=None):
    """The model of a row, read ``by`` its config or graph where that is said."""
    if row["form"] == "tf_weights":
        return load(row["at"] / "architecture.json", weights=row["at"] / "weights.index")
    return load(row["at"], by=by)


def check_answers(row, model):
    """Compare what the model answers with what was recorded."""
    recorded = np.load(row["answers"], allow_pickle=True)
    inputs, outputs = (_listed(recorded, kind) for kind in ("in_", "out_"))
    asked = row.get("signature_inputs") or (
        row["inputs"] if isinstance(row.get("inputs"), list) else []
    )
    names = [spec.name for spec in model.inputs]
    if len(asked) > 1 and set(asked) == set(names):
        inputs = [inputs[asked.index(name)] for name in names]
    found = model.predict(inputs if len(inputs) > 1 else inputs[0])
    found = list(found.values()) if isinstance(found, dict) else found
    found = list(found) if isinstance(found, list | tuple) else [found]
    assert len(found) == len(outputs)
    for answer in found:  # signatures sort their outputs by name
        outputs.pop(_same(answer, outputs, max(row["rtol"], 1e-5)))


def _listed(recorded, kind):
    names = sorted((name for name in recorded.files if name.startswith(kind)), key=_number)
    arrays = [recorded[name] for name in names]
    return [one.astype(str) if one.dtype.kind in "OS" else one for one in arrays]


def _number(name):
    return int(name.partition("_")[2])


def _same(answer, outputs, rtol):
    for place, output in enumerate(outputs):
        if output.dtype.kind == "U" and np.array_equal(np.asarray(answer).astype(str), output):
            return place
        if output.dtype.kind != "U" and output.shape == answer.shape:
            wanted = output.astype("f8")
            allowed = 1e-6 + rtol * np.abs(wanted).max(initial=0)
            if np.abs(answer.astype("f8") - wanted).max(initial=0) <= allowed:
                return place
    raise AssertionError(f"no output is like {answer!r:.400}; there are {outputs!r:.400}")
