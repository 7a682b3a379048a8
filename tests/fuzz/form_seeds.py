"""Writes the seeds of the other forms; needs NumPy alone."""

from __future__ import annotations

import io
import tarfile
import zipfile

import numpy as np

from fuzz.form_targets import bundle_seed, honest_graph, layers_model, objects_seed
from hostile.generate_content import network
from hostile.graph_def import (
    FLOAT,
    INT,
    call,
    constant,
    doubling,
    kind,
    model,
    nested_branches,
    node,
    whole,
)
from keramos.compile.tflite.model import tflite
from support.protobuf import field
from support.safetensors import safetensors


def form_seeds():
    """Target, name and bytes of each seed."""
    yield "graph", "small", honest_graph()
    for name, graph in graphs().items():
        yield "graph", name, graph
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


def graphs():
    """Graphs of functions, loops, lists, texts and pictures, small enough to be changed much."""
    pair = np.array([2, 2], "<i4").tobytes()
    boxed = [
        constant("boxes", FLOAT, (1, 4), field(4, np.array([0, 0, 1, 1], "<f4").tobytes())),
        constant("which", INT, (1,), field(4, bytes(4))),
        constant("size", INT, (2,), field(4, pair)),
        constant("shape", INT, (4,), field(4, np.array([-1, 1, 2, 1], "<i4").tobytes())),
        node("picture", "Reshape", "x", "shape"),
        constant("sides", INT, (2,), field(4, pair)),
        node("y", "CropAndResize", "picture", "boxes", "which", "size"),
    ]
    listed = [
        constant("sizes", INT, (1,), field(4, pair[:4])),
        whole("zero", 0),
        whole("count", 3),
        node("list", "TensorListReserve", "sizes", "count", attributes=kind("element_dtype", 1)),
        constant("item", FLOAT, (2,), field(4, bytes(8))),
        node("set", "TensorListSetItem", "list", "zero", "item"),
        node("stack", "TensorListStack", "set", "sizes"),
        node("sum", "Sum", "stack", "zero"),
        node("y", "Add", "x", "sum"),
    ]
    return {
        "boxes": model(boxed, "y"),
        "functions": model([call("y", "f2", "x")], "y:0", doubling(3)),
        "lists": model(listed, "y"),
        "branches": model(nested_branches(2), "y"),
    }


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
