"""Writes the seeds of the other forms; needs NumPy alone."""

from __future__ import annotations

import io
import tarfile
import zipfile

import numpy as np

from fuzz.form_targets import bundle_seed, honest_graph, layers_model, objects_seed
from hostile.generate_content import network
from keramos.compile.tflite.model import tflite
from support.safetensors import safetensors


def form_seeds():
    """Target, name and bytes of each seed."""
    yield "graph", "small", honest_graph()
    yield "fields", "small", honest_graph()
    yield "manifest", "small", layers_model()["model.json"]
    arrays = {
        f"{layer.name}/{place}": array
        for layer in network().layers.values()
        for place, array in enumerate(layer.weights)
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    yield "weights", "npz", buffer.getvalue()
    yield "weights", "safetensors", safetensors(arrays)
    yield "lite", "small", tflite(network())
    yield "bundle", "small", bundle_seed()
    yield "objects", "small", objects_seed()
    for name, mode in (("zip", None), ("tar", "w"), ("tgz", "w:gz")):
        yield "packed", name, archive(mode)


def archive(mode):
    buffer = io.BytesIO()
    if mode is None:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in layers_model().items():
                packed.writestr(f"m/{name}", data)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode=mode) as packed:
        for name, data in layers_model().items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
